/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sinks that print. */
#ifndef TCPDWELL_OUT_H
#define TCPDWELL_OUT_H

#include <stdbool.h>
#include "model/event.h"
#include "model/names.h"

struct out_options {
	int fd;	     /* where data goes: stdout */
	int talk_fd; /* where the summary and notes go in text mode: stderr; -1 for nowhere */
	enum name_set names;
	__s64 mono_to_real_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC, at the start */
	bool color;	       /* text only */
	unsigned int width;    /* of the terminal in columns; 0: no limit, not a terminal */
	/* Path of a cgroup v2 id, or NULL; see kern/cgroup.h.  May be NULL itself. */
	const char *(*cgroup_path)(__u64 id);
};

/* A sink of one JSON object a line (DESIGN section 5).  NULL: no memory. */
struct sink *json_sink_new(const struct out_options *o);

/* A sink of aligned columns for people.  NULL: no memory. */
struct sink *text_sink_new(const struct out_options *o);

/* A sink for people who want to know of alerts, not of transitions: a line a group.  NULL: no
 * memory. */
struct sink *watch_text_sink_new(const struct out_options *o);

/* The terminal has another width now: a new title, and columns that fit.  No-op for JSON. */
void text_sink_resize(struct sink *s, unsigned int width);

/* The wall clock was stepped: the offset to use from now on.  Serves both sinks. */
void out_set_clock(struct sink *s, __s64 mono_to_real_ns);

#endif
