// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "model/reason.h"

#define TELL(m, call, ...)                                                              \
	do {                                                                            \
		for (unsigned int i_ = 0; i_ < (m)->n_sinks; i_++)                      \
			if ((m)->sink[i_]->ops->call)                                   \
				(m)->sink[i_]->ops->call((m)->sink[i_], ##__VA_ARGS__); \
	} while (0)

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

struct conn *conn_new(struct model *m, __u64 cookie)
{
	struct conn *c = table_add(&m->table, cookie);

	if (!c)
		m->no_memory = true;
	else
		m->by_state[ST_NONE]++;
	return c;
}

enum match conn_picked(const struct model *m, const struct conn *c)
{
	return m->picks ? m->picks(m->picks_ctx, c) : MATCH_YES;
}

static void tell_alert(struct model *m, struct conn *c, const struct rule *rule, __u64 now_ns,
		       enum alert_status status)
{
	struct alert a = {
		.conn = c,
		.rule = rule,
		.mono_ns = now_ns,
		.dwell_ns = now_ns > c->since_ns ? now_ns - c->since_ns : 0,
		.status = status,
		.by_rules = m->judging,
		.state = c->state,
		.at_least = c->at_least,
	};

	if (conn_picked(m, c) != MATCH_YES)
		return;
	if (status == ALERT_FIRING)
		m->sum.alerts++;
	TELL(m, alert, &a);
}

/* The last rule that fired for the stay; rules are in place until it ends. */
void conn_resolve(struct model *m, struct conn *c, __u64 now_ns)
{
	if (!c->level)
		return;
	tell_alert(m, c, &m->rules.rule[c->fired], now_ns, ALERT_RESOLVED);
	c->level = 0;
}

void conn_arm(struct model *m, struct conn *c, __u64 now_ns)
{
	const struct rule *next;
	__u64 dwell_ns = now_ns > c->since_ns ? now_ns - c->since_ns : 0;

	if (!m->alerts)
		return;
	next = rules_next(&m->rules, c, c->level ? dwell_ns : 0);
	if (!next) {
		deadline_clear(&m->deadlines, &m->table, c);
		return;
	}
	c->rule = next - m->rules.rule;
	if (deadline_set(&m->deadlines, &m->table, c,
			 c->since_ns + rule_stay_ns(next, c, c->state)))
		m->no_memory = true;
}

/* A port that this side chose, or may have. */
static void count_port(struct model *m, struct conn *c)
{
	if (!m->pressure || c->port_service || !c->ident.lport || c->half_open ||
	    c->state == ST_LISTEN || ROLE_OPEN(c->roles) == ROLE_PASSIVE)
		return;
	c->port_service = pressure_add(m->pressure, &c->ident);
}

void conn_state(struct model *m, struct conn *c, unsigned int state, __u64 since_ns, bool at_least)
{
	if (state == ST_LISTEN && c->state != ST_LISTEN)
		listener_add(m, c);
	conn_resolve(m, c, since_ns);
	m->by_state[c->state]--;
	m->by_state[state]++;
	small_waits(m, c, -1);
	c->state = state;
	c->since_ns = since_ns;
	c->at_least = at_least;
	small_waits(m, c, 1);
	count_port(m, c);
	conn_arm(m, c, since_ns);
}

static bool wanted(const struct model *m, const struct transition *t)
{
	return filter_step(&m->filter, t->from, t->to, t->dwell_ns);
}

bool model_full(const struct model *m)
{
	return m->count_max && m->sum.transitions >= m->count_max;
}

static void tell_step(struct model *m, struct transition *t)
{
	if (wanted(m, t) && !model_full(m)) {
		m->sum.transitions++;
		TELL(m, transition, t);
	}
}

/* The SYN_SENT that a filter on its local port did not know what to do with. */
static void tell_late(struct model *m, struct conn *c)
{
	struct transition t = {
		.conn = c,
		.mono_ns = c->since_ns,
		.from = ST_CLOSE,
		.to = ST_SYN_SENT,
		.first = true,
	};
	__u8 roles = c->roles;

	c->untold = false;
	c->roles = ROLES(ROLE_ACTIVE, 0);
	tell_step(m, &t);
	c->roles = roles;
}

void conn_tell(struct model *m, struct conn *c, struct transition *t)
{
	enum match match = conn_picked(m, c);

	if (match != MATCH_YES) {
		c->untold = match == MATCH_LATER && t->first && t->to == ST_SYN_SENT;
		return;
	}
	if (c->untold)
		tell_late(m, c);
	t->conn = c;
	t->over = t->first ? NULL : rules_passed(&m->rules, c, t->from, t->dwell_ns);
	tell_step(m, t);
}

void conn_step(struct model *m, struct conn *c, struct transition *t)
{
	conn_tell(m, c, t);
	conn_state(m, c, t->to, t->mono_ns, false);
}

void conn_forget(struct model *m, struct conn *c, __u64 now_ns)
{
	conn_resolve(m, c, now_ns);
	reuse_unlink(m, c);
	deadline_clear(&m->deadlines, &m->table, c);
	m->by_state[c->state]--;
	if (c->port_service)
		pressure_del(m->pressure, c->port_service);
	m->n_small -= c->small;
	small_waits(m, c, -1);
	m->n_limbo -= c->in_limbo;
	m->n_half_open -= c->half_open;
	m->n_set_aside -= c->set_aside && c->cookie & SET_ASIDE;
	table_del(&m->table, c);
}

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
		c->ident = *ident;
	else if (!c->ident.family)
		m->unknown = true;
	return c;
}

