// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/alarm.h"
#include "cmd/look.h"
#include "cmd/run.h"
#include "model/diagnosis.h"
#include "util/log.h"

#define MS 1000000ULL
#define SEC (1000 * MS)
/* A look reads all sockets: at most this part of the time goes into it ... */
#define LOOK_SHARE 10
/* ... unless an alert has waited: with the look it must not take a second. */
#define WAIT_MAX_NS (700 * MS)
/* The iterator can miss a socket while the table changes (before Linux 6.17). */
#define LOOKS 3
#define AGAIN_MIN_NS (5 * SEC)
#define AGAIN_MAX_NS (60 * SEC)

static struct alarm *alarm_of(struct sink *s)
{
	return (struct alarm *)s; /* its first member */
}

#define TELL(a, call, ...)                                                            \
	do {                                                                          \
		for (unsigned int i_ = 0; i_ < (a)->n_out; i_++)                      \
			if ((a)->out[i_]->ops->call)                                  \
				(a)->out[i_]->ops->call((a)->out[i_], ##__VA_ARGS__); \
	} while (0)

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/*
 * What the model tells
 */

static void alarm_hello(struct sink *s, const struct hello *h)
{
	struct hello copy = *h;

	copy.alerts_only = true;
	TELL(alarm_of(s), hello, &copy);
}

static void alarm_socket(struct sink *s, const struct conn *c, __u64 mono_ns)
{
	struct alarm *a = alarm_of(s);

	for (unsigned int i = 0; i < a->n_out; i++)
		if (a->wants_all[i] && a->out[i]->ops->socket)
			a->out[i]->ops->socket(a->out[i], c, mono_ns);
}

static void alarm_transition(struct sink *s, const struct transition *t)
{
	struct alarm *a = alarm_of(s);

	for (unsigned int i = 0; i < a->n_out; i++)
		if (a->wants_all[i] && a->out[i]->ops->transition)
			a->out[i]->ops->transition(a->out[i], t);
}

static void alarm_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	TELL(alarm_of(s), lost, cause, count, mono_ns);
}

static void wake_at(struct alarm *a, __u64 ns)
{
	if (a->wake_ns && *a->wake_ns > ns)
		*a->wake_ns = ns;
}

static struct waiting *one_more(struct alarm *a)
{
	__u32 room = a->wait_room ? 2 * a->wait_room : 64;
	struct waiting *w;

	if (a->n_wait < a->wait_room)
		return &a->wait[a->n_wait++];
	w = realloc(a->wait, room * sizeof(*w));
	if (!w)
		return NULL;
	a->wait = w;
	a->wait_room = room;
	return &a->wait[a->n_wait++];
}

/* How long an alert may wait, when a look takes as long as the last one did. */
static __u64 patience_ns(const struct alarm *a)
{
	__u64 looks_ns = 2 * a->look_ns;

	if (looks_ns + a->o.batch_ns > WAIT_MAX_NS)
		return a->o.batch_ns;
	return WAIT_MAX_NS - looks_ns;
}

static void fired(struct alarm *a, const struct alert *alert)
{
	struct waiting *w = one_more(a);

	if (!w) {
		a->model->no_memory = true;
		return;
	}
	memset(w, 0, sizeof(*w));
	w->alert = *alert;
	w->alert.rule = NULL;
	memcpy(w->rule, alert->rule->name, sizeof(w->rule));
	w->cookie = alert->conn->cookie;
	w->since_ns = alert->conn->since_ns;
	w->due_ns = alert->mono_ns + a->o.batch_ns;
	if (a->next_ns > w->due_ns)
		w->due_ns = earlier(a->next_ns, alert->mono_ns + patience_ns(a));
	wake_at(a, w->due_ns);
}

