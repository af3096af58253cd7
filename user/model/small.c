// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections that go on in an inet_timewait_sock: TIMED_WAIT always, and
 * FIN_WAIT_2 after a close().  Records (made, timer set again, stopped,
 * expired) and rows of sweeps say the same thing, each with the timer's expiry;
 * since TIMED_WAIT lasts a fixed time, that says when it was entered.
 */
#include "model/small.h"

/* An alert of a socket that a process holds is over: the process has closed it. */
static void not_held(struct model *m, struct conn *c, __u64 at_ns)
{
	if (!c->level || !m->rules.rule[c->fired].held)
		return;
	conn_resolve(m, c, later_of(at_ns, c->since_ns));
	conn_arm(m, c, at_ns);
}

/* The states that small sockets are made from. */
#define BEFORE_SMALL (ST_BIT(ST_FIN_WAIT2) | ST_BIT(ST_CLOSING))

/*
 * How it came to be one no program has told: no other states lead there.  When
 * FIN_WAIT_2 was entered is not known: after a shutdown() it is long before the
 * small socket is made.
 */
static void state_before_small(struct model *m, struct conn *c, __u64 at_ns, enum via via)
{
	struct transition t = {
		.mono_ns = later_of(at_ns, c->since_ns),
		.from = ST_FIN_WAIT1,
		.to = ST_FIN_WAIT2,
		.via = via,
		.at_least = true,
	};

	if (ST_BIT(c->state) & BEFORE_SMALL)
		return;
	if (c->streamed)
		stream_gap(m, c, t.mono_ns);
	if (c->state == ST_FIN_WAIT1) {
		conn_tell(m, c, &t);
		conn_state(m, c, t.to, t.mono_ns, true);
		return;
	}
	if (ROLE_CLOSE(c->roles) != ROLE_SIMULTANEOUS)
		c->roles = ROLES(ROLE_OPEN(c->roles), ROLE_ACTIVE);
	conn_state(m, c, ROLE_CLOSE(c->roles) == ROLE_ACTIVE ? ST_FIN_WAIT2 : ST_CLOSING,
		   later_of(at_ns, c->since_ns), true);
}

void become_small(struct model *m, struct conn *c, __u64 at_ns, enum via via)
{
	if (c->small)
		return;
	if (!c->in_limbo) {
		/* until the end of the big socket is told, if it is */
		c->end.facts = END_NO_TCP;
		if (c->state != ST_NONE)
			state_before_small(m, c, at_ns, via);
	}
	c->small = true;
	not_held(m, c, at_ns);
	c->missed = 0;
	if (!m->n_small++)
		m->overdue_ns = at_ns + OVERDUE_EVERY_NS;
	small_waits(m, c, 1);
	if (c->in_limbo) {
		c->in_limbo = false;
		m->n_limbo--;
	}
}

/*
 * The first that is heard of it, but it was made before: neither that nor its
 * big socket's end was told.
 */
void small_met(struct model *m, struct conn *c, __u64 at_ns, const struct expiry *e)
{
	if (c->small)
		return;
	if (c->streamed && ST_BIT(c->state) & BEFORE_SMALL)
		stream_gap(m, c, at_ns);
	become_small(m, c, e->substate == ST_TIME_WAIT ? e->entered_ns : at_ns, VIA_SWEEP);
}

void enter_time_wait(struct model *m, struct conn *c, __u64 at_ns, enum via via)
{
	struct transition t = {
		.mono_ns = later_of(at_ns, c->since_ns),
		.from = c->state,
		.to = ST_TIME_WAIT,
		.via = via,
		.at_least = c->at_least,
	};

	t.dwell_ns = t.mono_ns - c->since_ns;
	conn_step(m, c, &t);
}

/* When a TIMED_WAIT that is to last until then was entered; never before the clock's begin. */
__u64 time_wait_began(__u64 until_ns)
{
	return until_ns > TIME_WAIT_NS ? until_ns - TIME_WAIT_NS : 0;
}

__u64 time_wait_entered(const struct row_sock *row)
{
	__s64 most = TIME_WAIT_NS;
	__u64 began_ns =
		time_wait_began(row->mono_ns + (row->left_ns < most ? row->left_ns : most));

	return row->since_ns && row->since_ns + REARM_NS < began_ns ? row->since_ns : began_ns;
}

/* From now on the stay may be longer than the kernel's timers alone make it: see rule_stay_ns(). */
static void rearmed(struct model *m, struct conn *c)
{
	if (c->rearms++ == 0 && !c->level)
		conn_arm(m, c, c->since_ns);
}

void small_timer(struct model *m, struct conn *c, const struct expiry *e)
{
	__u64 fires_ns = e->until_ns + e->wheel_us * 1000ULL;
	__u64 noise_ns = e->via == VIA_SWEEP ? REARM_NS : SAME_EXPIRY_NS;
	bool both = e->substate == ST_TIME_WAIT && c->state == ST_TIME_WAIT;

	/* A re-arm only puts the end off: this is a row read before one that a record has told. */
	if (both && e->until_ns + REARM_NS < c->until_ns)
		return;
	if (e->substate == ST_TIME_WAIT && c->state != ST_TIME_WAIT)
		enter_time_wait(m, c, e->entered_ns, e->via);
	else if (e->substate == ST_TIME_WAIT && e->until_ns > c->until_ns + noise_ns)
		rearmed(m, c);
	/* the same expiry, told again, differs by a jiffy's noise */
	if (e->wheel_us && apart(fires_ns, c->fires_ns) > SAME_EXPIRY_NS)
		c->fires_ns = fires_ns;
	else if (!e->wheel_us && apart(e->until_ns, c->until_ns) > SAME_EXPIRY_NS)
		c->fires_ns = 0;
	if (apart(e->until_ns, c->until_ns) > SAME_EXPIRY_NS)
		c->until_ns = e->until_ns;
}

void small_over(struct model *m, struct conn *c, __u64 at_ns, enum reason reason, enum via via,
		__u64 reused_by)
{
	struct transition t = {
		.mono_ns = later_of(at_ns, c->since_ns),
		.from = c->state,
		.to = ST_CLOSE,
		.via = via,
		.reason = reason,
		.at_least = c->at_least,
		.end = &c->end,
		.rearms = c->rearms,
		.reused_by = reused_by,
	};

	t.dwell_ns = t.mono_ns - c->since_ns;
	if (c->ident.born_ns)
		c->end.age_ns = t.mono_ns - c->ident.born_ns;
	conn_step(m, c, &t);
	conn_forget(m, c, t.mono_ns);
}

void small_expired(struct model *m, struct conn *c, __u64 at_ns, enum via via)
{
	enum reason reason = c->state == ST_TIME_WAIT ? REASON_EXPIRED : REASON_TIMEOUT;

	small_over(m, c, at_ns, reason, via, 0);
}

/* The connection that a small socket belongs to: of two by one cookie, by the expiry. */
struct conn *small_conn(const struct model *m, __u64 cookie, __u64 until_ns)
{
	struct conn *c = table_find(&m->table, cookie);
	struct conn *aside = m->n_set_aside ? table_find(&m->table, cookie | SET_ASIDE) : NULL;

	if (!aside)
		return c;
	if (!c || apart(aside->until_ns, until_ns) <= SAME_EXPIRY_NS)
		return aside;
	return c->small || ST_BIT(c->state) & ST_CLOSING_FIRST ? c : aside;
}
