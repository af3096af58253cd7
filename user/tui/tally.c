// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/tally.h"

#define INDEX_MIN 256

const char *grouping_name(enum grouping by)
{
	static const char *const names[GROUPINGS] = {
		[BY_NONE] = "none",   [BY_PROCESS] = "process", [BY_PEER] = "peer",
		[BY_STATE] = "state", [BY_PORT] = "port",
	};

	return by < GROUPINGS ? names[by] : "?";
}

static __u16 port_of(const struct conn *c)
{
	const struct sock_ident *id = &c->ident;

	if (c->state == ST_LISTEN || ROLE_OPEN(c->roles) == ROLE_PASSIVE)
		return id->lport;
	if (ROLE_OPEN(c->roles) == ROLE_ACTIVE)
		return id->rport;
	/* clients' ports are picked from above those of most services */
	return id->lport < id->rport ? id->lport : id->rport;
}

bool bunch_id_of(enum grouping by, const struct conn *c, struct bunch_id *key)
{
	*key = (struct bunch_id){0};
	switch (by) {
	case BY_PROCESS:
		key->word[0] = c->ident.owner.how ? c->ident.owner.pid : 0;
		return true;
	case BY_PEER:
		memcpy(key, c->ident.raddr, sizeof(*key));
		return c->state != ST_LISTEN;
	case BY_STATE:
		key->word[0] = shown_state(c->state);
		return true;
	case BY_PORT:
		key->word[0] = port_of(c);
		return true;
	default:
		return false;
	}
}

int tally_init(struct tally *g, enum grouping by)
{
	memset(g, 0, sizeof(*g));
	g->by = by;
	g->index = calloc(INDEX_MIN, sizeof(*g->index));
	g->mask = INDEX_MIN - 1;
	return g->index ? 0 : -ENOMEM;
}

void tally_free(struct tally *g)
{
	free(g->group);
	free(g->index);
	free(g->order);
	memset(g, 0, sizeof(*g));
}

static __u32 home(const struct tally *g, const struct bunch_id *key)
{
	__u64 h = (key->word[0] ^ key->word[1] * 0xff51afd7ed558ccdULL) * 0x9e3779b97f4a7c15ULL;

	return (__u32)(h >> 32) & g->mask;
}

/* Where it is in the index, or would be. */
static __u32 *index_of(const struct tally *g, const struct bunch_id *key)
{
	__u32 i = home(g, key);

	while (g->index[i] && memcmp(&g->group[g->index[i] - 1].key, key, sizeof(*key)) != 0)
		i = (i + 1) & g->mask;
	return &g->index[i];
}

static void index_all(struct tally *g)
{
	memset(g->index, 0, ((size_t)g->mask + 1) * sizeof(*g->index));
	for (__u32 i = 0; i < g->n; i++)
		*index_of(g, &g->group[i].key) = i + 1;
}

/* 0 or -ENOMEM: twice as many groups, and an index that is a quarter full at most. */
static int grow(struct tally *g)
{
	__u32 room = g->room ? 2 * g->room : INDEX_MIN / 4;
	struct bunch *group = realloc(g->group, room * sizeof(*group));
	struct pick *order;
	__u32 *index;

	if (!group)
		return -ENOMEM;
	g->group = group;
	order = realloc(g->order, room * sizeof(*order));
	if (!order)
		return -ENOMEM;
	g->order = order;
	index = realloc(g->index, 4 * (size_t)room * sizeof(*index));
	if (!index)
		return -ENOMEM;
	g->index = index;
	g->mask = 4 * room - 1;
	g->room = room;
	index_all(g);
	return 0;
}

static struct bunch *new_group(struct tally *g, const struct bunch_id *key, const struct conn *c)
{
	struct bunch *group;

	if (g->n == GROUPS_MAX || (g->n == g->room && grow(g)))
		return NULL;
	group = &g->group[g->n++];
	memset(group, 0, sizeof(*group));
	group->key = *key;
	if (g->by == BY_PROCESS && key->word[0])
		memcpy(group->comm, c->ident.owner.comm, COMM_LEN);
	*index_of(g, key) = g->n;
	return group;
}

void tally_begin(struct tally *g)
{
	g->others = 0;
	for (__u32 i = 0; i < g->n; i++) {
		struct bunch *group = &g->group[i];

		group->sockets = group->stuck = 0;
		memset(group->by_state, 0, sizeof(group->by_state));
	}
}

void tally_add(struct tally *g, const struct conn *c, bool stuck)
{
	struct bunch_id key;
	struct bunch *group;
	__u32 at;

	if (!bunch_id_of(g->by, c, &key))
		return;
	at = *index_of(g, &key);
	group = at ? &g->group[at - 1] : new_group(g, &key, c);
	if (!group) {
		g->others++;
		return;
	}
	group->sockets++;
	group->stuck += stuck;
	if (c->state < ST_MAX)
		group->by_state[shown_state(c->state)]++;
}

static bool is_empty(const struct bunch *group)
{
	__u32 any = group->sockets;

	for (int i = 0; i < GROUP_MARKS; i++)
		any |= group->mark[i];
	return !any;
}

static void drop_empty(struct tally *g)
{
	__u32 kept = 0;

	for (__u32 i = 0; i < g->n; i++) {
		if (is_empty(&g->group[i]))
			continue;
		if (kept != i)
			g->group[kept] = g->group[i];
		kept++;
	}
	if (kept == g->n)
		return;
	g->n = kept;
	index_all(g);
}

static void set_marks(struct tally *g, __u64 now_ns)
{
	if (g->n_marks && now_ns < g->mark_ns + GROUP_MARK_NS)
		return;
	for (__u32 i = 0; i < g->n; i++) {
		__u32 *mark = g->group[i].mark;

		memmove(mark + 1, mark, (GROUP_MARKS - 1) * sizeof(*mark));
		mark[0] = g->group[i].sockets;
	}
	g->mark_ns = now_ns;
	g->n_marks += g->n_marks < GROUP_MARKS;
}

static __u64 order_key(const struct tally *g, const struct bunch *group)
{
	__s64 change = bunch_change(g, group);

	/* 32 bits for what is stuck, 32 for the change, which can be negative */
	return ~((__u64)group->stuck << 32 | (__u32)(change + 0x80000000LL));
}

void tally_end(struct tally *g, __u64 now_ns)
{
	set_marks(g, now_ns);
	drop_empty(g);
	g->n_order = 0;
	for (__u32 i = 0; i < g->n; i++)
		if (g->group[i].sockets)
			g->order[g->n_order++] = (struct pick){order_key(g, &g->group[i]), i};
}

__s64 bunch_change(const struct tally *g, const struct bunch *group)
{
	if (!g->n_marks)
		return 0;
	return (__s64)group->sockets - group->mark[g->n_marks - 1];
}

static int tie(const void *ctx, __u32 a, __u32 b)
{
	const struct tally *g = ctx;
	const struct bunch *ga = &g->group[a], *gb = &g->group[b];

	if (ga->sockets != gb->sockets)
		return ga->sockets > gb->sockets ? -1 : 1;
	return memcmp(&ga->key, &gb->key, sizeof(ga->key));
}

void tally_order(struct tally *g, size_t from, size_t to)
{
	pick_range(g->order, g->n_order, from, to, tie, g);
}

const struct bunch *tally_at(const struct tally *g, size_t i)
{
	return &g->group[g->order[i].id];
}
