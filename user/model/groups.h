/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Alerts that are firing, in groups of what people take for one problem: a
 * process that leaks 500 sockets is one.  Times are CLOCK_MONOTONIC in ns.
 */
#ifndef TCPDWELL_MODEL_GROUPS_H
#define TCPDWELL_MODEL_GROUPS_H

#include "event.h"

#define GROWTH_SLICES 6

struct group;

/* One alert; `id` is whatever the caller knows its socket by. */
struct member {
	__u64 id;
	__u64 since_ns; /* entry into the state */
	struct group *group;
	struct member *older, *newer;
	struct member *chain;
	bool grave;
};

struct group {
	struct group_key key;
	__u32 id;
	__u32 count, grave, total;
	__u64 opened_ns, longest_ns;
	struct member *oldest, *newest;
	/* growth of the last minute, in slices */
	__s32 slice[GROWTH_SLICES];
	__u64 slice_no; /* of the newest */
	__u32 told_count;
	__u64 told_ns; /* 0: never */
	bool told_grave;
	struct group *chain, *prev, *next;
};

struct groups {
	struct member **members; /* by id */
	struct group **groups;	 /* by key */
	__u32 member_mask, group_mask;
	__u32 n_members, n_groups;
	struct group *all;
	__u32 last_id;
};

/* 0 or -ENOMEM. */
int groups_init(struct groups *g);
void groups_free(struct groups *g);

struct member *groups_find(const struct groups *g, __u64 id);

/* An alert fires, whose id must not be known yet.  NULL: no memory. */
struct member *groups_add(struct groups *g, const struct group_key *key, __u64 id, __u64 since_ns,
			  __u64 now_ns);

/* It is past the graver threshold. */
void groups_grave(struct member *m);

/* It is resolved.  Its group stays, without a member perhaps, until groups_news(). */
void groups_del(struct groups *g, struct member *m, __u64 now_ns);

/* What there is to tell of a group at a time. */
struct alert_group group_view(const struct group *g, __u64 now_ns);

/*
 * Hands over what is worth a line: a group that has opened; one that has twice
 * as many (10 at least), or half (of 10 at least), or changed at all and was told
 * of a minute ago; one that is over, which is forgotten then.
 */
typedef void (*group_fn)(void *ctx, const struct group *g, enum group_news news);
void groups_news(struct groups *g, __u64 now_ns, group_fn fn, void *ctx);

/* When groups_news() may have something of which no alert tells; UINT64_MAX: never. */
__u64 groups_due(const struct groups *g);

#endif
