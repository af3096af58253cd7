/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Test Anything Protocol on stdout; the plan comes last. */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>

#define PRINTF(f, a) __attribute__((format(printf, f, a)))

bool tap_ok(bool good, const char *fmt, ...) PRINTF(2, 3);
bool tap_is(long long got, long long want, const char *fmt, ...) PRINTF(3, 4);
void tap_skip(const char *reason, const char *fmt, ...) PRINTF(2, 3);
void tap_diag(const char *fmt, ...) PRINTF(1, 2);

/* Whether this kernel is that or a newer one. */
bool kernel_since(int major, int minor);

/* Nothing of the program can be tested here. */
void tap_skip_all(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));
/* The test cannot go on. */
void tap_die(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

/* Prints the plan, returns the exit status. */
int tap_done(void);

#endif