/* Of an alert that was not told there is nothing to resolve; what waits is looked at again. */
static void resolved(struct alarm *a, struct alert *alert)
{
	struct member *m = groups_find(&a->groups, table_slot(alert->conn));
	struct alert_group view;
	struct group *group;

	if (!m)
		return;
	group = m->group;
	groups_del(&a->groups, m, alert->mono_ns);
	view = group_view(group, alert->mono_ns);
	alert->group = &view;
	alert->diagnosis = view.key.diagnosis;
	a->changed = true;
	TELL(a, alert, alert);
	alert->group = NULL;
}

static void alarm_alert(struct sink *s, const struct alert *alert)
{
	struct alert copy = *alert;

	if (alert->status == ALERT_FIRING)
		fired(alarm_of(s), alert);
	else
		resolved(alarm_of(s), &copy);
}

/* Transitions are counted by those who want them; the others print none. */
static void alarm_summary(struct sink *s, const struct summary *sum)
{
	struct alarm *a = alarm_of(s);
	struct summary printed = *sum;

	printed.transitions = 0;
	printed.alerts = a->alerts;
	for (unsigned int i = 0; i < a->n_out; i++)
		if (a->out[i]->ops->summary)
			a->out[i]->ops->summary(a->out[i], a->wants_all[i] ? sum : &printed);
}

/*
 * The look at the kernel
 */

static void key_process(struct group_key *key, const struct alert *alert)
{
	const struct sock_ident *id = &alert->conn->ident;

	if (alert->n_holders) {
		key->pid = alert->holders[0].pid;
		memcpy(key->comm, alert->holders[0].comm, sizeof(key->comm));
	} else if (id->owner.how) {
		key->pid = id->owner.pid;
		memcpy(key->comm, id->owner.comm, sizeof(key->comm));
	} else {
		key->cgroup = id->cgroup;
	}
}

static struct group_key key_of(const struct alert *alert)
{
	const struct sock_ident *id = &alert->conn->ident;
	bool connected = ROLE_OPEN(alert->conn->roles) == ROLE_ACTIVE;
	struct group_key key;

	memset(&key, 0, sizeof(key)); /* keys are compared byte by byte */
	memcpy(key.rule, alert->rule->name, sizeof(key.rule));
	key.netns = id->netns;
	key.port = connected ? id->rport : id->lport;
	key.state = alert->state;
	key.diagnosis = alert->diagnosis;
	key.open = ROLE_OPEN(alert->conn->roles);
	key_process(&key, alert);
	return key;
}

static void tell_firing(struct alarm *a, struct alert *alert)
{
	__u64 id = table_slot(alert->conn);
	struct member *m = groups_find(&a->groups, id);
	struct group_key key = key_of(alert);
	struct alert_group view;

	if (!m)
		m = groups_add(&a->groups, &key, id, alert->conn->since_ns, alert->mono_ns);
	if (!m) {
		a->model->no_memory = true;
		return;
	}
	if (alert->rule->step)
		groups_grave(m);
	view = group_view(m->group, alert->mono_ns);
	alert->group = &view;
	a->changed = true;
	a->alerts++;
	TELL(a, alert, alert);
	if (a->fired)
		a->fired(a->fired_ctx, alert);
	alert->group = NULL;
}

void alarm_tell_kill(struct alarm *a, const struct kill_news *k)
{
	TELL(a, killed, k);
}

void alarm_set_clock(struct alarm *a, __s64 mono_to_real_ns)
{
	TELL(a, clock, mono_to_real_ns);
}

void alarm_tell_pressure(struct alarm *a, const struct pressure_news *n)
{
	TELL(a, pressure, n);
}

/* Whether the socket is still in the stay that the alert is of, as far as the model knows. */
static bool goes_on(const struct waiting *w)
{
	const struct conn *c = w->alert.conn;

	return c->used && c->level && c->cookie == w->cookie && c->since_ns == w->since_ns &&
	       c->state == w->alert.state;
}

/* Not in the table that iter/tcp reads; or without a cookie of its own. */
static bool cannot_be_met(const struct conn *c)
{
	return c->ident.mptcp || c->half_open;
}

static bool closed_by_holder(const struct rule *rule, const struct look *l)
{
	return rule->held && l->row.flags & ROW_ORPHAN;
}

