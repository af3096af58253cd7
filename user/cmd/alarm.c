// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/alarm.h"
#include "cmd/run.h"
#include "cmd/waiting.h"

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

static void fired(struct alarm *a, const struct alert *alert)
{
	__u64 due_ns;

	if (waiting_add(a, alert, &due_ns))
		a->model->no_memory = true;
	else
		wake_at(a, due_ns);
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
 * What goes out
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

void alarm_tell(struct alarm *a, struct alert *alert)
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
	struct news n = {a, waiting_look(a, now_ns)};

	if (a->changed || groups_due(&a->groups) <= now_ns)
		groups_news(&a->groups, n.now_ns, tell_group, &n);
	a->changed = false;
	return earlier(waiting_due(a), groups_due(&a->groups));
}

void alarm_new_rules(struct alarm *a, const struct rules *rules)
{
	waiting_new_rules(a, rules);
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
