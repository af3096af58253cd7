// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "tui/flow.h"
#include "tui/source.h"

void flow_count(struct flow_counts *c, const struct transition *t)
{
	arrow_count(&c->arrows, t);
	if (t->to < ST_MAX)
		c->into[shown_state(t->to)]++;
}

void flow_rates(struct flow_rates *r, const struct flow_counts *now,
		const struct flow_counts *before, __u64 ns)
{
	double scale = ns ? 1e9 / (double)ns : 0;

	memset(r, 0, sizeof(*r));
	for (int i = 0; i < ARROWS; i++)
		r->arrow[i] = scale * (double)(now->arrows.arrow[i] - before->arrows.arrow[i]);
	for (int i = 0; i < ST_MAX; i++)
		r->into[i] = scale * (double)(now->into[i] - before->into[i]);
	r->total = scale * (double)(now->arrows.total - before->arrows.total);
}
