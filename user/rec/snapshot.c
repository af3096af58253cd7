// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rec/snapshot.h"

static void row_of(const struct conn *c, __u64 now_ns, struct row_sock *row)
{
	*row = (struct row_sock){
		.kind = c->small ? ROW_SMALL : ROW_FULL,
		.state = c->state,
		.roles = c->roles,
		.flags = (c->before ? ROW_BEFORE : 0) | (c->at_least ? ROW_AT_LEAST : 0),
		.cookie = c->cookie,
		.mono_ns = now_ns,
		.since_ns = c->since_ns,
		.ident = c->ident,
	};
	if (c->small) {
		row->left_ns = c->until_ns - now_ns;
		row->wheel_us = c->fires_ns > c->until_ns ? (c->fires_ns - c->until_ns) / 1000 : 0;
	}
	if (!c->half_open)
		return;
	row->kind = ROW_REQUEST;
	row->cookie = 0;
	row->retransmits = c->end.retransmits;
}

/* The few that are set aside, beside a later connection of their socket, have no row. */
void snapshot_rows(const struct model *m, __u64 now_ns,
		   void (*put)(void *ctx, const struct row_sock *row), void *ctx)
{
	const struct conn *c;
	struct row_sock row;
	__u32 slot = 0;

	while ((c = table_next(&m->table, &slot))) {
		if (c->set_aside || !c->state)
			continue;
		row_of(c, now_ns, &row);
		put(ctx, &row);
	}
}
