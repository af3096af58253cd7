// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The alerts that the model has fired: each is looked up in the kernel, and judged. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/look.h"
#include "cmd/run.h"
#include "cmd/waiting.h"
#include "model/diagnosis.h"
#include "util/files.h"
#include "util/log.h"

#define MS 1000000ULL
#define SEC (1000 * MS)
/* A look reads all sockets: at most this part of the time goes into it ... */
#define LOOK_SHARE 10
/*
 * ... unless an alert has waited.  It is told within a second; half of that is
 * for a machine that has other things to do.
 */
#define WAIT_MAX_NS (400 * MS)
/* The iterator can miss a socket while the table changes (before Linux 6.17). */
#define LOOKS 3
#define AGAIN_MIN_NS (5 * SEC)
#define AGAIN_MAX_NS (60 * SEC)
#define NO_RULE UINT8_MAX

_Static_assert(RULES_MAX <= NO_RULE, "a rule's number");

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/*
 * What waits
 */

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

int waiting_add(struct alarm *a, const struct alert *alert, __u64 *due_ns)
{
	struct waiting *w = one_more(a);

	if (!w)
		return -ENOMEM;
	*w = (struct waiting){
		.conn = alert->conn,
		.cookie = alert->conn->cookie,
		.since_ns = alert->conn->since_ns,
		.due_ns = alert->mono_ns + a->o.batch_ns,
		.rule = alert->rule - a->model->rules.rule,
		.state = alert->state,
	};
	if (a->next_ns > w->due_ns)
		w->due_ns = earlier(a->next_ns, alert->mono_ns + patience_ns(a));
	*due_ns = w->due_ns;
	return 0;
}

__u64 waiting_due(const struct alarm *a)
{
	__u64 due_ns = UINT64_MAX;

	for (__u32 i = 0; i < a->n_wait; i++)
		due_ns = earlier(due_ns, a->wait[i].due_ns);
	return due_ns;
}

void waiting_new_rules(struct alarm *a, const struct rules *rules)
{
	for (__u32 i = 0; i < a->n_wait; i++) {
		struct waiting *w = &a->wait[i];
		const struct rule *now = NULL;

		if (w->rule != NO_RULE)
			now = rules_by_name(rules, a->model->rules.rule[w->rule].name);
		w->rule = now ? now - rules->rule : NO_RULE;
	}
}

/*
 * The verdict
 */

/* Whether the socket is still in the stay that the alert is of, as far as the model knows. */
static bool goes_on(const struct waiting *w)
{
	const struct conn *c = w->conn;

	return c->used && c->level && c->cookie == w->cookie && c->since_ns == w->since_ns &&
	       c->state == w->state;
}

/* Not in the table that iter/tcp reads; or without a cookie of its own. */
static bool cannot_be_met(const struct conn *c)
{
	return c->ident.mptcp || c->half_open;
}

static bool closed_by_holder(const struct rule *rule, const struct look *l)
{
	return rule->held && l->flags & ROW_ORPHAN;
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
	struct row_sock row = look_row(l);

	if (w->since_ns >= row.since_ns)
		return row;
	row.since_ns = w->since_ns;
	if (!w->conn->at_least)
		row.flags &= ~ROW_AT_LEAST;
	return row;
}

static bool may_be_held(const struct look *l)
{
	return l->kind == ROW_FULL && !(l->flags & (ROW_ORPHAN | ROW_QUEUED | ROW_NO_FILE));
}

/*
 * That no process holds it counts as seen when the socket was met before and
 * after the descriptors were gone through: it may have been closed, or handed
 * on, between the first look at it and that.
 */
static bool look_twice(const struct alarm *a, struct waiting *w, const struct look *l,
		       __u32 n_holders)
{
	bool unheld = a->searched && !a->holders.partial && !n_holders && may_be_held(l);
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
		.again = w->looked,
		.moved_since = w->looked && l->moved > w->moved,
	};

	w->looked = true;
	w->moved = l->moved;
	return diagnose(&e);
}

static struct alert alert_of(const struct alarm *a, const struct waiting *w, __u64 now_ns)
{
	return (struct alert){
		.conn = w->conn,
		.rule = &a->model->rules.rule[w->rule],
		.mono_ns = now_ns,
		.dwell_ns = now_ns - w->since_ns,
		.status = ALERT_FIRING,
		.state = w->state,
		.at_least = w->conn->at_least,
	};
}

static bool put_off(struct waiting *w, __u64 until_ns)
{
	w->due_ns = until_ns;
	return false;
}

