// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Big sockets whose end may not be the connection's: whether a small one goes on is open. */
#include "model/reason.h"
#include "model/small.h"

/*
 * No small socket was met, and the kernel says that none was refused: there was
 * one, and it was taken or reset before a sweep came by.
 */
static bool limbo_was_short(const struct model *m, const struct conn *c, enum reason reason)
{
	return reason == REASON_TIME_WAIT_OVERFLOW && m->small_source == SMALL_SWEEPS &&
	       m->overflow_ns < c->ended_ns;
}

/* ... or its records were lost. */
static bool limbo_was_lost(const struct model *m, const struct conn *c, enum reason reason)
{
	return reason == REASON_TIME_WAIT_OVERFLOW && m->small_source == SMALL_RECORDS &&
	       m->overflow_ns < c->ended_ns && m->lost_ns >= c->ended_ns;
}

/* With the peer's FIN it was TIMED_WAIT from its begin; without, a RST is what ends FIN_WAIT_2. */
static void short_stay(struct model *m, struct conn *c, struct transition *t)
{
	t->via = VIA_SWEEP;
	t->at_least = true;
	t->reason = REASON_RESET_RECEIVED;
	if (!(c->end.facts & END_FIN_IN))
		return;
	enter_time_wait(m, c, c->ended_ns, VIA_SWEEP);
	t->from = ST_TIME_WAIT;
	t->reason = REASON_KILLED;
}

void limbo_over(struct model *m, struct conn *c)
{
	struct transition t = {
		.mono_ns = c->ended_ns,
		.from = c->limbo_from,
		.to = ST_CLOSE,
		.end = &c->end,
		.reason = reason_of_end(c->limbo_from, c->limbo_flags, &c->end),
		.at_least = c->at_least,
	};

	/* disconnect() sends its RST after the end */
	if (c->set_aside)
		t.reason = REASON_RESET_SENT;
	if (limbo_was_lost(m, c, t.reason)) {
		t.reason = REASON_UNKNOWN;
		t.at_least = true;
	}
	if (limbo_was_short(m, c, t.reason))
		short_stay(m, c, &t);
	t.dwell_ns = c->ended_ns - c->since_ns;
	conn_step(m, c, &t);
	conn_forget(m, c, t.mono_ns);
}

bool small_takes_over(struct model *m, struct conn *c, const struct rec_step *s,
		      const struct sock_end *end)
{
	if (c->small) {
		c->end = *end;
		return true;
	}
	if (!end_is_doubtful(s->from, s->flags, end) &&
	    (m->small_source == SMALL_UNSEEN || !end_may_go_on(s->from, s->flags, end)))
		return false;
	c->end = *end;
	m->n_limbo += !c->in_limbo;
	c->in_limbo = true;
	c->missed = 0;
	c->limbo_from = s->from;
	c->limbo_flags = s->flags;
	c->ended_ns = s->mono_ns;
	if (s->flags & STEP_RST_IN)
		end_later(m, c, s->mono_ns);
	else if (m->small_source == SMALL_SWEEPS)
		reuse_link(m, c);
	return true;
}

void small_set_aside(struct model *m, struct conn *c)
{
	struct conn *before = table_find(&m->table, c->cookie | SET_ASIDE);

	if (before)
		small_over(m, before, before->since_ns, REASON_UNKNOWN, before->end_via, 0);
	if (c->ending) {
		stays_stopped(m, c);
		small_over(m, c, c->ended_ns, early_reason(c), c->end_via, 0);
		return;
	}
	c->set_aside = true;
	if (c->in_limbo && m->small_source == SMALL_RECORDS) {
		limbo_over(m, c);
		return;
	}
	m->n_set_aside++;
	table_rename(&m->table, c, c->cookie | SET_ASIDE);
}
