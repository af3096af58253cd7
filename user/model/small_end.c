// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Small sockets by the records of what happens to their timer, up to their end. */
#include "model/small.h"

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
	if (c->moved)
		enter_time_wait(m, c, time_wait_began(c->until_ns), c->end_via);
	c->moved = false;
}

/* Of FIN_WAIT_2 the timer alone does not tell; nearly always it was a RST. */
enum reason early_reason(const struct conn *c)
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

static void small_stopped(struct model *m, struct conn *c, const struct rec_small *r)
{
	if (r->what != SMALL_STOPPED)
		c->end_what = r->what;
	if ((c->state == ST_TIME_WAIT || c->moved) && !c->end_what)
		reused_by_connect(m, c);
	end_later(m, c, r->mono_ns);
	reuse_link(m, c);
}

/* A word that is not the timer's own.  True when that is all. */
static bool is_hint(struct model *m, struct conn *c, const struct rec_small *r)
{
	if (r->what == SMALL_CLOSE_RST) {
		c->limbo_flags |= STEP_RST_OUT;
		if (c->in_limbo)
			limbo_over(m, c);
		return true;
	}
	if (r->substate)
		return false;
	c->end_what = r->what;
	return true;
}

/* Made, or its timer was set again. */
static void small_starts(struct model *m, struct conn *c, const struct rec_small *r,
			 struct expiry *e)
{
	c->ending = false;
	c->end_what = 0;
	c->moved = false;
	e->entered_ns = r->mono_ns;
	small_timer(m, c, e);
}

static void small_goes(struct model *m, struct conn *c, const struct rec_small *r,
		       const struct expiry *e)
{
	bool stops =
		r->what == SMALL_STOPPED || r->what == SMALL_PURGED || r->what == SMALL_ABORTED;

	/* a timer set again within its wheel bucket is not traced: it shows here */
	if (stops && moves_now(c, r->substate, e->until_ns)) {
		c->moved = true;
		c->until_ns = e->until_ns;
	} else {
		small_timer(m, c, e);
	}
	if (r->what == SMALL_EXPIRED)
		small_expired(m, c, r->mono_ns, r->via);
	else if (stops)
		small_stopped(m, c, r);
	else if (r->what != SMALL_RESET_IN || c->ending)
		c->end_what = r->what; /* a RST that stopped no timer was ignored (RFC 1337) */
}

void small_record(struct model *m, const struct rec_small *r)
{
	__u64 until_ns = r->mono_ns + r->left_ns;
	struct conn *c = small_conn(m, r->cookie, until_ns);
	struct expiry e = {
		.until_ns = until_ns,
		.entered_ns = time_wait_began(until_ns),
		.wheel_us = r->wheel_us,
		.substate = r->substate,
		.via = r->via,
	};

	if (!c || !r->what || r->what >= SMALL_NWHATS || is_hint(m, c, r))
		return;
	if (r->what == SMALL_BORN)
		become_small(m, c, r->mono_ns, r->via);
	else
		small_met(m, c, r->mono_ns, &e);
	c->end_via = r->via;
	if (r->what == SMALL_BORN)
		small_starts(m, c, r, &e);
	else
		small_goes(m, c, r, &e);
}
