// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "model/report.h"

#define FIRST_WIDTH_NS 1000000ULL

void timeline_begin(struct timeline *t, __u64 now_ns)
{
	memset(t, 0, sizeof(*t));
	t->begin_ns = now_ns;
	t->width_ns = FIRST_WIDTH_NS;
}

static void look(struct report_column *c, const __u32 *by_state)
{
	__u32 total = 0;

	if (!by_state)
		return;
	for (unsigned int i = 0; i < ST_MAX; i++)
		total += by_state[i];
	if (total < c->total)
		return;
	memcpy(c->by_state, by_state, sizeof(c->by_state));
	c->total = total;
}

static void join(struct report_column *into, const struct report_column *c)
{
	look(into, c->by_state);
	into->transitions += c->transitions;
	into->failed += c->failed;
}

/* Columns of twice the width. */
static void halve(struct timeline *t)
{
	for (__u32 i = 0; i < t->n; i += 2) {
		struct report_column c = t->column[i];

		if (i + 1 < t->n)
			join(&c, &t->column[i + 1]);
		t->column[i / 2] = c;
	}
	t->n = (t->n + 1) / 2;
	memset(t->column + t->n, 0, (REPORT_COLUMNS - t->n) * sizeof(*t->column));
	t->width_ns *= 2;
}

bool timeline_has(const struct timeline *t, __u64 now_ns)
{
	__u64 since_ns = now_ns > t->begin_ns ? now_ns - t->begin_ns : 0;

	return since_ns / t->width_ns < t->n;
}

struct report_column *timeline_at(struct timeline *t, __u64 now_ns, const __u32 *by_state)
{
	struct report_column *c;
	__u64 since_ns = now_ns > t->begin_ns ? now_ns - t->begin_ns : 0;

	while (since_ns / t->width_ns >= REPORT_COLUMNS)
		halve(t);
	/* nothing happened in the columns between */
	while (t->n <= since_ns / t->width_ns)
		look(&t->column[t->n++], by_state);
	c = &t->column[since_ns / t->width_ns];
	/* of what is told late it is not known how all were then */
	if (c == &t->column[t->n - 1])
		look(c, by_state);
	return c;
}

void timeline_step(struct timeline *t, __u64 at_ns, unsigned int from, unsigned int to)
{
	__u64 since_ns = at_ns > t->begin_ns ? at_ns - t->begin_ns : 0;

	for (__u64 i = since_ns / t->width_ns + 1; i < t->n; i++) {
		struct report_column *c = &t->column[i];

		if (c->by_state[from])
			c->by_state[from]--;
		else
			c->total++;
		c->by_state[to]++;
	}
}
