/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counts what the model tells, for Prometheus (text exposition format 0.0.4)
 * and for /api/stuck.
 */
#ifndef TCPDWELL_OUT_METRICS_H
#define TCPDWELL_OUT_METRICS_H

#include <stdio.h>
#include "model/pressure.h"
#include "out/out.h"

/* Series by process: those that have most sockets stuck, the rest is "other". */
#define METRICS_PROCESSES 32

struct metrics_options {
	enum name_set names;		 /* of the label `state` */
	const __u32 *by_state;		 /* sockets now, ST_MAX of them; must stay */
	const struct pressure *pressure; /* of ports; must stay; may be NULL */
	__s64 mono_to_real_ns;		 /* as in struct out_options, for /api/stuck */
	const char *(*cgroup_path)(__u64 id);
	/* More families, written with the functions below; may be NULL. */
	void (*more)(void *ctx, FILE *f, __u64 now_ns);
	void *ctx;
};

/* A sink that prints nothing by itself.  NULL: no memory. */
struct sink *metrics_sink_new(const struct metrics_options *o);

/* All families. */
void metrics_render(struct sink *s, FILE *f, __u64 now_ns);

/*
 * {"count":N,"listed":N,"stuck":[...]}: each socket that an alert fires for, as
 * that alert was told (DESIGN section 5), with "stuck_ns", its time in the
 * state by now.  STUCK_JSON_MAX are listed at most.
 */
void metrics_stuck_json(struct sink *s, FILE *f, __u64 now_ns);

/* The two lines before the samples of a family; type: "gauge", "counter" or "histogram". */
void metrics_family(FILE *f, const char *name, const char *type, const char *help);

/* Any bytes as a label's value: valid UTF-8, what acts on a terminal as \xNN, then escaped for
 * the format.  In quotes. */
void metrics_label(FILE *f, const char *value, size_t len);

/* " VALUE\n" with 15 digits, all that a double is sure of. */
void metrics_value(FILE *f, double value);

/* What is used up of local ports, and of the places in TIMED_WAIT. */
void metrics_pressure(FILE *f, const struct pressure *p);

/* The process's own, under the names that all clients use (process_*). */
void metrics_process(FILE *f);

#endif
