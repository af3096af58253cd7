/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One tracer under one storm. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "lines.h"
#include "load.h"
#include "progs.h"
#include "subject.h"

struct sample {
	double rate;	  /* connections a second */
	double quiet;	  /* ... where nothing disturbed */
	double quiet_ns;  /* ... time of a transition there */
	double bpf_ns;	  /* all programs of the tracer, a transition */
	double reader_ns; /* CPU time of the tracer's process, a transition */
	double peak_kb;
	double lost;	/* as it says itself */
	double missing; /* expected, not printed; NAN: not known */
	double bytes;	/* of output, a transition */
	struct progs progs;
	unsigned long timed_transitions; /* those that progs is about */
};

struct plan {
	const struct scenario *scenario;
	unsigned long connections;
	const char *dir; /* for the output of the tracers */
};

/* Without a tracer: the first three alone.  0 or -errno. */
int measure_untraced(const struct plan *p, struct sample *out);

/* NULL, or why there is no sample. */
const char *measure(const struct plan *p, const struct subject *s, struct sample *out);

#endif
