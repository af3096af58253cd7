// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/groups.h"

#define BUCKETS_MIN 64
#define TELL_EVERY_NS 60000000000ULL
/* Few sockets double quickly, and one more of them is nothing to call people for. */
#define TELL_FROM 10
#define SLICE_NS (60000000000ULL / GROWTH_SLICES)

int groups_init(struct groups *g)
{
	memset(g, 0, sizeof(*g));
	g->members = calloc(BUCKETS_MIN, sizeof(*g->members));
	g->groups = calloc(BUCKETS_MIN, sizeof(*g->groups));
	g->member_mask = g->group_mask = BUCKETS_MIN - 1;
	if (g->members && g->groups)
		return 0;
	groups_free(g);
	return -ENOMEM;
}

static void free_group(struct group *g)
{
	for (struct member *m = g->oldest, *next; m; m = next) {
		next = m->newer;
		free(m);
	}
	free(g);
}

void groups_free(struct groups *g)
{
	for (struct group *i = g->all, *next; i; i = next) {
		next = i->next;
		free_group(i);
	}
	free(g->members);
	free(g->groups);
	memset(g, 0, sizeof(*g));
}

static __u32 hash_id(__u64 id)
{
	return (id * 0x9e3779b97f4a7c15ULL) >> 32;
}

/* FNV-1a; a key is zeroed before it is filled, its padding too */
static __u32 hash_key(const struct group_key *key)
{
	const unsigned char *p = (const unsigned char *)key;
	__u32 h = 2166136261U;

	for (size_t i = 0; i < sizeof(*key); i++)
		h = (h ^ p[i]) * 16777619U;
	return h;
}

struct member *groups_find(const struct groups *g, __u64 id)
{
	struct member *m = g->members[hash_id(id) & g->member_mask];

	while (m && m->id != id)
		m = m->chain;
	return m;
}

/* Longer chains do no harm: without memory for more buckets it goes on with those there are. */
static void more_member_buckets(struct groups *g)
{
	__u32 mask = 2 * g->member_mask + 1;
	struct member **to;

	if (g->n_members <= g->member_mask)
		return;
	to = calloc((size_t)mask + 1, sizeof(*to));
	if (!to)
		return;
	for (__u32 i = 0; i <= g->member_mask; i++) {
		for (struct member *m = g->members[i], *next; m; m = next) {
			next = m->chain;
			m->chain = to[hash_id(m->id) & mask];
			to[hash_id(m->id) & mask] = m;
		}
	}
	free(g->members);
	g->members = to;
	g->member_mask = mask;
}

static void more_group_buckets(struct groups *g)
{
	__u32 mask = 2 * g->group_mask + 1;
	struct group **to;

	if (g->n_groups <= g->group_mask)
		return;
	to = calloc((size_t)mask + 1, sizeof(*to));
	if (!to)
		return;
	for (struct group *i = g->all; i; i = i->next) {
		struct group **at = &to[hash_key(&i->key) & mask];

		i->chain = *at;
		*at = i;
	}
	free(g->groups);
	g->groups = to;
	g->group_mask = mask;
}

static struct group *new_group(struct groups *g, const struct group_key *key, __u64 now_ns)
{
	struct group *n = calloc(1, sizeof(*n));
	struct group **at;

	if (!n)
		return NULL;
	more_group_buckets(g);
	at = &g->groups[hash_key(key) & g->group_mask];
	n->key = *key;
	n->id = ++g->last_id;
	n->opened_ns = now_ns;
	n->chain = *at;
	*at = n;
	n->next = g->all;
	if (g->all)
		g->all->prev = n;
	g->all = n;
	g->n_groups++;
	return n;
}

static struct group *group_of(struct groups *g, const struct group_key *key, __u64 now_ns)
{
	struct group *i = g->groups[hash_key(key) & g->group_mask];

	while (i && memcmp(&i->key, key, sizeof(*key)))
		i = i->chain;
	return i ? i : new_group(g, key, now_ns);
}

static void drop_group(struct groups *g, struct group *n)
{
	struct group **at = &g->groups[hash_key(&n->key) & g->group_mask];

	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	if (n->prev)
		n->prev->next = n->next;
	else
		g->all = n->next;
	if (n->next)
		n->next->prev = n->prev;
	g->n_groups--;
	free_group(n);
}

/* Empties the slices between the newest and the one of now. */
static void grow(struct group *g, __s32 by, __u64 now_ns)
{
	__u64 no = now_ns / SLICE_NS;

	if (no >= g->slice_no + GROWTH_SLICES)
		memset(g->slice, 0, sizeof(g->slice));
	else
		for (__u64 i = g->slice_no + 1; i <= no; i++)
			g->slice[i % GROWTH_SLICES] = 0;
	if (no > g->slice_no)
		g->slice_no = no;
	g->slice[g->slice_no % GROWTH_SLICES] += by;
}

