/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The output of `tcpdwell states`. */
#ifndef TCPDWELL_OUT_STATES_H
#define TCPDWELL_OUT_STATES_H

#include "model/explain.h"
#include "out/buf.h"
#include "out/out.h"

/* What there is to say beside the texts, which are always the same. */
struct states_now {
	const __u32 *sockets;		   /* by state, ST_MAX of them; NULL: not known */
	const char *why_not;		   /* ... and why: safe for a terminal */
	const char *tier;		   /* in use; NULL: none */
	enum via small;			   /* by which it shows the small sockets */
	const struct arrow_counts *arrows; /* NULL: nothing was followed */
	__u64 duration_ns;		   /* for so long */
	__u64 lost;			   /* of what was to be counted */
};

/* Lines that machine_text() prints. */
#define MACHINE_LINES 22
#define MACHINE_WIDTH 80

/* Each state: its name, how many there are, how it is seen, what it means. */
void states_text(struct obuf *b, const struct states_now *now, const struct out_options *o);

/*
 * The state machine.  On the arrows is what happens, or with counts how often
 * it did; in the nodes how many there are.
 */
void machine_text(struct obuf *b, const struct states_now *now, const struct out_options *o);

/* Under it: the transitions on no arrow of it, and how many there were in all.  One line
 * each. */
void machine_rest_text(struct obuf *b, const struct states_now *now, const struct out_options *o);

/* A "state" object each, then an "arrow" object each. */
void states_json(struct obuf *b, const struct states_now *now, enum name_set names);

#endif
