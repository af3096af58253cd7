/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The signals that ask a program to end, which it does with all that it has to say. */
#ifndef TCPDWELL_UTIL_ENDS_H
#define TCPDWELL_UTIL_ENDS_H

#include <signal.h>

/*
 * SIGINT, SIGTERM, and SIGHUP: the terminal has gone.  Without SIGHUP where it
 * is ignored, as nohup(1) has it: a blocked signal would wait in a signalfd
 * even so.
 */
void ends_set(sigset_t *set);

/* They are handled so. */
void ends_catch(const struct sigaction *act);

#endif
