// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/kills.h"
#include "cmd/run.h"
#include "util/log.h"

#define SECOND_NS 1000000000ULL

static bool make_room(struct kills *k)
{
	__u32 room = k->room ? 2 * k->room : 64;
	struct kill_wait *w;

	if (k->n < k->room)
		return true;
	if (room > KILLS_MAX)
		return false;
	w = malloc(room * sizeof(*w));
	if (!w)
		return false;
	for (__u32 i = 0; i < k->n; i++)
		w[i] = k->wait[(k->head + i) & (k->room - 1)];
	free(k->wait);
	k->wait = w;
	k->head = 0;
	k->room = room;
	return true;
}

static void fired(void *ctx, const struct alert *a)
{
	struct kills *k = ctx;
	struct kill_wait *w;

	if (!a->rule->kill)
		return;
	if (!make_room(k)) {
		if (!k->full_told)
			warn_line("more sockets wait to be closed than are kept: some stay");
		k->full_told = true;
		return;
	}
	w = &k->wait[(k->head + k->n++) & (k->room - 1)];
	w->conn = a->conn;
	w->cookie = a->conn->cookie;
	w->since_ns = a->conn->since_ns;
	memcpy(w->rule, a->rule->name, sizeof(w->rule));
	if (k->alarm->wake_ns && *k->alarm->wake_ns > k->next_ns)
		*k->alarm->wake_ns = k->next_ns;
}

void kills_init(struct kills *k, struct alarm *a, const struct kills_options *o)
{
	memset(k, 0, sizeof(*k));
	k->o = *o;
	k->alarm = a;
	if (!o->allowed)
		return;
	a->fired = fired;
	a->fired_ctx = k;
}

/* Still the socket, the stay and a rule that says so. */
static const struct rule *rule_of(const struct kills *k, const struct kill_wait *w)
{
	const struct conn *c = w->conn;
	const struct rule *rule = rules_by_name(&k->alarm->model->rules, w->rule);

	if (!c->used || !c->level || c->cookie != w->cookie || c->since_ns != w->since_ns)
		return NULL;
	return rule && rule->kill ? rule : NULL;
}

static void explain(struct kills *k, int err)
{
	if (k->unsupported || (err != -EOPNOTSUPP && err != -EPERM))
		return;
	k->unsupported = true;
	warn_line(err == -EPERM ? "--kill: not allowed: it takes CAP_NET_ADMIN"
				: "--kill: this kernel can't close sockets: it was built without "
				  "CONFIG_INET_DIAG_DESTROY");
}

/* Whether it was tried. */
static bool kill_one(struct kills *k, const struct kill_wait *w)
{
	const struct rule *rule = rule_of(k, w);
	struct kill_news news = {.conn = w->conn, .rule = rule, .dry_run = k->o.dry_run};

	if (!rule)
		return false;
	if (!k->o.dry_run)
		news.err = destroy_sock(&k->destroyer, &w->conn->ident, w->cookie & COOKIE_MASK,
					w->conn->state);
	if (news.err == -ENOENT)
		return false; /* it has just gone by itself */
	news.mono_ns = mono_now_ns();
	news.dwell_ns = news.mono_ns - w->since_ns;
	alarm_tell_kill(k->alarm, &news);
	explain(k, news.err);
	return true;
}

__u64 kills_round(struct kills *k, __u64 now_ns)
{
	while (k->n && k->next_ns <= now_ns) {
		struct kill_wait *w = &k->wait[k->head];

		k->head = (k->head + 1) & (k->room - 1);
		k->n--;
		if (kill_one(k, w))
			k->next_ns = now_ns + SECOND_NS / k->o.a_second;
	}
	return k->n ? k->next_ns : UINT64_MAX;
}

void kills_free(struct kills *k)
{
	destroyer_close(&k->destroyer);
	free(k->wait);
	k->wait = NULL;
	k->n = 0;
}
