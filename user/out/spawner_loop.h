/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The process that spawner_start() forks.  For spawner.c only. */
#ifndef TCPDWELL_OUT_SPAWNER_LOOP_H
#define TCPDWELL_OUT_SPAWNER_LOOP_H

#include "out/spawner.h"

/* Until the other end of the socket is closed, and what ran has ended.  An exit status. */
int spawner_loop(int fd, const struct spawner_options *o);

#endif
