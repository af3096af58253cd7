// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What sweeps say of small and half-open sockets: the rows, and what is not among them. */
#include "model/small.h"

/* How much later than its time stamp a record may get into the buffer, on a busy machine. */
#define RECORD_LATE_NS 250000000ULL

/* If its timer was set again, how often is not known: once at least. */
static void timed_row_new(struct model *m, struct conn *c, const struct row_sock *row)
{
	__u64 since_ns = time_wait_entered(row);

	c->rearms = since_ns + REARM_NS < time_wait_began(c->until_ns);
	conn_state(m, c, ST_TIME_WAIT, since_ns, c->rearms && row->flags & ROW_AT_LEAST);
}

static void small_row_new(struct model *m, const struct row_sock *row, __u64 until_ns)
{
	struct conn *c = conn_new(m, row->cookie);

	if (!c)
		return;
	c->ident = row->ident;
	c->roles = row->roles;
	c->before = !m->started;
	c->until_ns = until_ns;
	c->fires_ns = row->wheel_us ? until_ns + row->wheel_us * 1000ULL : 0;
	become_small(m, c, row->mono_ns, VIA_SWEEP);
	c->seen_ns = row->mono_ns;
	if (row->state == ST_TIME_WAIT)
		timed_row_new(m, c, row);
	else
		conn_state(m, c, row->state, row->since_ns, row->flags & ROW_AT_LEAST);
}

/*
 * The row is ahead of the ring buffer: records of the socket, which say more,
 * are still in it.  A timer of a small socket is set to 60 s at most, so that
 * the socket was made at the expiry less that, or later.
 */
static bool records_wait(const struct model *m, __u64 until_ns)
{
	__u64 late_ns = m->started ? RECORD_LATE_NS : SAME_EXPIRY_NS;

	return m->drained_ns && until_ns + late_ns >= m->drained_ns + TIME_WAIT_NS;
}

/* Of a socket that is not known. */
static void small_row_unknown(struct model *m, const struct row_sock *row, __u64 until_ns)
{
	/* no record of its begin, and none was lost: the row is older than that of its end */
	if (m->started && !m->lost_ns)
		return;
	/* whose it was is not known any more */
	if (!filter_by_owner(&m->filter) && !m->filter.n_cgroup)
		small_row_new(m, row, until_ns);
}

void small_row(struct model *m, const struct row_sock *row)
{
	__u64 until_ns = row->mono_ns + row->left_ns;
	struct conn *c = small_conn(m, row->cookie, until_ns);
	struct expiry e = {
		.until_ns = until_ns,
		.entered_ns = time_wait_began(until_ns),
		.wheel_us = row->wheel_us,
		.substate = row->state,
		.via = VIA_SWEEP,
	};

	if ((!c || (!c->small && !c->in_limbo)) && records_wait(m, until_ns))
		return;
	if (!c) {
		small_row_unknown(m, row, until_ns);
		return;
	}
	small_met(m, c, row->mono_ns, &e);
	c->missed = 0;
	c->seen_ns = row->mono_ns;
	small_timer(m, c, &e);
}

/* When it went, its timer says; if it was before its time, only the last sweep that met it. */
static void swept_away(struct model *m, struct conn *c, __u64 now_ns)
{
	__u64 expired_ns = c->fires_ns ? c->fires_ns : c->until_ns;

	if (now_ns >= expired_ns) {
		c->at_least |= !c->fires_ns || c->seen_ns > expired_ns + SAME_EXPIRY_NS;
		small_expired(m, c, later_of(expired_ns, c->seen_ns), VIA_SWEEP);
		return;
	}
	if (++c->missed < MISSES)
		return;
	c->at_least = true;
	/* the fentry programs see each other end, but not what the compiler inlined
	 * (inet_twsk_purge()) */
	small_over(m, c, later_of(c->seen_ns, c->since_ns),
		   c->end_via == VIA_FENTRY ? REASON_KILLED : early_reason(c), VIA_SWEEP, 0);
}

void small_swept(struct model *m, __u64 now_ns)
{
	__u32 slot = 0;
	struct conn *c;

	if (!m->n_small && !m->n_limbo && !m->n_half_open)
		return;
	while ((c = table_next(&m->table, &slot))) {
		if (c->seen_ns >= m->resync_ns || c->ending)
			continue;
		if (c->half_open && c->since_ns < m->resync_ns && ++c->missed >= MISSES) {
			c->at_least = true;
			end_later(m, c, later_of(c->seen_ns, c->since_ns));
		}
		if (c->in_limbo && c->ended_ns < m->resync_ns && ++c->missed >= MISSES)
			limbo_over(m, c);
		else if (c->small && c->since_ns < m->resync_ns)
			swept_away(m, c, now_ns);
	}
}
