/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many transitions there are a second, on each arrow and into each state. */
#ifndef TCPDWELL_TUI_FLOW_H
#define TCPDWELL_TUI_FLOW_H

#include "model/explain.h"

/* Since the start. */
struct flow_counts {
	__u64 step[ST_MAX][ST_MAX]; /* from, to, by shown_state() */
	struct arrow_counts ends;   /* to CLOSED alone: there the reason says which arrow it is */
	__u64 total;
};

/* A second. */
struct flow_rates {
	double arrow[ARROWS];
	double into[ST_MAX];
	double total;
};

void flow_count(struct flow_counts *c, const struct transition *t);

/* From what was counted between two moments, ns apart; all 0 when that is 0. */
void flow_rates(struct flow_rates *r, const struct flow_counts *now,
		const struct flow_counts *before, __u64 ns);

#endif
