/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The output of `tcpdwell list`. */
#ifndef TCPDWELL_OUT_LIST_H
#define TCPDWELL_OUT_LIST_H

#include "model/listing.h"
#include "out/buf.h"
#include "out/list_lines.h"
#include "out/out.h"

/* The rows to show, one a line.  n_netns: namespaces that were read; of one its number needs no
 * column.  s: lines that are there, or NULL. */
void list_text_rows(struct obuf *b, const struct listing *l, const struct out_options *o,
		    unsigned int n_netns, const struct list_lines *s);

/* One "socket" object (DESIGN section 5) a line. */
void list_json_rows(struct obuf *b, const struct listing *l, const struct out_options *o,
		    const struct list_lines *s);

/*
 * The same before the last row has come: makes lines of the rows that came since
 * the last call, as far as f will choose them.
 */
void list_text_ahead(struct list_lines *s, const struct listing *l, const struct filter *f,
		     const struct out_options *o, unsigned int n_netns);
void list_json_ahead(struct list_lines *s, const struct listing *l, const struct filter *f,
		     const struct out_options *o);

/* How many by state and by process, as tables. */
void list_text_counts(struct obuf *b, const struct listing_counts *c, const struct out_options *o);

/* The "summary" object; the processes only on demand. */
void list_json_summary(struct obuf *b, const struct listing_counts *c, enum name_set names,
		       bool processes, __u64 duration_ns);

/* What there is to say below a list: how many there are, what ">=" and "-" stand for. */
void list_talk(struct obuf *b, const struct listing *l, unsigned int n_netns);

/* Sockets by the name of their state: two states of the kernel's can share one, then the first has
 * all. */
__u32 list_count_named(const __u32 by_state[ST_MAX], enum name_set names, unsigned int state);

#endif
