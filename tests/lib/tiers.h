/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A tracer for each tier, all at once: they see the same traffic, and have to
 * tell the same.  Only the one of TCPDWELL_ARGS, if that names a tier.
 */
#ifndef TEST_TIERS_H
#define TEST_TIERS_H

#include <stdbool.h>

#include "expect.h"
#include "tracer.h"

#define TIERS 3

struct tiers {
	struct tracer t[TIERS];
	char label[TIERS][16];
	int n;
};

/* args end with NULL; says which tiers do not work here, and why. */
void tiers_start(struct tiers *ts, ...) __attribute__((sentinel));
/* Until each tier has told that all who are to enter this state have. */
void tiers_await(struct tiers *ts, const char *state);
/* Until each tier has told all that is expected. */
void tiers_await_all(struct tiers *ts);
/* expect_finish() for each. */
void tiers_end(struct tiers *ts);
void tiers_free(struct tiers *ts);
/* Both. */
void tiers_finish(struct tiers *ts);

/*
 * A small socket in FIN_WAIT_2 is seen by the sweeps only if one comes by, and
 * nothing tells that it has: once a second, or some on a busy machine.
 */
void tiers_let_sweep(void);

#endif
