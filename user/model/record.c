// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the records of the ring buffer say; of full sockets here, the others go on from here. */
#include <errno.h>

#include "model/internal.h"
#include "model/reason.h"

/* The step into `from` that came with this record: see STEP_HELD. */
static void held_step(struct model *m, struct conn *c, const struct rec_step *s)
{
	struct transition t = {
		.mono_ns = s->mono_ns - s->dwell_ns,
		.from = s->from == ST_SYN_SENT ? ST_CLOSE : ST_LISTEN,
		.to = s->from,
		.first = true,
	};

	c->roles = ROLES(ROLE_OPEN(s->roles), 0);
	conn_step(m, c, &t);
}

/*
 * connect() sets SYN_SENT before it asks for its ports, and may not get them.
 * Where records tell that the one before has gone, that is no matter.
 */
static bool has_its_ports(const struct model *m, const struct conn *c, const struct rec_step *s)
{
	if (s->to == ST_SYN_SENT && m->small_source == SMALL_SWEEPS)
		return false;
	return c->ident.lport && (s->kind == REC_OPEN || s->from == ST_SYN_SENT);
}

static void big_step(struct model *m, struct conn *c, const struct rec_step *s,
		     const struct sock_end *end)
{
	struct transition t = {
		.mono_ns = s->mono_ns,
		.dwell_ns = s->dwell_ns,
		.from = s->from,
		.to = s->to,
		.via = VIA_TRACEPOINT,
		.at_least = s->flags & STEP_AT_LEAST,
		.first = (s->flags & STEP_FIRST) && !(s->flags & STEP_HELD),
	};

	c->roles = s->roles;
	if (s->lport)
		c->ident.lport = s->lport;
	if (!end) {
		conn_step(m, c, &t);
		if (s->to == ST_SYN_SENT)
			m->recent_syn[m->n_recent_syn++ % RECENT_SYNS] = s->cookie;
		if (has_its_ports(m, c, s))
			small_reuse(m, c);
		return;
	}
	if (small_takes_over(m, c, s, end))
		return;
	if (s->from == ST_LISTEN)
		listener_gone(m, c, s->mono_ns);
	t.end = s->from == ST_LISTEN ? NULL : end;
	t.reason = reason_of_end(s->from, s->flags, end);
	if (m->small_source == SMALL_UNSEEN && t.reason == REASON_TIME_WAIT_OVERFLOW)
		t.reason = REASON_FIN;
	conn_step(m, c, &t);
	m->recent_end[m->n_recent_end++ % RECENT_ENDS] = s->cookie;
	conn_forget(m, c, s->mono_ns);
}

static const struct sock_ident *rec_ident(const struct rec_step *s)
{
	return s->kind & REC_OPEN ? &((const struct rec_open *)s)->ident : NULL;
}

static const struct sock_end *rec_end(const struct rec_step *s)
{
	if (s->kind == REC_OPEN_END)
		return &((const struct rec_open_end *)s)->end;
	return s->kind == REC_END ? &((const struct rec_end *)s)->end : NULL;
}

/*
 * From a record of a socket that the kernel side keeps something of.  What a
 * child has of its listener it may lack there (before Linux 5.11 the child of a
 * TCP Fast Open, of which no request_sock tells).
 */
static void kept_ident(struct model *m, struct conn *c, const struct rec_step *s,
		       const struct sock_ident *ident)
{
	c->ident = *ident;
	if (s->from == ST_SYN_RECV && ROLE_OPEN(s->roles) == ROLE_PASSIVE && !ident->owner.how)
		owner_of_port(m, &c->ident);
}

/* One socket can have two connections, one after the other: disconnect and connect. */
static struct conn *step_conn(struct model *m, const struct rec_step *s)
{
	struct conn *c = table_find(&m->table, s->cookie);
	const struct sock_ident *ident = rec_ident(s);

	if (c && (c->small || c->in_limbo) && s->flags & STEP_FIRST && s->cookie <= COOKIE_MASK) {
		small_set_aside(m, c);
		c = NULL;
	}
	if (!c)
		c = conn_new(m, s->cookie);
	if (!c)
		return NULL;
	c->streamed = s->flags & STEP_STREAM;
	if (ident && s->flags & STEP_STREAM)
		stream_ident(m, c, s, ident);
	else if (ident)
		kept_ident(m, c, s, ident);
	else if (!c->ident.family)
		m->unknown = true;
	return c;
}

/* Whether a step of the second program (see bpf/again.bpf.h) was told by the first already. */
static bool is_known(const struct model *m, const struct rec_step *s)
{
	const struct conn *c = table_find(&m->table, s->cookie);

	/* the small socket is made before its big one's end is told */
	if (c && s->to == ST_CLOSE && (c->small || c->in_limbo))
		return !(c->end.facts & END_NO_TCP);
	if (c)
		return c->state == s->to;
	for (int i = 0; s->to == ST_CLOSE && i < RECENT_ENDS; i++)
		if (m->recent_end[i] == s->cookie)
			return true;
	return false;
}

static int step_record(struct model *m, const struct rec_step *rec)
{
	struct rec_step s = *rec;
	struct sock_end end = {0};
	struct conn *c;

	if (!s.from || s.from >= ST_MAX || !s.to || s.to >= ST_MAX)
		return -EINVAL;
	if (s.flags & STEP_AGAIN && is_known(m, &s)) {
		m->told_twice++;
		return 0;
	}
	if (s.flags & STEP_UNSHOWN) {
		unshown_step(m, &s, rec_ident(rec));
		return 0;
	}
	c = step_conn(m, rec);
	if (!c)
		return 0;
	if (rec_end(rec))
		end = *rec_end(rec);
	if (c->ident.born_ns && s.mono_ns > c->ident.born_ns)
		end.age_ns = s.mono_ns - c->ident.born_ns;
	if (s.flags & STEP_STREAM)
		stream_step(m, c, &s);
	if (s.flags & STEP_HELD && m->n_half_open)
		request_done(m, c, &s);
	if (s.flags & STEP_HELD)
		held_step(m, c, &s);
	big_step(m, c, &s, rec_end(rec) ? &end : NULL);
	return 0;
}

static void owner_record(struct model *m, const struct rec_owner *r)
{
	struct conn *c = table_find(&m->table, r->cookie);

	if (c && c->ident.owner.how <= r->owner.how)
		c->ident.owner = r->owner;
}

bool is_record(const void *rec, size_t size)
{
	static const size_t want[] = {
		[REC_STEP] = sizeof(struct rec_step),
		[REC_OPEN] = sizeof(struct rec_open),
		[REC_END] = sizeof(struct rec_end),
		[REC_OPEN_END] = sizeof(struct rec_open_end),
		[REC_SMALL] = sizeof(struct rec_small),
		[REC_REQUEST] = sizeof(struct rec_request),
		[REC_OWNER] = sizeof(struct rec_owner),
	};
	const __u8 *kind = rec;

	return size && *kind < sizeof(want) / sizeof(*want) && size >= want[*kind];
}

int model_record(struct model *m, const void *rec, size_t size)
{
	const __u8 *kind = rec;

	if (!is_record(rec, size))
		return -EINVAL;
	if (*kind == REC_SMALL) {
		small_record(m, rec);
		return 0;
	}
	if (*kind == REC_REQUEST) {
		request_record(m, rec);
		return 0;
	}
	if (*kind == REC_OWNER) {
		owner_record(m, rec);
		return 0;
	}
	return step_record(m, rec);
}
