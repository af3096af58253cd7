// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "model/report.h"
#include "model/rules.h"

static struct report *report_of(struct sink *s)
{
	return (struct report *)s; /* its first member */
}

/* A half-open connection's number is another one for the same state. */
static unsigned int one_number(unsigned int state)
{
	if (state == ST_NEW_SYN_RECV)
		return ST_SYN_RECV;
	return state < ST_MAX ? state : ST_NONE;
}

static void copy(char *to, size_t room, const char *text)
{
	size_t n = text ? strnlen(text, room - 1) : 0;

	memcpy(to, text ? text : "", n);
	to[n] = '\0';
}

static void report_hello(struct sink *s, const struct hello *h)
{
	struct report *r = report_of(s);

	copy(r->version, sizeof(r->version), h->version);
	copy(r->kernel, sizeof(r->kernel), h->kernel);
	copy(r->tier, sizeof(r->tier), h->tier);
	copy(r->tier_reason, sizeof(r->tier_reason), h->tier_reason);
	copy(r->filter, sizeof(r->filter), h->filter);
	r->n_netns = h->n_netns;
	r->begin_ns = h->mono_ns;
	memcpy(r->at_begin, h->sockets, sizeof(r->at_begin));
	memcpy(r->peak, h->sockets, sizeof(r->peak));
	timeline_begin(&r->time, h->mono_ns);
	timeline_at(&r->time, h->mono_ns, h->sockets);
}

/*
 * Ports towards a service
 */

static const struct pressure_limits *limits_of(const struct pressure *p, __u32 netns)
{
	for (__u32 i = 0; i < p->n_ns; i++)
		if (p->ns[i].netns == netns)
			return &p->ns[i];
	return NULL;
}

static bool same_service(const struct report_port *port, const struct peer_service *s)
{
	return port->rport == s->rport && port->netns == s->netns &&
	       !memcmp(port->raddr, s->raddr, 16) && !memcmp(port->laddr, s->laddr, 16);
}

/* Its place, or that of the smallest, or a new one. */
static struct report_port *port_of(struct report *r, const struct peer_service *s)
{
	struct report_port *least = &r->port[0];

	for (__u32 i = 0; i < r->n_ports; i++) {
		if (same_service(&r->port[i], s))
			return &r->port[i];
		if (r->port[i].peak < least->peak)
			least = &r->port[i];
	}
	if (r->n_ports < REPORT_PORTS)
		least = &r->port[r->n_ports++];
	else if (least->peak >= s->used)
		return NULL;
	memset(least, 0, sizeof(*least));
	memcpy(least->laddr, s->laddr, sizeof(least->laddr));
	memcpy(least->raddr, s->raddr, sizeof(least->raddr));
	least->rport = s->rport;
	least->netns = s->netns;
	return least;
}

static void look_at_ports(struct report *r)
{
	static const struct pressure_limits first = {.low = 32768, .high = 60999};
	const struct pressure *p = r->pressure;
	const struct pressure_limits *limits;

	for (__u32 i = 0; p && i < p->room; i++) {
		const struct peer_service *s = &p->service[i];
		struct report_port *port = s->used ? port_of(r, s) : NULL;

		if (!port || s->used <= port->peak)
			continue;
		limits = limits_of(p, s->netns);
		port->peak = s->used;
		port->limits_known = limits;
		port->usable = pressure_usable(limits ? limits : &first);
	}
}

/*
 * Transitions
 */

/* Of what is counted now and then only. */
static void see_most(struct report *r)
{
	for (unsigned int i = 0; r->recount && i < ST_MAX; i++)
		if (r->by_state[i] > r->peak[i])
			r->peak[i] = r->by_state[i];
}

static struct report_column *column(struct report *r, __u64 now_ns)
{
	__u32 before = r->time.n;
	struct report_column *c;

	if (r->recount && !timeline_has(&r->time, now_ns))
		r->recount(r->recount_ctx);
	c = timeline_at(&r->time, now_ns, r->by_state);
	see_most(r);
	if (now_ns > r->end_ns)
		r->end_ns = now_ns;
	if (r->time.n != before)
		look_at_ports(r);
	return c;
}

bool report_is_failure(enum reason reason, unsigned int from)
{
	switch (reason) {
	case REASON_RESET_RECEIVED:
	case REASON_RESET_SENT:
	case REASON_TIMEOUT:
	case REASON_REFUSED:
	case REASON_UNREACHABLE:
	case REASON_ABORTED:
	case REASON_KILLED:
		return from != ST_TIME_WAIT;
	default:
		return false;
	}
}

static void owner_key(struct topn_key *key, const struct sock_ident *id)
{
	size_t n = strnlen(id->owner.comm, COMM_LEN);

	memcpy(key->comm, id->owner.comm, n);
	key->cgroup = id->cgroup;
}