static int step_record(struct model *m, const struct rec_step *rec)
{
	struct rec_step s = *rec;
	struct sock_end end = {0};
	struct conn *c;

	if (!s.from || s.from >= ST_MAX || !s.to || s.to >= ST_MAX)
		return -EINVAL;
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

int model_record(struct model *m, const void *rec, size_t size)
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

	if (!size || *kind >= sizeof(want) / sizeof(*want) || size < want[*kind])
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

/* A step is told just before the socket has its new state: a row from between has the old one. */
#define ROW_EARLY_NS 1000000ULL

/* What a row says of a connection that is known: the kernel's word on its state. */
static void row_known(struct model *m, struct conn *c, const struct row_sock *row)
{
	c->seen_ns = row->mono_ns;
	c->missed = 0;
	/* a small socket has followed since the row was made */
	if (c->small || row->mono_ns < c->since_ns + ROW_EARLY_NS)
		return;
	if (c->ident.owner.how < row->ident.owner.how)
		c->ident.owner = row->ident.owner;
	if (!c->ident.family)
		c->ident = row->ident;
	if (c->state == row->state)
		return;
	if (c->streamed)
		stream_gap(m, c, row->mono_ns);
	c->roles |= row->roles;
	conn_state(m, c, row->state, row->since_ns, row->flags & ROW_AT_LEAST);
}

static void row_new(struct model *m, const struct row_sock *row)
{
	struct conn *c = conn_new(m, row->cookie);

	if (!c)
		return;
	c->ident = row->ident;
	c->roles = row->roles;
	c->before = row->flags & ROW_BEFORE && !m->started;
	c->seen_ns = row->mono_ns;
	conn_state(m, c, row->state, row->since_ns, row->flags & ROW_AT_LEAST);
}

bool model_behind(const struct model *m, const struct row_sock *row)
{
	const struct conn *c;

	if (row->kind == ROW_REQUEST || row->flags & ROW_FILTERED)
		return false;
	c = table_find(&m->table, row->cookie);
	if (row->kind == ROW_FULL)
		return !c || c->state != row->state;
	return !c || (!c->small && !c->in_limbo);
}

void model_row(struct model *m, const struct row_sock *row)
{
	struct conn *c;

	if (row->state >= ST_MAX)
		return;
	if (row->flags & ROW_FILTERED) {
		unshown_row(m, row);
		return;
	}
	if (row->kind == ROW_SMALL) {
		small_row(m, row);
		return;
	}
	if (row->kind == ROW_REQUEST)
		request_row(m, row);
	if (row->kind != ROW_FULL || row->state == ST_CLOSE)
		return;
	c = table_find(&m->table, row->cookie);
	if (c)
		row_known(m, c, row);
	else
		row_new(m, row);
}

void model_resync_begin(struct model *m, __u64 now_ns)
{
	m->resync_ns = now_ns;
	m->rows_half_open = 0;
	m->unknown = false;
}

/*
 * A full socket that the rows did not have.  MPTCP's are met only through a
 * descriptor: without one it is forgotten, and its next step says all that is
 * to be known of it.
 */
static bool missing(const struct model *m, struct conn *c)
{
	if (c->small || c->in_limbo || c->half_open || c->seen_ns >= m->resync_ns ||
	    c->since_ns >= m->resync_ns)
		return false;
	return c->ident.mptcp ? m->claims : ++c->missed >= MISSES;
}

void model_resync_end(struct model *m, __u64 now_ns)
{
	struct conn *c;
	__u32 slot = 0;

	while ((c = table_next(&m->table, &slot)))
		if (missing(m, c))
			conn_forget(m, c, now_ns);
	small_swept(m, now_ns);
}

__u64 model_due(const struct model *m)
{
	__u64 small = small_due(m);
	__u64 rule = deadline_first(&m->deadlines);

	return small < rule ? small : rule;
}

static void fire(struct model *m, struct conn *c, __u64 now_ns)
{
	const struct rule *rule = rules_passed(&m->rules, c, c->state, now_ns - c->since_ns);

	/* its process was known too late, or has closed it: another rule is for it */
	if (!rule) {
		conn_arm(m, c, now_ns);
		return;
	}
	/* of a socket that was there before, the graver threshold may be behind too */
	c->fired = rule - m->rules.rule;
	c->level++;
	tell_alert(m, c, &m->rules.rule[c->fired], now_ns, ALERT_FIRING);
	conn_arm(m, c, now_ns);
}

void model_tick(struct model *m, __u64 now_ns)
{
	stream_tell_gaps(m);
	small_tick(m, now_ns);
	while (deadline_first(&m->deadlines) <= now_ns)
		fire(m, deadline_conn(&m->deadlines, &m->table), now_ns);
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
	m->lost_ns = now_ns;
	if (count)
		TELL(m, lost, cause, count, now_ns);
}

void model_settle(struct model *m)
{
	stream_tell_gaps(m);
	small_tick(m, UINT64_MAX);
}

void model_summary(struct model *m, __u64 duration_ns)
{
	m->sum.duration_ns = duration_ns;
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
