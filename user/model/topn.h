/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counts by key, of however many keys, in a table of a fixed size: when it is
 * full, the smaller half is added to the row `other`.  What is frequent stays,
 * from the time on at which it became so.
 */
#ifndef TCPDWELL_MODEL_TOPN_H
#define TCPDWELL_MODEL_TOPN_H

#include <stdbool.h>
#include "wire.h"

#define TOPN_ROWS 8192

/* What does not belong to a table's key is 0. */
struct topn_key {
	char comm[COMM_LEN];
	__u8 addr[16];
	__u64 cgroup;
	__u16 port;
	__u8 reason; /* enum reason */
	__u8 state;
	__u8 open; /* enum sock_role */
	__u8 pad[3];
};

_Static_assert(sizeof(struct topn_key) == 48, "hashed as words, without holes");

struct topn_row {
	struct topn_key key;
	__u64 weight; /* what rows are kept and sorted by */
	__u64 transitions;
	__u64 connections;
	__u64 failed;
	__u64 stuck;
	__u64 sent, received; /* bytes */
	__u64 retransmits;
	__u64 longest_ns;
};

struct topn {
	struct topn_row *row; /* TOPN_ROWS */
	__u16 *index;	      /* row + 1 by hash */
	__u32 n;
	__u64 n_other; /* rows that went into it, again and again perhaps */
	struct topn_row other;
};

/* 0 or -ENOMEM. */
int topn_init(struct topn *t);
void topn_free(struct topn *t);

/* The row of a key, a new one if need be; it holds until the next call.  Add to its weight. */
struct topn_row *topn_at(struct topn *t, const struct topn_key *key);

/* Largest first; after it only rows are read. */
void topn_sort(struct topn *t);

/* Everything from row n on and `other`, as one. */
struct topn_row topn_rest(const struct topn *t, __u32 n);

#endif