/* The service's port: our own where the peer came to us. */
static void peer_key(struct topn_key *key, const struct conn *c)
{
	memcpy(key->addr, c->ident.raddr, sizeof(key->addr));
	key->open = ROLE_OPEN(c->roles);
	key->port = key->open == ROLE_PASSIVE ? c->ident.lport : c->ident.rport;
}

static void count_traffic(struct topn_row *row, const struct sock_end *e)
{
	row->sent += e->bytes_sent;
	row->received += e->bytes_received;
	row->retransmits += e->retransmits;
}

static void count_in(struct topn_row *row, const struct transition *t, bool begins, bool failed)
{
	row->weight++;
	row->transitions++;
	row->connections += begins;
	row->failed += failed;
	if (t->end)
		count_traffic(row, t->end);
}

static void count_failure(struct report *r, const struct transition *t, unsigned int from)
{
	struct topn_key key = {.reason = t->reason, .state = from};
	struct topn_row *row;

	owner_key(&key, &t->conn->ident);
	key.cgroup = 0; /* a row for each of many short-lived ones would be none */
	peer_key(&key, t->conn);
	row = topn_at(&r->failures, &key);
	row->weight++;
	row->failed++;
}

static void count_groups(struct report *r, const struct transition *t, bool begins, bool failed)
{
	bool listener = t->from == ST_LISTEN || t->to == ST_LISTEN;
	struct topn_key process = {0}, peer = {0};

	owner_key(&process, &t->conn->ident);
	count_in(topn_at(&r->processes, &process), t, begins, failed);
	if (listener && !begins)
		return;
	peer_key(&peer, t->conn);
	count_in(topn_at(&r->peers, &peer), t, begins, failed);
}

void report_waiting(struct report *r, const struct conn *c)
{
	const struct sock_end *e = &c->end;
	struct topn_key process = {0}, peer = {0};

	if (!c->small || !(e->bytes_sent | e->bytes_received | e->retransmits))
		return;
	owner_key(&process, &c->ident);
	peer_key(&peer, c);
	count_traffic(topn_at(&r->processes, &process), e);
	count_traffic(topn_at(&r->peers, &peer), e);
}

static void count_stay(struct report *r, const struct transition *t, unsigned int from,
		       unsigned int to)
{
	r->count[from][to]++;
	if (t->first)
		return;
	if (t->at_least)
		r->bounds[from]++;
	else
		dwells_add(&r->dwell[from][to], t->dwell_ns);
}

static void report_transition(struct sink *s, const struct transition *t)
{
	struct report *r = report_of(s);
	unsigned int from = one_number(t->from), to = one_number(t->to);
	struct report_column *c = column(r, t->mono_ns);
	bool failed = t->reason && report_is_failure(t->reason, from);
	bool begins = t->first && to != ST_LISTEN;

	timeline_step(&r->time, t->mono_ns, t->first ? ST_NONE : from, to);
	count_stay(r, t, from, to);
	r->transitions++;
	r->connections += begins;
	r->failed += failed;
	c->transitions++;
	c->failed += failed;
	if (t->reason < REASON_MAX)
		r->ends[t->reason][from] += t->reason != REASON_NONE;
	/* it is told before it is counted */
	if (r->by_state && !r->recount && r->by_state[t->to] >= r->peak[to] && to != ST_CLOSE)
		r->peak[to] = r->by_state[t->to] + 1;
	count_groups(r, t, begins, failed);
	if (failed)
		count_failure(r, t, from);
}

/*
 * Stuck sockets
 */

static struct report_stuck *stuck_of(struct report *r, const struct alert *a)
{
	for (__u32 i = r->n_stuck; i-- > 0;)
		if (r->stuck[i].cookie == a->conn->cookie && r->stuck[i].state == a->state &&
		    !r->stuck[i].over)
			return &r->stuck[i];
	return NULL;
}

static struct topn_row *stuck_row(struct report *r, const struct sock_ident *ident, __u8 roles,
				  __u8 state)
{
	struct topn_key key = {.state = state, .open = ROLE_OPEN(roles)};

	owner_key(&key, ident);
	key.port = key.open == ROLE_PASSIVE ? ident->lport : ident->rport;
	return topn_at(&r->stuck_by, &key);
}

static void stay_is(struct topn_row *row, __u64 dwell_ns)
{
	if (dwell_ns > row->longest_ns)
		row->longest_ns = dwell_ns;
}

static struct report_stuck *stuck_new(struct report *r, const struct alert *a)
{
	struct report_stuck *s;

	if (r->n_stuck == REPORT_STUCK)
		return NULL;
	s = &r->stuck[r->n_stuck++];
	memset(s, 0, sizeof(*s));
	s->cookie = a->conn->cookie;
	s->since_ns = a->mono_ns - a->dwell_ns;
	s->state = a->state;
	s->at_least = a->at_least;
	s->threshold_ns = a->rule ? a->rule->threshold_ns : 0;
	if (a->rule)
		copy(s->rule, sizeof(s->rule), a->rule->name);
	return s;
}