/* The socket is there, in its state: false when it has to be looked at once more. */
static bool see(struct alarm *a, struct waiting *w, const struct look *l, struct alert *alert)
{
	model_learn_port(a->model, w->conn, l->lport);
	if (a->searched && l->kind == ROW_FULL)
		alert->holders = holders_of(&a->holders, l->cookie, &alert->n_holders);
	if (look_twice(a, w, l, alert->n_holders))
		return false;
	alert->diagnosis = diagnose_met(w, l, alert);
	return true;
}

/* After a look: true when there is nothing more to wait for. */
static bool judge(struct alarm *a, struct waiting *w, const struct look *l, __u64 now_ns)
{
	struct alert alert;

	if (!goes_on(w) || w->rule == NO_RULE || l->found == LOOK_ELSEWHERE)
		return true;
	if (l->found == LOOK_MISSED && !cannot_be_met(w->conn)) {
		if (++w->absent >= LOOKS)
			return true;
		return put_off(w, now_ns + a->o.batch_ns);
	}
	alert = alert_of(a, w, now_ns);
	if (l->found == LOOK_MET) {
		if (closed_by_holder(alert.rule, l))
			return true;
		if (!see(a, w, l, &alert))
			return put_off(w, now_ns + a->o.batch_ns);
	}
	if (!diagnosis_is_fault(alert.diagnosis) && !alert.rule->half_close && !a->o.half_close)
		return put_off(w, now_ns + again_ns(alert.rule));
	alarm_tell(a, &alert);
	return true;
}

/* Small sockets have none. */
static void find_holders(struct alarm *a, struct looks *ls)
{
	int err = a->has_holders ? looks_holders(ls, &a->holders) : 0;

	a->searched = a->has_holders && !err;
	if (err)
		warn_line("who holds the sockets could not be read: %s", files_strerror(-err));
}

static int read_now(struct alarm *a, struct looks *ls, __u64 now_ns)
{
	int err = looks_read(ls, a->rows, a->rows_ctx);

	if (!err)
		return 0;
	warn_line("the sockets that are there could not be read: %s", files_strerror(-err));
	for (__u32 i = 0; i < a->n_wait; i++)
		a->wait[i].due_ns = now_ns + SEC;
	return err;
}

/*
 * What is due, and what nobody has looked at yet: it is past its threshold, and
 * waits only for others to share the look.
 */
static bool takes_part(const struct waiting *w, __u64 now_ns)
{
	bool seen = w->looked || w->unheld || w->absent;

	return (w->due_ns <= now_ns || !seen) && goes_on(w);
}

static void judge_all(struct alarm *a, const struct looks *ls)
{
	__u64 now_ns = mono_now_ns();
	__u32 kept = 0, n = 0;

	for (__u32 i = 0; i < a->n_wait; i++) {
		struct waiting *w = &a->wait[i];
		bool asked = n < ls->n && ls->look[n].from == i;
		bool done = asked ? judge(a, w, &ls->look[n], now_ns) : !goes_on(w);

		n += asked;
		if (!done)
			a->wait[kept++] = *w;
	}
	a->n_wait = kept;
}

static __u32 count_part(const struct alarm *a, __u64 now_ns)
{
	__u32 n = 0;

	for (__u32 i = 0; i < a->n_wait; i++)
		n += takes_part(&a->wait[i], now_ns);
	return n;
}

/* One read of all sockets, and one of all descriptors, for as many as a look takes. */
static void look(struct alarm *a, __u64 now_ns)
{
	struct looks ls;

	if (looks_init(&ls, count_part(a, now_ns))) {
		a->model->no_memory = true;
		return;
	}
	for (__u32 i = 0; i < a->n_wait; i++)
		if (takes_part(&a->wait[i], now_ns))
			looks_add(&ls, a->wait[i].conn, a->wait[i].state, i);
	if (!ls.n || !read_now(a, &ls, now_ns)) {
		find_holders(a, &ls);
		judge_all(a, &ls);
		holders_forget(&a->holders);
	}
	looks_free(&ls);
}

__u64 waiting_look(struct alarm *a, __u64 now_ns)
{
	__u64 ended_ns;

	if (waiting_due(a) > now_ns)
		return now_ns;
	look(a, now_ns);
	ended_ns = mono_now_ns();
	a->look_ns = ended_ns - now_ns;
	a->next_ns = ended_ns + LOOK_SHARE * a->look_ns;
	return ended_ns;
}
