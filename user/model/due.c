// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What small sockets are waited for: ends that may be explained, ends that are late, and a sweep.
 */
#include <stdint.h>

#include "model/small.h"

/* How long an end waits for the new connection's handshake, when it is known to be one. */
#define REUSE_WAIT_NS 1000000000ULL
/* How late an end may be told before it is missed. */
#define OVERDUE_NS 2000000000ULL
/* How long a FIN_WAIT_2 is young. */
#define WAIT_ROUND_NS 500000000ULL

void small_waits(struct model *m, struct conn *c, int by)
{
	if (!c->small || c->state != ST_FIN_WAIT2)
		return;
	if (by > 0) {
		c->wait_round = m->fin_waits.round;
		if (!m->fin_waits.young)
			m->fin_waits.next_ns =
				later_of(c->since_ns + WAIT_ROUND_NS, m->fin_waits.next_ns);
	}
	if (c->wait_round == m->fin_waits.round)
		m->fin_waits.young += by;
	else
		m->fin_waits.old += by;
}

__u64 small_due(const struct model *m)
{
	const struct end_wait *w = ends_first(m);
	__u64 end_ns = w ? w->due_ns : UINT64_MAX;

	if (m->n_small && m->small_source == SMALL_RECORDS && m->overdue_ns < end_ns)
		end_ns = m->overdue_ns;
	return m->fin_waits.young && m->fin_waits.next_ns < end_ns ? m->fin_waits.next_ns : end_ns;
}

static void waits_age(struct waits *w, __u64 now_ns)
{
	if (!w->young || now_ns < w->next_ns)
		return;
	w->old += w->young;
	w->young = 0;
	w->round++;
	w->next_ns = now_ns + WAIT_ROUND_NS;
}

/*
 * The record of an end can be missing without a word from the kernel: what
 * should be over by now is looked for with a sweep.
 */
static void find_overdue(struct model *m, __u64 now_ns)
{
	__u32 slot = 0;
	struct conn *c;

	if (!m->n_small || m->small_source != SMALL_RECORDS || now_ns < m->overdue_ns)
		return;
	m->overdue_ns = now_ns + OVERDUE_EVERY_NS;
	while (!m->unknown && (c = table_next(&m->table, &slot))) {
		__u64 late_ns = c->fires_ns ? 0 : TIME_WAIT_NS / 8;

		m->unknown = c->small && !c->ending &&
			     later_of(c->fires_ns, c->until_ns) + late_ns + OVERDUE_NS < now_ns;
	}
}

void small_tick(struct model *m, __u64 now_ns)
{
	struct end_wait *w;

	waits_age(&m->fin_waits, now_ns);
	find_overdue(m, now_ns);
	while ((w = ends_first(m)) && w->due_ns <= now_ns) {
		struct conn *c = table_find(&m->table, w->cookie);
		__u64 at_ns = w->at_ns;

		ends_drop_first(m);
		if (!c || !c->ending || c->ended_ns != at_ns)
			continue;
		if (c->half_open)
			request_over(m, c);
		else if (c->in_limbo)
			limbo_over(m, c);
		else if (c->end_what == SMALL_REUSED && now_ns < at_ns + REUSE_WAIT_NS)
			end_again(m, c, now_ns);
		else {
			stays_stopped(m, c);
			small_over(m, c, at_ns, early_reason(c), c->end_via, c->reused_by);
		}
	}
}
