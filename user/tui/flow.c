// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tui/flow.h"
#include "tui/source.h"

/* With every transition: whatever can be worked out later is. */
void flow_count(struct flow_counts *c, const struct transition *t)
{
	c->total++;
	if (t->from >= ST_MAX || t->to >= ST_MAX)
		return;
	c->step[shown_state(t->from)][shown_state(t->to)]++;
	if (t->to == ST_CLOSE)
		arrow_count(&c->ends, t);
}

static __u64 on_arrow(const struct flow_counts *c, enum arrow arrow)
{
	const struct arrow_text *a = arrow_text(arrow);

	if (a->to == ST_CLOSE || arrow == ARROW_RST_IN)
		return c->ends.arrow[arrow];
	return c->step[a->from][a->to];
}

static __u64 into(const struct flow_counts *c, unsigned int state)
{
	__u64 n = 0;

	for (unsigned int from = 0; from < ST_MAX; from++)
		n += c->step[from][state];
	return n;
}

void flow_rates(struct flow_rates *r, const struct flow_counts *now,
		const struct flow_counts *before, __u64 ns)
{
	double scale = ns ? 1e9 / (double)ns : 0;

	for (int i = 0; i < ARROWS; i++)
		r->arrow[i] = scale * (double)(on_arrow(now, i) - on_arrow(before, i));
	for (int i = 0; i < ST_MAX; i++)
		r->into[i] = scale * (double)(into(now, i) - into(before, i));
	r->total = scale * (double)(now->total - before->total);
}
