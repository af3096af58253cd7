// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections that go on in an inet_timewait_sock: TIMED_WAIT always, and
 * FIN_WAIT_2 after a close().  Records (made, timer set again, stopped,
 * expired) and rows of sweeps say the same thing, each with the timer's expiry;
 * since TIMED_WAIT lasts a fixed time, that says when it was entered.
 */
#include <stdint.h>
#include <string.h>

#include "model/internal.h"
#include "model/reason.h"

/* TCP_TIMEWAIT_LEN in include/net/tcp.h: not a sysctl, the same since 2.6.12 */
#define TIME_WAIT_NS 60000000000ULL
/* Expiries are told in jiffies, of at most 10 ms: less is no new expiry. */
#define SAME_EXPIRY_NS 20000000ULL
/* Where the tick comes late, as in a guest that waits for its CPU, jiffies lag behind the clock and
 * the expiry in a row seems later than it is: no re-arm. */
#define REARM_NS 100000000ULL
/* How much later than its time stamp a record may get into the buffer, on a busy machine. */
#define RECORD_LATE_NS 250000000ULL
/* How long an end waits for the new connection's handshake, when it is known to be one. */
#define REUSE_WAIT_NS 1000000000ULL
/* How late an end may be told before it is missed, and how often that is looked at. */
#define OVERDUE_NS 2000000000ULL
#define OVERDUE_EVERY_NS 10000000000ULL
/* How long a FIN_WAIT_2 is young. */
#define WAIT_ROUND_NS 500000000ULL

