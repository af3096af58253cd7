/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The output of `tcpdwell hist`. */
#ifndef TCPDWELL_OUT_HISTOGRAM_H
#define TCPDWELL_OUT_HISTOGRAM_H

#include "model/histogram.h"
#include "out/buf.h"
#include "out/out.h"

/* A table: a line for each group and state that there is anything of.  lines: at most, 0: all. */
void hist_text(struct obuf *b, const struct hist_view *v, const struct out_options *o,
	       unsigned int lines);

/* Below it, for HIST_BY_STATE: the distributions, a bar for each doubling. */
void hist_text_bars(struct obuf *b, const struct hist_view *v, const struct out_options *o);

/* What could not be counted and why, a line each. */
void hist_text_missed(struct obuf *b, const struct hist_view *v);

/* A "hist" object for each line of the table, with its buckets.  whole: since the start, not since
 * the last time. */
void hist_json(struct obuf *b, const struct hist_view *v, const struct out_options *o, bool whole);

/* The "summary" object.  not_seen: why FIN_WAIT_2 and TIMED_WAIT are not followed, or NULL. */
void hist_json_summary(struct obuf *b, const struct hist_view *v, const char *not_seen);

/*
 * A group for people: "443", "nginx/1234", "192.0.2.1", "/system.slice", "(others)", "-".  Not
 * escaped; at most HIST_GROUP_MAX bytes and the cgroup's path.
 */
#define HIST_GROUP_MAX 64
char *hist_group_text(char *p, const struct hist_entry *e, enum hist_by by, const char *cgroup);

#endif