static void take_holders(struct report_stuck *s, const struct alert *a)
{
	s->n_holders = a->n_holders;
	for (__u32 i = 0; i < a->n_holders && i < REPORT_HOLDERS; i++) {
		s->holder[i] = a->holders[i];
		s->holder[i].cmdline = NULL; /* it does not last */
	}
}

/* The first alert of a stay: that of a graver threshold follows another one. */
static void count_stuck(struct report *r, struct topn_row *row, const struct alert *a,
			struct report_stuck **s)
{
	if (r->n_stuck == REPORT_STUCK && a->rule && a->rule->step)
		return;
	*s = stuck_new(r, a);
	row->weight++;
	row->stuck++;
	r->stuck_total++;
}

static void report_alert(struct sink *sink, const struct alert *a)
{
	struct report *r = report_of(sink);
	struct report_stuck *s = stuck_of(r, a);
	struct topn_row *row = stuck_row(r, &a->conn->ident, a->conn->roles, a->state);

	if (a->status == ALERT_FIRING && !s)
		count_stuck(r, row, a, &s);
	stay_is(row, a->dwell_ns);
	if (!s)
		return;
	s->ident = a->conn->ident;
	s->roles = a->conn->roles;
	s->dwell_ns = a->dwell_ns;
	s->over = a->status == ALERT_RESOLVED;
	if (a->diagnosis)
		s->diagnosis = a->diagnosis;
	if (a->n_holders)
		take_holders(s, a);
}

static void report_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	(void)mono_ns;
	report_of(s)->lost[cause] += count;
}

static void report_summary(struct sink *s, const struct summary *sum)
{
	struct report *r = report_of(s);

	r->sum = *sum;
	r->summed_up = true;
	if (r->recount)
		r->recount(r->recount_ctx);
	if (r->by_state)
		memcpy(r->at_end, r->by_state, sizeof(r->at_end));
	if (r->begin_ns + sum->duration_ns > r->end_ns)
		r->end_ns = r->begin_ns + sum->duration_ns;
	look_at_ports(r);
}

static void report_free(struct sink *s)
{
	struct report *r = report_of(s);

	topn_free(&r->processes);
	topn_free(&r->peers);
	topn_free(&r->failures);
	topn_free(&r->stuck_by);
	free(r);
}

static const struct sink_ops ops = {
	.hello = report_hello,
	.transition = report_transition,
	.alert = report_alert,
	.lost = report_lost,
	.summary = report_summary,
	.free = report_free,
};

struct report *report_new(void)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->sink.ops = &ops;
	timeline_begin(&r->time, 0);
	if (topn_init(&r->processes) || topn_init(&r->peers) || topn_init(&r->failures) ||
	    topn_init(&r->stuck_by)) {
		report_free(&r->sink);
		return NULL;
	}
	return r;
}

/*
 * At the end
 */

static int by_dwell(const void *a, const void *b)
{
	const struct report_stuck *x = a, *y = b;

	if (x->dwell_ns != y->dwell_ns)
		return x->dwell_ns < y->dwell_ns ? 1 : -1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

static int by_peak(const void *a, const void *b)
{
	const struct report_port *x = a, *y = b;

	return x->peak < y->peak ? 1 : x->peak > y->peak ? -1 : 0;
}

/* Those that are still stuck go on until then. */
static void close_stuck(struct report *r)
{
	for (__u32 i = 0; i < r->n_stuck; i++) {
		struct report_stuck *s = &r->stuck[i];

		if (s->over || r->end_ns <= s->since_ns)
			continue;
		s->dwell_ns = r->end_ns - s->since_ns;
		stay_is(stuck_row(r, &s->ident, s->roles, s->state), s->dwell_ns);
	}
	qsort(r->stuck, r->n_stuck, sizeof(*r->stuck), by_dwell);
}

void report_close(struct report *r, __u64 end_ns)
{
	if (end_ns > r->end_ns)
		r->end_ns = end_ns;
	if (r->end_ns < r->begin_ns)
		r->end_ns = r->begin_ns;
	timeline_at(&r->time, r->end_ns, r->at_end);
	close_stuck(r);
	qsort(r->port, r->n_ports, sizeof(*r->port), by_peak);
	topn_sort(&r->processes);
	topn_sort(&r->peers);
	topn_sort(&r->failures);
	topn_sort(&r->stuck_by);
}

void report_state_dwells(const struct report *r, unsigned int state, struct dwells *d)
{
	memset(d, 0, sizeof(*d));
	for (unsigned int to = 0; to < ST_MAX; to++)
		dwells_merge(d, &r->dwell[state][to]);
}

__u64 report_state_left(const struct report *r, unsigned int state)
{
	__u64 n = 0;

	for (unsigned int to = 0; to < ST_MAX; to++)
		n += r->count[state][to];
	return n;
}
