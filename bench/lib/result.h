/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The figures of all rounds, and how they are shown. */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdio.h>

#include "load.h"
#include "measure.h"
#include "series.h"
#include "subject.h"

enum figure {
	FIG_RATE,
	FIG_KEPT,  /* of the rate without a tracer, just before and after */
	FIG_QUIET, /* ... by the quieter slices of the storm */
	FIG_ADDED, /* time of a transition there, more than without */
	FIG_BPF,
	FIG_READER,
	FIG_PEAK,
	FIG_LOST,
	FIG_MISSING,
	FIG_BYTES,
	FIGURES,
};

struct row {
	const struct subject *subject;
	const char *skip; /* why there is nothing */
	struct series fig[FIGURES];
	struct progs progs; /* of the last round */
	unsigned long timed_transitions;
};

struct result {
	const struct scenario *scenario;
	unsigned int n_rounds;
	struct series rate, quiet_ns; /* without a tracer */
	struct row row[SUBJECTS];
};

struct sweep {
	struct series sweep_ms, ss_ms, list_ms;
	unsigned long sockets;
	unsigned int n_netns; /* that a sweep goes through */
};

/* What all of a run share, told in JSON. */
struct setting {
	unsigned int rounds;
	unsigned long connections;
};

void result_add(struct row *row, const struct sample *s, const struct sample *before,
		const struct sample *after);

double median_of(const struct result *r, enum subject_id id, enum figure fig);

void table_print(FILE *f, const struct result *r);
void table_programs(FILE *f, const struct result *r);
void targets_print(FILE *f, const struct result *r);
void sweep_print(FILE *f, const struct sweep *s);

/* Draws what was kept, and what a transition costs, as SVG. */
void plot_print(FILE *f, const struct result *r);

void json_print(FILE *f, const struct setting *set, const struct result *r, unsigned int n,
		const struct sweep *s);

#endif