static __u64 later_of(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

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

/* An alert of a socket that a process holds is over: the process has closed it. */
static void not_held(struct model *m, struct conn *c, __u64 at_ns)
{
	if (!c->level || !m->rules.rule[c->fired].held)
		return;
	conn_resolve(m, c, later_of(at_ns, c->since_ns));
	conn_arm(m, c, at_ns);
}

/*
 * The program that would have told how it came to be one was interrupted: no
 * other states lead there.  After a close() the small socket is made when
 * FIN_WAIT_2 is entered; but a sweep knows only that it was before.
 */
static void state_before_small(struct model *m, struct conn *c, __u64 at_ns, enum via via)
{
	struct transition t = {
		.mono_ns = later_of(at_ns, c->since_ns),
		.from = ST_FIN_WAIT1,
		.to = ST_FIN_WAIT2,
		.via = via,
		.at_least = via == VIA_SWEEP || c->at_least,
	};

	if (ST_BIT(c->state) & (ST_BIT(ST_FIN_WAIT2) | ST_BIT(ST_CLOSING)))
		return;
	if (c->state == ST_FIN_WAIT1) {
		t.dwell_ns = via == VIA_SWEEP ? 0 : t.mono_ns - c->since_ns;
		conn_tell(m, c, &t);
		conn_state(m, c, t.to, t.mono_ns, via == VIA_SWEEP);
		return;
	}
	if (ROLE_CLOSE(c->roles) != ROLE_SIMULTANEOUS)
		c->roles = ROLES(ROLE_OPEN(c->roles), ROLE_ACTIVE);
	conn_state(m, c, ROLE_CLOSE(c->roles) == ROLE_ACTIVE ? ST_FIN_WAIT2 : ST_CLOSING,
		   later_of(at_ns, c->since_ns), true);
}

static void become_small(struct model *m, struct conn *c, __u64 at_ns, enum via via)
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
static __u64 time_wait_began(__u64 until_ns)
{
	return until_ns > TIME_WAIT_NS ? until_ns - TIME_WAIT_NS : 0;
}

static __u64 apart(__u64 a, __u64 b)
{
	return a > b ? a - b : b - a;
}

/* From now on the stay may be longer than the kernel's timers alone make it: see rule_stay_ns(). */
static void rearmed(struct model *m, struct conn *c)
{
	if (c->rearms++ == 0 && !c->level)
		conn_arm(m, c, c->since_ns);
}

/* A small socket's timer, as a record or a row tells of it. */
struct expiry {
	__u64 until_ns;	  /* when it expires */
	__u64 entered_ns; /* when TIMED_WAIT was entered, if it was by this */
	__u32 wheel_us;	  /* see rec_small */
	__u8 substate;
	__u8 via;
};

static void small_timer(struct model *m, struct conn *c, const struct expiry *e)
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

/*
 * The FIN that moves a small socket to TIMED_WAIT sets the substate, then stops
 * the timer, then starts it anew: at the stop the expiry is still FIN_WAIT_2's.
 * Only if no start follows it was TIMED_WAIT's: set within the same wheel bucket.
 */
static bool moves_now(const struct conn *c, unsigned int substate, __u64 until_ns)
{
	return substate == ST_TIME_WAIT && c->state != ST_TIME_WAIT &&
	       apart(until_ns, c->until_ns) <= SAME_EXPIRY_NS;
}

void stays_stopped(struct model *m, struct conn *c)
{
	if (c->moved_ns)
		enter_time_wait(m, c, c->moved_ns, c->end_via);
	c->moved_ns = 0;
}

/* Of FIN_WAIT_2 the timer alone does not tell; nearly always it was a RST. */
static enum reason early_reason(const struct conn *c)
{
	if (c->end_what == SMALL_REUSED)
		return REASON_REUSED;
	if (c->state == ST_TIME_WAIT)
		return REASON_KILLED;
	if (c->end_what == SMALL_PURGED)
		return REASON_KILLED;
	if (c->end_what == SMALL_ABORTED)
		return REASON_ABORTED;
	if (c->end_what == SMALL_RESET_OUT)
		return REASON_RESET_SENT;
	if (c->end_via == VIA_FENTRY && c->end_what != SMALL_RESET_IN)
		return REASON_ABORTED;
	return REASON_RESET_RECEIVED;
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

static void small_expired(struct model *m, struct conn *c, __u64 at_ns, enum via via)
{
	enum reason reason = c->state == ST_TIME_WAIT ? REASON_EXPIRED : REASON_TIMEOUT;

	small_over(m, c, at_ns, reason, via, 0);
}

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

static void limbo_over(struct model *m, struct conn *c)
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

/* The connection that a small socket belongs to: of two by one cookie, by the expiry. */
static struct conn *small_conn(const struct model *m, __u64 cookie, __u64 until_ns)
{
	struct conn *c = table_find(&m->table, cookie);
	struct conn *aside = m->n_set_aside ? table_find(&m->table, cookie | SET_ASIDE) : NULL;

	if (!aside)
		return c;
	if (!c || apart(aside->until_ns, until_ns) <= SAME_EXPIRY_NS)
		return aside;
	return c->small || ST_BIT(c->state) & ST_CLOSING_FIRST ? c : aside;
}

static void small_stopped(struct model *m, struct conn *c, const struct rec_small *r)
{
	if (r->what != SMALL_STOPPED)
		c->end_what = r->what;
	if ((c->state == ST_TIME_WAIT || c->moved_ns) && !c->end_what)
		reused_by_connect(m, c);
	end_later(m, c, r->mono_ns);
	reuse_link(m, c);
}

void small_record(struct model *m, const struct rec_small *r)
{
	bool stops =
		r->what == SMALL_STOPPED || r->what == SMALL_PURGED || r->what == SMALL_ABORTED;
	__u64 until_ns = r->mono_ns + r->left_ns;
	struct conn *c = small_conn(m, r->cookie, until_ns);
	struct expiry e = {
		.until_ns = until_ns,
		.entered_ns = time_wait_began(until_ns),
		.wheel_us = r->wheel_us,
		.substate = r->substate,
		.via = r->via,
	};

	if (!c || !r->what || r->what >= SMALL_NWHATS)
		return;
	if (r->what == SMALL_CLOSE_RST) {
		c->limbo_flags |= STEP_RST_OUT;
		if (c->in_limbo)
			limbo_over(m, c);
		return;
	}
	if (!r->substate) { /* a hint from beside it */
		c->end_what = r->what;
		return;
	}
	become_small(m, c, r->mono_ns, r->via);
	c->end_via = r->via;
	if (r->what == SMALL_BORN) {
		c->ending = false;
		c->end_what = 0;
		c->moved_ns = 0;
		e.entered_ns = r->mono_ns;
		small_timer(m, c, &e);
		return;
	}
	/* a timer set again within its wheel bucket is not traced: it shows here */
	if (stops && moves_now(c, r->substate, until_ns))
		c->moved_ns = e.entered_ns;
	else
		small_timer(m, c, &e);
	if (r->what == SMALL_EXPIRED)
		small_expired(m, c, r->mono_ns, r->via);
	else if (stops)
		small_stopped(m, c, r);
	else if (r->what != SMALL_RESET_IN || c->ending)
		c->end_what = r->what; /* a RST that stopped no timer was ignored (RFC 1337) */
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

static void small_row_new(struct model *m, const struct row_sock *row, __u64 until_ns)
{
	struct conn *c = conn_new(m, row->cookie);
	bool exact = row->state == ST_TIME_WAIT;

	if (!c)
		return;
	c->ident = row->ident;
	c->roles = row->roles;
	c->before = !m->started;
	c->until_ns = until_ns;
	c->fires_ns = row->wheel_us ? until_ns + row->wheel_us * 1000ULL : 0;
	become_small(m, c, row->mono_ns, VIA_SWEEP);
	c->seen_ns = row->mono_ns;
	/* how long a FIN_WAIT_2 is to last is each socket's own choice (TCP_LINGER2) */
	conn_state(m, c, row->state, exact ? time_wait_began(until_ns) : row->mono_ns, !exact);
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
		/* no record of its begin, and none was lost: the row is older than that of its end
		 */
		if (m->started && !m->lost_ns)
			return;
		/* whose it was is not known any more */
		if (!filter_by_owner(&m->filter) && !m->filter.n_cgroup)
			small_row_new(m, row, until_ns);
		return;
	}
	become_small(m, c, row->state == ST_TIME_WAIT ? e.entered_ns : row->mono_ns, VIA_SWEEP);
	c->missed = 0;
	c->seen_ns = row->mono_ns;
	small_timer(m, c, &e);
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
