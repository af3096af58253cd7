// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who takes the place of a small socket: a new connection on the same addresses
 * and ports, by a SYN that came or by a connect().
 */
#include <string.h>

#include "model/internal.h"

static bool same_peers(const struct sock_ident *a, const struct sock_ident *b)
{
	return a->rport == b->rport && a->netns == b->netns &&
	       !memcmp(a->laddr, b->laddr, sizeof(a->laddr)) &&
	       !memcmp(a->raddr, b->raddr, sizeof(a->raddr));
}

static __u32 reuse_chain(const struct sock_ident *id)
{
	__u32 tail;

	memcpy(&tail, id->raddr + 12, sizeof(tail));
	tail ^= (__u32)id->lport << 16 | id->rport;
	return tail * 0x9e3779b1U >> (32 - REUSE_BITS);
}

void reuse_link(struct model *m, struct conn *c)
{
	if (c->reuse_linked)
		return;
	c->reuse_linked = true;
	c->reuse_chain = reuse_chain(&c->ident);
	c->reuse_next = m->reuse[c->reuse_chain];
	m->reuse[c->reuse_chain] = table_slot(c) + 1;
}

void reuse_unlink(struct model *m, struct conn *c)
{
	__u32 *at = &m->reuse[c->reuse_chain];

	if (!c->reuse_linked)
		return;
	while (*at && *at != table_slot(c) + 1)
		at = &table_at(&m->table, *at - 1)->reuse_next;
	*at = c->reuse_next;
	c->reuse_linked = false;
}

/*
 * Whether a new connection on the same addresses and ports says that this one is
 * over.  Sweeps come late: what they hold to be alive may have been taken.
 */
static bool can_be_reused(const struct model *m, const struct conn *old)
{
	if (m->small_source == SMALL_SWEEPS)
		return (old->small || old->in_limbo) && !old->set_aside;
	return old->ending && (old->state == ST_TIME_WAIT || old->moved);
}

static void reused(struct model *m, struct conn *old, const struct conn *c)
{
	__u64 at_ns = old->ending ? old->ended_ns : c->ident.born_ns;

	stays_stopped(m, old);
	if (old->in_limbo || old->state == ST_FIN_WAIT2) {
		enter_time_wait(m, old, old->in_limbo ? old->ended_ns : at_ns, VIA_SWEEP);
		old->at_least = true;
	}
	small_over(m, old, at_ns, REASON_REUSED, old->ending ? old->end_via : VIA_SWEEP, c->cookie);
}

void small_reuse(struct model *m, const struct conn *c)
{
	struct conn *old;

	for (__u32 at = m->reuse[reuse_chain(&c->ident)]; at; at = old->reuse_next) {
		old = table_at(&m->table, at - 1);
		if (old == c || !can_be_reused(m, old) || old->ident.lport != c->ident.lport ||
		    !same_peers(&old->ident, &c->ident))
			continue;
		reused(m, old, c);
		return;
	}
}

/*
 * A connect() that takes the port of a TIMED_WAIT has just set SYN_SENT; if it
 * was not bound, it knows its local port only after this.
 */
void reused_by_connect(struct model *m, struct conn *old)
{
	for (int i = 0; i < RECENT_SYNS; i++) {
		const struct conn *c = table_find(&m->table, m->recent_syn[i]);

		if (!c || c->state != ST_SYN_SENT || !same_peers(&old->ident, &c->ident) ||
		    (c->ident.lport && c->ident.lport != old->ident.lport))
			continue;
		old->end_what = SMALL_REUSED;
		old->reused_by = c->cookie;
		return;
	}
}
