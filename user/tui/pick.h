/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Part of a sorted order, without sorting the rest: a screen shows few of many. */
#ifndef TCPDWELL_TUI_PICK_H
#define TCPDWELL_TUI_PICK_H

#include <stddef.h>
#include <linux/types.h>

struct pick {
	__u64 key; /* the smallest comes first */
	__u32 id;
};

/* Order of two whose keys are the same: below, above or 0.  Must not call two different ids equal.
 */
typedef int (*pick_tie)(const void *ctx, __u32 a, __u32 b);

int pick_compare(const struct pick *a, const struct pick *b, pick_tie tie, const void *ctx);

/* Moves those that come from-th to (to - 1)-th in the order to these places, in order. */
void pick_range(struct pick *all, size_t n, size_t from, size_t to, pick_tie tie, const void *ctx);

/* How many come before one that may be among them. */
size_t pick_rank(const struct pick *all, size_t n, const struct pick *one, pick_tie tie,
		 const void *ctx);

#endif
