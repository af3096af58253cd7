// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "model/holding.h"

/* They come sorted by process. */
static __u32 processes(const struct held_row *r)
{
	__u32 n = 0;

	for (__u32 i = 0; i < r->n_holders; i++)
		n += !i || r->holder[i].pid != r->holder[i - 1].pid;
	return n;
}

int holding_add(struct holding *h, const struct held_row *row)
{
	if (h->n == h->room) {
		__u32 room = h->room ? 2 * h->room : 64;
		struct held_row *more = realloc(h->row, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		h->row = more;
		h->room = room;
	}
	h->row[h->n] = *row;
	h->row[h->n++].n_processes = processes(row);
	return 0;
}

void holding_free(struct holding *h)
{
	free(h->row);
	free(h->item);
	free(h->group);
	memset(h, 0, sizeof(*h));
}

static bool wants_any(const struct filter *f, const struct holder *h, __u32 n)
{
	for (__u32 i = 0; i < n; i++) {
		struct sock_owner o = {.pid = h[i].pid, .tid = h[i].tid};

		memcpy(o.comm, h[i].comm, sizeof(o.comm));
		if (filter_owner(f, &o))
			return true;
	}
	return false;
}

bool holding_wants(const struct filter *f, const struct held_row *row)
{
	return !filter_by_owner(f) || wants_any(f, row->holder, row->n_holders) ||
	       wants_any(f, row->listener, row->n_listener);
}

/*
 * Listeners
 */

static bool any_addr(const struct sock_ident *id)
{
	static const __u8 none[16], mapped[16] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(id->laddr, none, sizeof(none)) || !memcmp(id->laddr, mapped, sizeof(mapped));
}

static bool listens_for(const struct row_sock *l, const struct row_sock *row)
{
	const struct sock_ident *at = &l->ident, *id = &row->ident;

	if (l->state != ST_LISTEN || !l->kind || at->lport != id->lport || at->netns != id->netns)
		return false;
	return any_addr(at) || !memcmp(at->laddr, id->laddr, sizeof(at->laddr));
}

const struct row_sock *holding_listener(const struct listing *l, const struct row_sock *row)
{
	const struct row_sock *found = NULL;

	if (row->kind != ROW_REQUEST && !(row->kind == ROW_FULL && (row->flags & ROW_QUEUED)))
		return NULL;
	for (__u32 i = 0; i < l->n; i++) {
		if (row->kind == ROW_REQUEST && row->listener && l->row[i].cookie == row->listener)
			return &l->row[i];
		if (!listens_for(&l->row[i], row))
			continue;
		if (found)
			return NULL;
		found = &l->row[i];
	}
	return found;
}

/*
 * Groups: a table by process while they are counted
 */

struct grouping {
	struct held_group *group;
	__u32 n, room;
	__u32 *slot; /* number of a group + 1 */
	__u32 mask;
};

static bool same(const struct holder *a, const struct holder *b)
{
	if (!a || !b)
		return a == b;
	return a->pid == b->pid && a->tid == b->tid;
}

static __u32 hash(const struct holder *h)
{
	return h ? (((__u64)h->pid << 32 | h->tid) * 0x9e3779b97f4a7c15ULL) >> 32 : 0;
}

static __u32 *slot_of(const struct grouping *g, const struct holder *who)
{
	__u32 i = hash(who) & g->mask;

	while (g->slot[i] && !same(g->group[g->slot[i] - 1].who, who))
		i = (i + 1) & g->mask;
	return &g->slot[i];
}

static void rehash(struct grouping *g)
{
	memset(g->slot, 0, (g->mask + 1) * sizeof(*g->slot));
	for (__u32 i = 0; i < g->n; i++)
		*slot_of(g, g->group[i].who) = i + 1;
}

static int grow(struct grouping *g)
{
	__u32 room = g->room ? 2 * g->room : 64;
	struct held_group *group = realloc(g->group, room * sizeof(*group));
	__u32 *slot;

	if (!group)
		return -ENOMEM;
	g->group = group;
	slot = realloc(g->slot, 2 * room * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	g->slot = slot;
	g->room = room;
	g->mask = 2 * room - 1;
	rehash(g);
	return 0;
}

/* A descriptor of that process.  0 or -ENOMEM. */
static int count(struct grouping *g, const struct holder *who)
{
	__u32 *slot;

	if (g->n == g->room && grow(g))
		return -ENOMEM;
	slot = slot_of(g, who);
	if (!*slot) {
		g->group[g->n] = (struct held_group){.who = who};
		*slot = ++g->n;
	}
	g->group[*slot - 1].n++;
	return 0;
}

static int count_all(const struct holding *h, struct grouping *g)
{
	int err = 0;

	for (__u32 i = 0; !err && i < h->n; i++) {
		const struct held_row *r = &h->row[i];

		if (!r->n_holders)
			err = count(g, NULL);
		for (__u32 j = 0; !err && j < r->n_holders; j++)
			err = count(g, &r->holder[j]);
	}
	return err;
}

static int by_size(const void *left, const void *right)
{
	const struct held_group *a = left, *b = right;

	if (!a->who || !b->who)
		return !a->who - !b->who;
	if (a->n != b->n)
		return a->n < b->n ? 1 : -1;
	if (a->who->pid != b->who->pid)
		return a->who->pid > b->who->pid ? 1 : -1;
	return (a->who->tid > b->who->tid) - (a->who->tid < b->who->tid);
}

/* Within a process; a socket's descriptors stay together. */
static int by_diagnosis(const void *left, const void *right)
{
	const struct held_item *a = left, *b = right;
	__u64 stay_a = row_stay_ns(a->of->row), stay_b = row_stay_ns(b->of->row);

	if (a->of->diagnosis != b->of->diagnosis)
		return a->of->diagnosis < b->of->diagnosis ? 1 : -1;
	if (stay_a != stay_b)
		return stay_a < stay_b ? 1 : -1;
	if (a->of != b->of)
		return a->of < b->of ? -1 : 1;
	if (!a->holder || !b->holder)
		return 0;
	return (a->holder->fd > b->holder->fd) - (a->holder->fd < b->holder->fd);
}

static void put_item(const struct holding *h, const struct grouping *g, const struct held_row *row,
		     const struct holder *who)
{
	struct held_group *group = &g->group[*slot_of(g, who) - 1];

	h->item[group->first + group->n++] = (struct held_item){row, who};
}

static void put_items(const struct holding *h, struct grouping *g)
{
	for (__u32 i = 0, at = 0; i < g->n; i++) {
		g->group[i].first = at;
		at += g->group[i].n;
		g->group[i].n = 0;
	}
	for (__u32 i = 0; i < h->n; i++) {
		const struct held_row *r = &h->row[i];

		if (!r->n_holders)
			put_item(h, g, r, NULL);
		for (__u32 j = 0; j < r->n_holders; j++)
			put_item(h, g, r, &r->holder[j]);
	}
}

int holding_group(struct holding *h)
{
	struct grouping g = {0};
	int err = count_all(h, &g);

	h->group = g.group;
	h->n_groups = g.n;
	for (__u32 i = 0; i < g.n; i++)
		h->n_items += g.group[i].n;
	if (!err)
		h->item = malloc((h->n_items + 1) * sizeof(*h->item));
	if (err || !h->item) {
		free(g.slot);
		return -ENOMEM;
	}
	if (g.n) {
		qsort(g.group, g.n, sizeof(*g.group), by_size);
		rehash(&g);
	}
	put_items(h, &g);
	for (__u32 i = 0; i < g.n; i++)
		qsort(&h->item[g.group[i].first], g.group[i].n, sizeof(*h->item), by_diagnosis);
	free(g.slot);
	return 0;
}
