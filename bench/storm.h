/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the measuring side knows of a storm. */
#ifndef BENCH_STORM_H
#define BENCH_STORM_H

/*
 * The first thread's listener, unless told otherwise: lines of tracers that tell
 * no namespace are known by it.  Clients' ports begin at 10000.
 */
#define STORM_PORT 7411

/* Transitions of the tracepoint, a connection. */
#define STORM_FIN_STEPS 10
#define STORM_RST_STEPS 6

#endif
