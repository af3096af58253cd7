// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "model/bulk.h"
#include "model/listing.h"
#include "model/small.h"

#define ROOM_START 1024

static const char *const stay_names[STAY_MAX] = {
	[STAY_UNKNOWN] = "unknown",	 [STAY_TIMER] = "timer",      [STAY_SYN] = "syn",
	[STAY_SEGMENT] = "last_segment", [STAY_FIN] = "fin_timeouts",
};

const char *stay_by_name(enum stay_by by)
{
	return by < STAY_MAX ? stay_names[by] : "?";
}

int listing_init(struct listing *l)
{
	memset(l, 0, sizeof(*l));
	l->row = malloc(ROOM_START * sizeof(*l->row));
	l->seen = calloc(2 * ROOM_START, sizeof(*l->seen));
	if (!l->row || !l->seen) {
		listing_free(l);
		return -ENOMEM;
	}
	l->room = ROOM_START;
	l->mask = 2 * ROOM_START - 1;
	return 0;
}

void listing_free(struct listing *l)
{
	free(l->row);
	free(l->order);
	free(l->seen);
	memset(l, 0, sizeof(*l));
}

/*
 * Rows by socket
 */

static __u64 mix(__u64 h, __u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

static __u32 cookie_hash(__u64 cookie)
{
	return mix(0, cookie);
}

/* Without a cookie its ends tell a socket from others. */
static __u32 row_hash(const struct row_sock *r)
{
	__u64 peer[2];

	if (r->cookie)
		return cookie_hash(r->cookie);
	memcpy(peer, r->ident.raddr, sizeof(peer));
	return mix(mix(mix(0, peer[0]), peer[1]), (__u64)r->ident.rport << 16 | r->ident.lport);
}

/* MPTCP's subflows may share a cookie with each other. */
static bool same_socket(const struct row_sock *a, const struct row_sock *b)
{
	const struct sock_ident *x = &a->ident, *y = &b->ident;

	return a->cookie == b->cookie && x->lport == y->lport && x->rport == y->rport &&
	       x->netns == y->netns && !memcmp(x->laddr, y->laddr, sizeof(x->laddr)) &&
	       !memcmp(x->raddr, y->raddr, sizeof(x->raddr));
}

/* The slot of a socket that is there, or the empty one for it. */
static struct seen *slot_of(const struct listing *l, const struct row_sock *r, __u32 hash)
{
	__u32 i = hash & l->mask;

	for (; l->seen[i].row; i = (i + 1) & l->mask)
		if (l->seen[i].hash == hash && same_socket(&l->row[l->seen[i].row - 1], r))
			break;
	return &l->seen[i];
}

struct row_sock *listing_by_cookie(const struct listing *l, __u64 cookie)
{
	__u32 hash = cookie_hash(cookie), i = hash & l->mask;

	for (; l->seen[i].row; i = (i + 1) & l->mask) {
		struct row_sock *r = &l->row[l->seen[i].row - 1];

		if (l->seen[i].hash == hash && r->cookie == cookie)
			return r;
	}
	return NULL;
}

static int grow_index(struct listing *l)
{
	__u32 mask = 8 * l->mask + 7;
	struct seen *seen = bulk_alloc(((size_t)mask + 1) * sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	memset(seen, 0, ((size_t)mask + 1) * sizeof(*seen));
	for (__u32 i = 0; i <= l->mask; i++) {
		__u32 at = l->seen[i].hash & mask;

		if (!l->seen[i].row)
			continue;
		while (seen[at].row)
			at = (at + 1) & mask;
		seen[at] = l->seen[i];
	}
	free(l->seen);
	l->seen = seen;
	l->mask = mask;
	return 0;
}

static int grow(struct listing *l)
{
	__u32 room = bulk_room(l->room, ROOM_START);
	struct row_sock *row = bulk_grow(l->row, l->n * sizeof(*row), room * sizeof(*row));

	if (!row)
		return -ENOMEM;
	l->row = row;
	l->room = room;
	return 0;
}

/*
 * How long
 */

static void settle_stay(struct row_sock *r)
{
	if (r->kind == ROW_SMALL && r->state == ST_TIME_WAIT) {
		r->since_ns = time_wait_entered(r);
		r->flags &= ~ROW_AT_LEAST;
	}
	if (r->since_ns >= r->mono_ns && (r->flags & ROW_AT_LEAST))
		r->since_ns = 0;
	if (!r->since_ns)
		r->flags |= ROW_AT_LEAST;
}

__u64 row_stay_ns(const struct row_sock *r)
{
	return r->since_ns && r->mono_ns > r->since_ns ? r->mono_ns - r->since_ns : 0;
}

enum stay_by row_stay_by(const struct row_sock *r)
{
	if (!r->since_ns)
		return STAY_UNKNOWN;
	if (r->flags & ROW_AT_LEAST)
		return r->state == ST_FIN_WAIT1 || r->state == ST_LAST_ACK ? STAY_FIN
									   : STAY_SEGMENT;
	return r->kind == ROW_SMALL ? STAY_TIMER : STAY_SYN;
}

bool row_has_end(const struct row_sock *r)
{
	return r->kind == ROW_SMALL;
}

void listing_add(struct listing *l, const struct row_sock *row)
{
	__u32 hash = row_hash(row);
	struct seen *slot;

	if (row->state >= ST_MAX)
		return;
	if ((l->n == l->room && grow(l)) || (2 * l->n > l->mask && grow_index(l))) {
		l->no_memory = true;
		return;
	}
	slot = slot_of(l, row, hash);
	if (slot->row)
		return;
	l->row[l->n] = *row;
	settle_stay(&l->row[l->n++]);
	*slot = (struct seen){hash, l->n};
}

/*
 * Which
 */

static void give_owner(const struct listing *l, struct row_sock *r)
{
	const struct row_sock *listener = r->listener ? listing_by_cookie(l, r->listener) : NULL;

	if (!listener || listener->state != ST_LISTEN)
		return;
	r->ident.cgroup = listener->ident.cgroup;
	r->ident.owner = listener->ident.owner;
	if (r->ident.owner.how)
		r->ident.owner.how = OWNER_LISTENER;
	r->flags |= listener->flags & ROW_FILTERED;
}

/* A request_sock is in SYN_RECEIVED, for which the kernel has two numbers. */
static int named_state(const struct row_sock *r)
{
	return r->state == ST_NEW_SYN_RECV ? ST_SYN_RECV : r->state;
}

static bool wanted(const struct filter *f, const struct row_sock *r)
{
	const struct sock_ident *id = &r->ident;
	struct flow w = {
		.lport = id->lport, .rport = id->rport, .netns = id->netns, .family = id->family};

	if ((r->flags & ROW_FILTERED) || (f->n_cgroup && !id->cgroup))
		return false;
	memcpy(w.laddr, id->laddr, sizeof(w.laddr));
	memcpy(w.raddr, id->raddr, sizeof(w.raddr));
	return filter_flow(f, &w) == MATCH_YES && filter_owner(f, &id->owner) &&
	       filter_step(f, r->state, named_state(r), row_stay_ns(r));
}

bool listing_settled(const struct row_sock *r, const struct filter *f)
{
	return r->kind != ROW_REQUEST && wanted(f, r);
}

const struct row_sock *listing_row(const struct listing *l, __u32 i)
{
	return &l->row[l->order[i]];
}

int listing_choose(struct listing *l, const struct filter *f)
{
	free(l->order);
	memset(l->by, 0, sizeof(l->by));
	l->n_order = 0;
	l->order = malloc((l->n + 1) * sizeof(*l->order));
	if (!l->order)
		return -ENOMEM;
	for (__u32 i = 0; i < l->n; i++) {
		struct row_sock *r = &l->row[i];

		if (r->kind == ROW_REQUEST)
			give_owner(l, r);
		if (!wanted(f, r))
			continue;
		l->order[l->n_order++] = i;
		l->by[row_stay_by(r)]++;
	}
	return 0;
}
