/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long it takes to look at many small sockets. */
#ifndef BENCH_SWEEP_H
#define BENCH_SWEEP_H

#include "result.h"

/* Makes so many sockets in TIMED_WAIT, times each way `rounds` times.  0 or -errno. */
int sweep_measure(unsigned long sockets, unsigned int rounds, struct sweep *out);

#endif