static __u64 again_ns(const struct rule *rule)
{
	__u64 ns = rule->threshold_ns / 4;

	if (ns < AGAIN_MIN_NS)
		return AGAIN_MIN_NS;
	return earlier(ns, AGAIN_MAX_NS);
}

/* The kernel keeps no begin of the stay: the model knows it better than the row. */
static struct row_sock row_of(const struct waiting *w, const struct look *l)
{
	struct row_sock row = l->row;

	if (w->since_ns >= row.since_ns)
		return row;
	row.since_ns = w->since_ns;
	if (!w->alert.conn->at_least)
		row.flags &= ~ROW_AT_LEAST;
	return row;
}

static bool may_be_held(const struct row_sock *r)
{
	return r->kind == ROW_FULL && !(r->flags & (ROW_ORPHAN | ROW_QUEUED | ROW_NO_FILE));
}

/*
 * That no process holds it counts as seen when the socket was met before and
 * after the descriptors were gone through: it may have been closed, or handed
 * on, between the first look at it and that.
 */
static bool look_twice(struct alarm *a, struct waiting *w, const struct look *l, __u32 n_holders)
{
	bool unheld = a->searched && !a->holders.partial && !n_holders && may_be_held(&l->row);
	bool again = unheld && !w->unheld;

	w->unheld = unheld;
	return again;
}

static enum diagnosis diagnose_met(struct waiting *w, const struct look *l,
				   const struct alert *alert)
{
	struct row_sock row = row_of(w, l);
	struct evidence e = {
		.row = &row,
		.holder = alert->holders,
		.n_holders = alert->n_holders,
		.looked = w->unheld,
		.sent_since = w->looked && l->row.bytes_sent > w->bytes_sent,
	};

	w->looked = true;
	w->bytes_sent = l->row.bytes_sent;
	return diagnose(&e);
}

/* After a look: true when there is nothing more to wait for. */
static bool judge(struct alarm *a, struct waiting *w, const struct look *l, __u64 now_ns)
{
	const struct rule *rule = rules_by_name(&a->model->rules, w->rule);
	struct alert alert = w->alert;

	if (!goes_on(w) || !rule || l->found == LOOK_ELSEWHERE)
		return true;
	if (l->found == LOOK_MISSED && !cannot_be_met(w->alert.conn)) {
		w->due_ns = now_ns + a->o.batch_ns;
		return ++w->absent >= LOOKS;
	}
	alert.rule = rule;
	alert.mono_ns = now_ns;
	alert.dwell_ns = now_ns - w->since_ns;
	if (l->found == LOOK_MET) {
		if (closed_by_holder(rule, l))
			return true;
		if (a->searched && l->row.kind == ROW_FULL)
			alert.holders = holders_of(&a->holders, l->cookie, &alert.n_holders);
		if (look_twice(a, w, l, alert.n_holders)) {
			w->due_ns = now_ns + a->o.batch_ns;
			return false;
		}
		alert.diagnosis = diagnose_met(w, l, &alert);
	}
	if (!diagnosis_is_fault(alert.diagnosis) && !rule->half_close && !a->o.half_close) {
		w->due_ns = now_ns + again_ns(rule);
		return false;
	}
	tell_firing(a, &alert);
	return true;
}

/* Small sockets have none. */
static void find_holders(struct alarm *a, struct looks *ls)
{
	int err = a->has_holders ? looks_holders(ls, &a->holders) : 0;

	a->searched = a->has_holders && !err;
	if (err)
		warn_line("who holds the sockets could not be read: %s", strerror(-err));
}

static int read_now(struct alarm *a, struct looks *ls, __u64 now_ns)
{
	int err = looks_read(ls, a->rows, a->rows_ctx);

	if (!err)
		return 0;
	warn_line("the sockets that are there could not be read: %s", strerror(-err));
	for (__u32 i = 0; i < a->n_wait; i++)
		a->wait[i].due_ns = now_ns + SEC;
	return err;
}

