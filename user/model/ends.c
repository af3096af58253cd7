// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ends that wait a moment for what explains them. */
#include <stdlib.h>

#include "model/internal.h"

/* How long an end waits for the SYN or the timer that would explain it. */
#define END_WAIT_NS 100000000ULL

struct end_wait *ends_first(const struct model *m)
{
	return m->ends.n ? &m->ends.wait[m->ends.head] : NULL;
}

static bool ends_grow(struct ends *e)
{
	__u32 room = e->room ? 2 * e->room : 64;
	struct end_wait *w = malloc(room * sizeof(*w));

	if (!w)
		return false;
	for (__u32 i = 0; i < e->n; i++)
		w[i] = e->wait[(e->head + i) & (e->room - 1)];
	free(e->wait);
	e->wait = w;
	e->head = 0;
	e->room = room;
	return true;
}

void ends_drop_first(struct model *m)
{
	m->ends.head = (m->ends.head + 1) & (m->ends.room - 1);
	m->ends.n--;
}

void end_later(struct model *m, struct conn *c, __u64 at_ns)
{
	struct ends *e = &m->ends;

	if (e->n == e->room && !ends_grow(e)) {
		m->no_memory = true;
		return;
	}
	e->wait[(e->head + e->n++) & (e->room - 1)] =
		(struct end_wait){c->cookie, at_ns, at_ns + END_WAIT_NS};
	c->ending = true;
	c->ended_ns = at_ns;
}

void end_again(struct model *m, struct conn *c, __u64 now_ns)
{
	struct ends *e = &m->ends;

	e->wait[(e->head + e->n++) & (e->room - 1)] =
		(struct end_wait){c->cookie, c->ended_ns, now_ns + END_WAIT_NS};
}
