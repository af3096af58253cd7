/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which connection is due next: a binary heap that knows each one's place. */
#ifndef TCPDWELL_MODEL_DEADLINE_H
#define TCPDWELL_MODEL_DEADLINE_H

#include "table.h"

struct deadline {
	__u64 at_ns;
	__u32 slot; /* table_slot() */
};

struct deadlines {
	struct deadline *heap; /* from 1 on: heap[i / 2] is not later than heap[i] */
	__u32 n;
	__u32 room;
};

void deadlines_free(struct deadlines *d);

/* Sets or moves a connection's deadline.  0 or -ENOMEM. */
int deadline_set(struct deadlines *d, const struct table *t, struct conn *c, __u64 at_ns);
void deadline_clear(struct deadlines *d, const struct table *t, struct conn *c);

/* The earliest deadline in ns, or UINT64_MAX for none. */
__u64 deadline_first(const struct deadlines *d);

/* The connection that is due first; its deadline stays set. */
struct conn *deadline_conn(const struct deadlines *d, const struct table *t);

#endif