/* One read of all sockets for what is due, as many as a look takes. */
static void look(struct alarm *a, __u64 now_ns)
{
	struct looks ls;
	__u32 kept = 0, n = 0;

	if (looks_init(&ls, a->n_wait)) {
		a->model->no_memory = true;
		return;
	}
	for (__u32 i = 0; i < a->n_wait; i++)
		if (a->wait[i].due_ns <= now_ns && goes_on(&a->wait[i]))
			looks_add(&ls, a->wait[i].alert.conn, a->wait[i].alert.state, i);
	if (ls.n && read_now(a, &ls, now_ns))
		goto out;
	find_holders(a, &ls);
	now_ns = mono_now_ns();
	for (__u32 i = 0; i < a->n_wait; i++) {
		struct waiting *w = &a->wait[i];
		bool asked = n < ls.n && ls.look[n].from == i;
		bool done = asked ? judge(a, w, &ls.look[n], now_ns) : !goes_on(w);

		n += asked;
		if (!done)
			a->wait[kept++] = *w;
	}
	a->n_wait = kept;
out:
	looks_free(&ls);
}

static __u64 wait_due(const struct alarm *a)
{
	__u64 due_ns = UINT64_MAX;

	for (__u32 i = 0; i < a->n_wait; i++)
		due_ns = earlier(due_ns, a->wait[i].due_ns);
	return due_ns;
}

struct news {
	struct alarm *alarm;
	__u64 now_ns;
};

static void tell_group(void *ctx, const struct group *g, enum group_news news)
{
	struct news *n = ctx;
	struct alert_group view = group_view(g, n->now_ns);

	TELL(n->alarm, group, &view, news, n->now_ns);
}

__u64 alarm_round(struct alarm *a, __u64 now_ns)
{
	struct news n = {a, now_ns};

	if (wait_due(a) <= now_ns) {
		look(a, now_ns);
		n.now_ns = mono_now_ns();
		a->look_ns = n.now_ns - now_ns;
		a->next_ns = n.now_ns + LOOK_SHARE * a->look_ns;
	}
	if (a->changed || groups_due(&a->groups) <= now_ns)
		groups_news(&a->groups, n.now_ns, tell_group, &n);
	a->changed = false;
	return earlier(wait_due(a), groups_due(&a->groups));
}

static int alarm_flush(struct sink *s)
{
	struct alarm *a = alarm_of(s);
	int err = 0;

	wake_at(a, alarm_round(a, mono_now_ns()));
	for (unsigned int i = 0; i < a->n_out; i++) {
		int e = a->out[i]->ops->flush ? a->out[i]->ops->flush(a->out[i]) : 0;

		err = err ? err : e;
	}
	return err;
}

static void alarm_free(struct sink *s)
{
	struct alarm *a = alarm_of(s);

	TELL(a, free);
	a->n_out = 0;
	if (a->has_holders)
		holders_close(&a->holders);
	groups_free(&a->groups);
	free(a->wait);
	a->wait = NULL;
}

static const struct sink_ops alarm_ops = {
	.hello = alarm_hello,
	.socket = alarm_socket,
	.transition = alarm_transition,
	.alert = alarm_alert,
	.lost = alarm_lost,
	.summary = alarm_summary,
	.flush = alarm_flush,
	.free = alarm_free,
};

int alarm_init(struct alarm *a, struct model *m, const struct alarm_options *o)
{
	int err;

	memset(a, 0, sizeof(*a));
	a->sink.ops = &alarm_ops;
	a->model = m;
	a->o = *o;
	err = groups_init(&a->groups);
	if (err)
		return err;
	a->has_holders = !o->no_holders && !holders_open(&a->holders);
	return 0;
}

int alarm_add_sink(struct alarm *a, struct sink *s, bool all)
{
	if (a->n_out == ALARM_SINKS)
		return -ENOSPC;
	a->wants_all[a->n_out] = all;
	a->out[a->n_out++] = s;
	return 0;
}
