/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the distributions that the kernel side counted say. */
#ifndef TCPDWELL_MODEL_HISTOGRAM_H
#define TCPDWELL_MODEL_HISTOGRAM_H

#include <stdbool.h>

#include "hist.h"

/* Times in ns, at most 12.5 % off; max_ns as said with histogram_less(). */
struct hist_stats {
	__u64 count;
	__u64 p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
};

/* A group's distributions, by state, and the age of its connections in row HIST_AGE. */
struct hist_entry {
	struct hist_group group;
	__u32 slot;
	struct hist_row row[HIST_ROWS];
};

/* Of all groups, by slot; one for HIST_BY_STATE. */
struct hist_view {
	enum hist_by by;
	__u32 n;
	struct hist_entry *entry; /* n of them */
	__u64 missed[HIST_NMISSED];
	__u64 mono_ns; /* when it was read */
	__u64 span_ns; /* and what time it is of */
};

/* Fills it with empty rows.  0 or -ENOMEM. */
int hist_view_init(struct hist_view *v, enum hist_by by, __u32 n);
void hist_view_free(struct hist_view *v);

/* Takes away what was there before, of the same slots; `before` becomes what v was. */
void hist_view_less(struct hist_view *v, struct hist_view *before);

/* The entries with anything in them, most first, those without a group last.  Into order[], of v->n
 * places; their number. */
__u32 hist_view_order(const struct hist_view *v, __u32 *order);

/* Adds what was counted on another CPU. */
void histogram_add(struct hist_row *to, const volatile struct hist_row *more);

/*
 * Takes away what was there before.  The longest since then is known as it is
 * where it is the longest of all; else as its bucket.
 */
void histogram_less(struct hist_row *h, const struct hist_row *before);

__u64 histogram_count(const struct hist_row *h);

/*
 * The value that so many of a thousand do not exceed (nearest rank): the middle
 * of its bucket.  0 for an empty one.
 */
__u64 histogram_percentile(const struct hist_row *h, unsigned int of_1000);

struct hist_stats histogram_stats(const struct hist_row *h);

/* The rows as a connection goes through them; -1 past the last. */
int hist_row_at(unsigned int rank);

/* "state", "port"...; and by name, -1: there is none. */
const char *hist_by_name(enum hist_by by);
int hist_by_named(const char *name);

/* In a word, for JSON, and in a sentence. */
const char *hist_missed_name(enum hist_missed why);
const char *hist_missed_text(enum hist_missed why);

#endif