/* Alerts fire by age, nearly: the place is at the end or close to it. */
static void insert(struct group *g, struct member *m)
{
	struct member *older = g->newest;

	while (older && older->since_ns > m->since_ns)
		older = older->older;
	m->older = older;
	m->newer = older ? older->newer : g->oldest;
	if (m->newer)
		m->newer->older = m;
	else
		g->newest = m;
	if (older)
		older->newer = m;
	else
		g->oldest = m;
}

struct member *groups_add(struct groups *g, const struct group_key *key, __u64 id, __u64 since_ns,
			  __u64 now_ns)
{
	struct group *group = group_of(g, key, now_ns);
	struct member *m = group ? calloc(1, sizeof(*m)) : NULL;
	struct member **at;

	if (!m)
		return NULL;
	more_member_buckets(g);
	at = &g->members[hash_id(id) & g->member_mask];
	m->id = id;
	m->since_ns = since_ns;
	m->group = group;
	m->chain = *at;
	*at = m;
	g->n_members++;
	insert(group, m);
	group->count++;
	group->total++;
	grow(group, 1, now_ns);
	return m;
}

void groups_grave(struct member *m)
{
	m->group->grave += !m->grave;
	m->grave = true;
}

static void unlink_member(struct member *m)
{
	struct group *group = m->group;

	if (m->older)
		m->older->newer = m->newer;
	else
		group->oldest = m->newer;
	if (m->newer)
		m->newer->older = m->older;
	else
		group->newest = m->older;
}

void groups_del(struct groups *g, struct member *m, __u64 now_ns)
{
	struct member **at = &g->members[hash_id(m->id) & g->member_mask];
	struct group *group = m->group;

	while (*at != m)
		at = &(*at)->chain;
	*at = m->chain;
	unlink_member(m);
	g->n_members--;
	group->count--;
	group->grave -= m->grave;
	group->told_grave &= group->grave > 0;
	if (now_ns > m->since_ns && now_ns - m->since_ns > group->longest_ns)
		group->longest_ns = now_ns - m->since_ns;
	grow(group, -1, now_ns);
	free(m);
}

struct alert_group group_view(const struct group *g, __u64 now_ns)
{
	struct alert_group v = {
		.key = g->key,
		.id = g->id,
		.count = g->count,
		.grave = g->grave,
		.total = g->total,
		.longest_ns = g->longest_ns,
		.opened_ns = g->opened_ns,
	};
	__u64 no = now_ns / SLICE_NS;

	for (__u64 i = 0; i < GROWTH_SLICES; i++)
		if (g->slice_no >= i && g->slice_no - i + GROWTH_SLICES > no)
			v.growth_per_min += g->slice[(g->slice_no - i) % GROWTH_SLICES];
	if (g->oldest && now_ns > g->oldest->since_ns)
		v.oldest_ns = now_ns - g->oldest->since_ns;
	return v;
}

static bool worth_telling(const struct group *g, __u64 now_ns)
{
	if (g->count == g->told_count)
		return false;
	if (now_ns >= g->told_ns + TELL_EVERY_NS)
		return true;
	return (g->count >= TELL_FROM && g->count >= 2 * g->told_count) ||
	       (g->told_count >= TELL_FROM && 2 * g->count <= g->told_count);
}

static void tell(struct group *g, enum group_news news, __u64 now_ns, group_fn fn, void *ctx)
{
	g->told_ns = now_ns;
	g->told_count = g->count;
	g->told_grave = g->grave > 0;
	fn(ctx, g, news);
}

void groups_news(struct groups *g, __u64 now_ns, group_fn fn, void *ctx)
{
	for (struct group *i = g->all, *next; i; i = next) {
		bool first = !i->told_ns;

		next = i->next;
		if (!i->count) {
			if (!first)
				fn(ctx, i, GROUP_OVER);
			drop_group(g, i);
			continue;
		}
		if (i->grave && !i->told_grave)
			tell(i, GROUP_GRAVE, now_ns, fn, ctx);
		else if (first)
			tell(i, GROUP_OPENED, now_ns, fn, ctx);
		else if (worth_telling(i, now_ns))
			tell(i, GROUP_CHANGED, now_ns, fn, ctx);
	}
}

__u64 groups_due(const struct groups *g)
{
	__u64 due_ns = UINT64_MAX;

	for (const struct group *i = g->all; i; i = i->next)
		if (i->count != i->told_count && i->told_ns + TELL_EVERY_NS < due_ns)
			due_ns = i->told_ns + TELL_EVERY_NS;
	return due_ns;
}
