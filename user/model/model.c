// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

int model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	rules_default(&m->rules);
	if (table_init(&m->table))
		return -ENOMEM;
	return table_init(&m->hidden);
}

void model_free(struct model *m)
{
	TELL(m, free);
	m->n_sinks = 0;
	deadlines_free(&m->deadlines);
	free(m->ends.wait);
	free(m->listeners.cookie);
	table_free(&m->table);
	table_free(&m->hidden);
}

int model_add_sink(struct model *m, struct sink *s)
{
	if (m->n_sinks == MODEL_SINKS)
		return -ENOSPC;
	m->sink[m->n_sinks++] = s;
	return 0;
}

bool model_full(const struct model *m)
{
	return m->count_max && m->sum.transitions >= m->count_max;
}

__u64 model_due(const struct model *m)
{
	__u64 small = small_due(m);
	__u64 rule = deadline_first(&m->deadlines);

	if (m->gaps && m->gap_due_ns < small)
		small = m->gap_due_ns;
	return small < rule ? small : rule;
}

void model_tick(struct model *m, __u64 now_ns)
{
	stream_tell_gaps(m, now_ns);
	small_tick(m, now_ns);
	while (deadline_first(&m->deadlines) <= now_ns)
		conn_fire(m, deadline_conn(&m->deadlines, &m->table), now_ns);
}

static void count_sockets(const struct model *m, struct hello *h)
{
	struct conn *c;
	__u32 slot = 0;

	if (!m->picks) {
		memcpy(h->sockets, m->by_state, sizeof(h->sockets));
		return;
	}
	while ((c = table_next(&m->table, &slot)))
		h->sockets[c->state] += conn_picked(m, c) == MATCH_YES;
}

void model_hello(struct model *m, struct hello *h)
{
	struct conn *c;
	__u32 slot = 0;

	count_sockets(m, h);
	TELL(m, hello, h);
	while ((c = table_next(&m->table, &slot)))
		if (c->before && conn_picked(m, c) == MATCH_YES &&
		    filter_step(&m->filter, c->state, c->state, UINT64_MAX))
			TELL(m, socket, c, h->mono_ns);
	m->started = true;
}

void model_lost(struct model *m, enum lost_cause cause, __u64 count, __u64 now_ns)
{
	m->sum.lost[cause] += count;
	/* what is told only now may have been lost before */
	if (now_ns > m->lost_ns)
		m->lost_ns = now_ns;
	if (!count)
		return;
	m->gaps = 0;
	TELL(m, lost, cause, count, now_ns);
}

void model_settle(struct model *m)
{
	m->gap_due_ns = 1;
	stream_tell_gaps(m, UINT64_MAX);
	small_tick(m, UINT64_MAX);
}

void model_summary(struct model *m, __u64 duration_ns)
{
	m->sum.duration_ns = duration_ns;
	/* sweeps look for them only to show them */
	m->sum.half_open_unseen = m->half_open_swept && !m->half_open;
	TELL(m, summary, &m->sum);
}

int model_flush(struct model *m)
{
	int err = 0;

	for (unsigned int i = 0; i < m->n_sinks; i++) {
		int e = m->sink[i]->ops->flush ? m->sink[i]->ops->flush(m->sink[i]) : 0;

		if (!err)
			err = e;
	}
	return err;
}
