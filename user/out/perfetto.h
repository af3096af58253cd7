/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The Trace Event Format (JSON), as ui.perfetto.dev and chrome://tracing open it. */
#ifndef TCPDWELL_OUT_PERFETTO_H
#define TCPDWELL_OUT_PERFETTO_H

#include "out/out.h"

/*
 * A sink that writes a slice for each stay in a state, on a track for each
 * connection; a network namespace is a process of its own.  It streams.
 * source: as struct report_page has it.  NULL: no memory.
 */
struct sink *perfetto_sink_new(const struct out_options *o, const char *source);

/* A connection that is still there at the end, in its state until now_ns. */
void perfetto_open(struct sink *s, const struct conn *c, __u64 now_ns);

/* Nothing follows. */
void perfetto_end(struct sink *s);

#endif
