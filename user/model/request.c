// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Half-open connections: SYN_RECEIVED while it is a request_sock.  The ones
 * that become connections are told with those; here are the others.
 */
#include <string.h>

#include "model/internal.h"

/* Cookies of sockets are counters: they don't get there. */
#define MADE_UP (1ULL << 63)
/* New ones that one sweep may bring: a flood must not push the connections out of the picture. */
#define ROWS_HALF_OPEN 4000

static __u64 mix(__u64 h, const void *data, size_t len)
{
	const __u8 *p = data;

	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

static __u64 request_cookie(const struct sock_ident *id)
{
	__u64 h = 0xcbf29ce484222325ULL;

	h = mix(h, id->laddr, sizeof(id->laddr));
	h = mix(h, id->raddr, sizeof(id->raddr));
	h = mix(h, &id->lport, sizeof(id->lport));
	h = mix(h, &id->rport, sizeof(id->rport));
	h = mix(h, &id->netns, sizeof(id->netns));
	return h | MADE_UP;
}

/* Not told yet: it may become a connection, which tells it then. */
static void request_begins(struct model *m, const struct sock_ident *id, __u64 mono_ns,
			   enum via via, bool at_least)
{
	struct conn *c = conn_new(m, request_cookie(id));

	if (!c)
		return;
	c->ident = *id;
	c->ident.born_ns = mono_ns;
	c->roles = ROLES(ROLE_PASSIVE, 0);
	c->half_open = true;
	c->end_via = via;
	m->n_half_open++;
	m->n_swept_half_open += via == VIA_SWEEP;
	owner_of_port(m, &c->ident);
	if (filter_owner(&m->filter, &c->ident.owner))
		conn_state(m, c, ST_SYN_RECV, mono_ns, at_least);
	else
		conn_forget(m, c, mono_ns);
}

static void tell_begin(struct model *m, struct conn *c)
{
	struct transition t = {
		.mono_ns = c->since_ns,
		.from = ST_LISTEN,
		.to = ST_SYN_RECV,
		.first = true,
		.via = c->end_via,
	};

	conn_tell(m, c, &t);
}

static void rec_ident(const struct rec_request *r, struct sock_ident *id)
{
	memset(id, 0, sizeof(*id));
	memcpy(id->laddr, r->laddr, sizeof(id->laddr));
	memcpy(id->raddr, r->raddr, sizeof(id->raddr));
	id->lport = r->lport;
	id->rport = r->rport;
	id->netns = r->netns;
	id->family = r->family;
}

/* A row brought it; from now on its records tell. */
static void request_adopt(struct model *m, struct conn *c)
{
	m->n_swept_half_open -= c->end_via == VIA_SWEEP;
	c->end_via = VIA_TIMER;
}

void request_record(struct model *m, const struct rec_request *r)
{
	struct sock_ident id;
	struct conn *c;

	rec_ident(r, &id);
	c = table_find(&m->table, request_cookie(&id));
	if (r->what == REQUEST_STARTED && !c) {
		/* a SYN-ACK that is sent again: the SYN came before the tracer, or was not shown */
		request_begins(m, &id, r->mono_ns, VIA_TIMER, r->retransmits > 0);
		return;
	}
	if (!c || !r->what || r->what >= REQUEST_NWHATS)
		return;
	request_adopt(m, c);
	c->end.retransmits = r->retransmits;
	c->seen_ns = r->mono_ns;
	c->missed = 0;
	if (r->what == REQUEST_STARTED) {
		c->ending = false;
		return;
	}
	c->end_what = r->what;
	end_later(m, c, r->mono_ns);
}

/*
 * Where records tell of them, one that is in a row alone was passed over by the
 * kernel side's limit, or its record comes next.  If none was lost, and it was not
 * there before the records.
 */
static bool brought_by_row(const struct model *m, const struct row_sock *row)
{
	if (m->half_open_swept || !m->started || !m->drained_ns)
		return true;
	return m->lost_ns && row->since_ns <= m->lost_ns;
}

void request_row(struct model *m, const struct row_sock *row)
{
	struct conn *c;

	if (!m->half_open)
		return;
	c = table_find(&m->table, request_cookie(&row->ident));
	if (!c && !brought_by_row(m, row))
		return;
	if (!c && m->rows_half_open++ >= ROWS_HALF_OPEN) {
		m->unshown++;
		return;
	}
	if (!c) {
		request_begins(m, &row->ident, row->since_ns ? row->since_ns : row->mono_ns,
			       VIA_SWEEP, !row->since_ns);
		c = table_find(&m->table, request_cookie(&row->ident));
	}
	if (!c)
		return;
	c->seen_ns = row->mono_ns;
	c->missed = 0;
	c->end.retransmits = row->retransmits;
}

void request_done(struct model *m, struct conn *c, struct rec_step *s)
{
	struct conn *r = table_find(&m->table, request_cookie(&c->ident));

	if (!r)
		return;
	if (s->flags & STEP_AT_LEAST && !r->at_least && r->since_ns < s->mono_ns - s->dwell_ns) {
		s->dwell_ns = s->mono_ns - r->since_ns;
		s->flags &= ~STEP_AT_LEAST;
		c->ident.born_ns = r->since_ns;
	}
	conn_forget(m, r, r->since_ns);
}

/* A timer that expired and was not set again: the last SYN-ACK got no answer; sweeps can't tell. */
static enum reason request_reason(const struct conn *c)
{
	switch (c->end_what) {
	case REQUEST_STOPPED:
		return REASON_RESET_RECEIVED;
	case REQUEST_REFUSED:
		return REASON_RESET_SENT;
	case REQUEST_EXPIRED:
		return REASON_TIMEOUT;
	case REQUEST_ABANDONED:
		return REASON_ABORTED;
	default:
		return REASON_UNKNOWN;
	}
}

void request_over(struct model *m, struct conn *c)
{
	/* the end may be that of one before it, which a row has overtaken */
	__u64 end_ns = c->ended_ns > c->since_ns ? c->ended_ns : c->since_ns;
	struct transition t = {
		.mono_ns = end_ns,
		.dwell_ns = end_ns - c->since_ns,
		.from = ST_SYN_RECV,
		.to = ST_CLOSE,
		.via = c->end_via,
		.end = &c->end,
		.reason = request_reason(c),
	};

	t.at_least = c->at_least;
	tell_begin(m, c);
	m->sum.half_open += conn_picked(m, c) == MATCH_YES;
	c->end.facts = END_NO_TCP;
	c->end.age_ns = t.dwell_ns;
	conn_step(m, c, &t);
	conn_forget(m, c, t.mono_ns);
}
