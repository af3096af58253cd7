// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sorting by numbers, a byte at a time and the least first, which keeps the
 * order of equals: several keys are several passes, the last of which counts
 * most.  With comparisons sorting would be what takes longest of a list.
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "model/bulk.h"
#include "model/listing.h"

static const unsigned char state_order[] = {
	ST_LISTEN,    ST_SYN_SENT,  ST_SYN_RECV,       ST_NEW_SYN_RECV, ST_ESTABLISHED,
	ST_FIN_WAIT1, ST_FIN_WAIT2, ST_CLOSING,	       ST_TIME_WAIT,	ST_CLOSE_WAIT,
	ST_LAST_ACK,  ST_CLOSE,	    ST_BOUND_INACTIVE,
};

#define N_STATES sizeof(state_order)

unsigned int listing_state_at(unsigned int rank)
{
	return rank < N_STATES ? state_order[rank] : ST_NONE;
}

static __u64 by_state(const struct row_sock *r)
{
	const unsigned char *at = memchr(state_order, r->state, N_STATES);

	return at ? (__u64)(at - state_order) : N_STATES;
}

static __u64 by_stay(const struct row_sock *r)
{
	return ~row_stay_ns(r);
}

/* Both in one pass, for what is asked for most: 60 bits of ns are 36 years. */
static __u64 by_state_and_stay(const struct row_sock *r)
{
	__u64 stay_ns = row_stay_ns(r), most = (1ULL << 60) - 1;

	return by_state(r) << 60 | (most - (stay_ns < most ? stay_ns : most));
}

/* Without an owner: last. */
static __u64 by_pid(const struct row_sock *r)
{
	return r->ident.owner.how ? r->ident.owner.pid : UINT64_MAX;
}

static __u64 half_addr(const __u8 *at)
{
	__u64 half;

	memcpy(&half, at, sizeof(half));
	return be64toh(half);
}

static __u64 by_lport(const struct row_sock *r)
{
	return r->ident.lport;
}

static __u64 by_laddr_tail(const struct row_sock *r)
{
	return half_addr(r->ident.laddr + 8);
}

static __u64 by_laddr(const struct row_sock *r)
{
	return half_addr(r->ident.laddr);
}

static __u64 by_rport(const struct row_sock *r)
{
	return r->ident.rport;
}

static __u64 by_raddr_tail(const struct row_sock *r)
{
	return half_addr(r->ident.raddr + 8);
}

static __u64 by_raddr(const struct row_sock *r)
{
	return half_addr(r->ident.raddr);
}

static __u64 by_recv_q(const struct row_sock *r)
{
	return ~(__u64)r->recv_q;
}

static __u64 by_send_q(const struct row_sock *r)
{
	return ~(__u64)r->send_q;
}

static __u64 by_netns(const struct row_sock *r)
{
	return r->ident.netns;
}

typedef __u64 (*key_fn)(const struct row_sock *r);

#define KEYS_MAX 4

/* What counts most comes last. */
static const struct {
	const char *name;
	key_fn key[KEYS_MAX];
} sorts[SORT_MAX] = {
	[SORT_STATE] = {"state", {by_state_and_stay}},
	[SORT_DWELL] = {"dwell", {by_state, by_stay}},
	[SORT_PID] = {"pid", {by_state, by_pid}},
	[SORT_LOCAL] = {"local", {by_state, by_lport, by_laddr_tail, by_laddr}},
	[SORT_REMOTE] = {"remote", {by_state, by_rport, by_raddr_tail, by_raddr}},
	[SORT_RECV_Q] = {"recv_q", {by_state, by_recv_q}},
	[SORT_SEND_Q] = {"send_q", {by_state, by_send_q}},
	[SORT_NETNS] = {"netns", {by_state_and_stay, by_netns}},
};

const char *listing_sort_name(enum listing_sort sort)
{
	return sort < SORT_MAX ? sorts[sort].name : "?";
}

int listing_sort_by_name(const char *name)
{
	for (int i = 0; i < SORT_MAX; i++)
		if (!strcasecmp(sorts[i].name, name))
			return i;
	return -EINVAL;
}

struct item {
	__u64 key;
	__u32 row;
};

static void sort_byte(const struct item *from, struct item *to, __u32 n, unsigned int shift)
{
	__u32 at[257] = {0};

	for (__u32 i = 0; i < n; i++)
		at[(from[i].key >> shift & 255) + 1]++;
	for (int b = 0; b < 256; b++)
		at[b + 1] += at[b];
	for (__u32 i = 0; i < n; i++)
		to[at[from[i].key >> shift & 255]++] = from[i];
}

/* The halves of `items` take turns; gives the one that has the result. */
static struct item *sort_by(struct item *items, struct item *spare, __u32 n,
			    const struct listing *l, key_fn key)
{
	__u64 differ = 0;

	for (__u32 i = 0; i < n; i++) {
		items[i].key = key(&l->row[items[i].row]);
		differ |= items[i].key ^ items[0].key;
	}
	for (unsigned int shift = 0; shift < 64; shift += 8) {
		struct item *from = items;

		if (!(differ >> shift & 255))
			continue;
		sort_byte(from, spare, n, shift);
		items = spare;
		spare = from;
	}
	return items;
}

int listing_sort(struct listing *l, enum listing_sort sort)
{
	struct item *half[2], *items;
	__u32 n = l->n_order;

	half[0] = bulk_alloc((2 * (size_t)n + 1) * sizeof(*items));
	if (!half[0])
		return -ENOMEM;
	half[1] = half[0] + n;
	items = half[0];
	for (__u32 i = 0; i < n; i++)
		items[i].row = l->order[i];
	for (int k = 0; k < KEYS_MAX && sorts[sort].key[k]; k++)
		items = sort_by(items, items == half[0] ? half[1] : half[0], n, l,
				sorts[sort].key[k]);
	for (__u32 i = 0; i < n; i++)
		l->order[i] = items[i].row;
	free(half[0]);
	return 0;
}
