// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the rows of the iterators say of full sockets: the kernel's word, after a loss the last. */
#include "model/internal.h"

/* A step is told just before the socket has its new state: a row from between has the old one. */
#define ROW_EARLY_NS 1000000ULL

/* What a row says of a connection that is known: the kernel's word on its state. */
static void row_known(struct model *m, struct conn *c, const struct row_sock *row)
{
	c->seen_ns = row->mono_ns;
	c->missed = 0;
	/* a small socket has followed since the row was made */
	if (c->small || row->mono_ns < c->since_ns + ROW_EARLY_NS)
		return;
	if (c->ident.owner.how < row->ident.owner.how)
		c->ident.owner = row->ident.owner;
	if (!c->ident.family)
		c->ident = row->ident;
	if (c->state == row->state)
		return;
	if (c->streamed)
		stream_gap(m, c, row->mono_ns);
	c->roles |= row->roles;
	conn_state(m, c, row->state, row->since_ns, row->flags & ROW_AT_LEAST);
}

void model_learn_port(struct model *m, const struct conn *c, __u16 lport)
{
	struct conn *known = table_at(&m->table, table_slot(c));

	if (!known->ident.lport)
		known->ident.lport = lport;
}

static void row_new(struct model *m, const struct row_sock *row)
{
	struct conn *c = conn_new(m, row->cookie);

	if (!c)
		return;
	c->ident = row->ident;
	/* no process has it, or none that may be seen: what was accepted is its listener's */
	if (!c->ident.owner.how && row->state != ST_LISTEN)
		owner_of_port(m, &c->ident);
	c->roles = row->roles;
	c->before = row->flags & ROW_BEFORE && !m->started;
	c->seen_ns = row->mono_ns;
	conn_state(m, c, row->state, row->since_ns, row->flags & ROW_AT_LEAST);
}

bool model_behind(const struct model *m, const struct row_sock *row)
{
	const struct conn *c;

	if (row->kind == ROW_REQUEST || row->flags & ROW_FILTERED)
		return false;
	c = table_find(&m->table, row->cookie);
	if (row->kind == ROW_FULL)
		return !c || c->state != row->state;
	return !c || (!c->small && !c->in_limbo);
}

void model_row(struct model *m, const struct row_sock *row)
{
	struct conn *c;

	if (row->state >= ST_MAX)
		return;
	if (row->flags & ROW_FILTERED) {
		unshown_row(m, row);
		return;
	}
	if (row->kind == ROW_SMALL) {
		small_row(m, row);
		return;
	}
	if (row->kind == ROW_REQUEST)
		request_row(m, row);
	if (row->kind != ROW_FULL || row->state == ST_CLOSE)
		return;
	c = table_find(&m->table, row->cookie);
	if (c)
		row_known(m, c, row);
	else
		row_new(m, row);
}

void model_resync_begin(struct model *m, __u64 now_ns)
{
	m->resync_ns = now_ns;
	m->rows_half_open = 0;
	m->unknown = false;
}

/*
 * A full socket that the rows did not have.  MPTCP's are met only through a
 * descriptor: without one it is forgotten, and its next step says all that is
 * to be known of it.
 */
static bool missing(const struct model *m, struct conn *c)
{
	if (c->small || c->in_limbo || c->half_open || c->seen_ns >= m->resync_ns ||
	    c->since_ns >= m->resync_ns)
		return false;
	return c->ident.mptcp ? m->claims : ++c->missed >= MISSES;
}

void model_resync_end(struct model *m, __u64 now_ns)
{
	struct conn *c;
	__u32 slot = 0;

	while ((c = table_next(&m->table, &slot)))
		if (missing(m, c))
			conn_forget(m, c, now_ns);
	small_swept(m, now_ns);
}
