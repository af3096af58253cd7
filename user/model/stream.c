// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sockets of which the kernel side keeps nothing: it tells of each step, and
 * what hangs on the steps before is put together here.
 */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "roles.h"

static bool any_addr(const __u8 addr[16])
{
	static const __u8 v6[16], v4[16] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(addr, v6, 16) || !memcmp(addr, v4, 16);
}

/* How well a listener fits what came in: 0 not, 2 by its address, 1 by any address. */
static int listens_for(const struct sock_ident *l, const struct sock_ident *id)
{
	if (l->lport != id->lport || l->netns != id->netns)
		return 0;
	if (!memcmp(l->laddr, id->laddr, 16))
		return 2;
	return any_addr(l->laddr);
}

void listener_add(struct model *m, const struct conn *c)
{
	struct listeners *l = &m->listeners;
	__u32 room = l->room ? 2 * l->room : 16;
	__u64 *grown;

	if (l->n == l->room) {
		grown = realloc(l->cookie, room * sizeof(*grown));
		if (!grown) {
			m->no_memory = true;
			return;
		}
		l->cookie = grown;
		l->room = room;
	}
	l->cookie[l->n++] = c->cookie;
}

/* The i-th listener; NULL at the end.  The gone ones are dropped on the way. */
static const struct conn *listener_at(struct model *m, __u32 i)
{
	struct listeners *l = &m->listeners;

	while (i < l->n) {
		const struct conn *c = table_find(&m->table, l->cookie[i]);

		if (c && c->state == ST_LISTEN)
			return c;
		l->cookie[i] = l->cookie[--l->n];
	}
	return NULL;
}

static void unshown_drop(struct model *m, __u64 cookie)
{
	struct conn *l = table_find(&m->hidden, cookie);

	if (l)
		table_del(&m->hidden, l);
}

static struct conn *unshown_add(struct model *m, __u64 cookie)
{
	struct conn *l = table_find(&m->hidden, cookie);

	if (!l)
		l = table_add(&m->hidden, cookie);
	if (!l)
		m->no_memory = true;
	return l;
}

void listener_gone(struct model *m, const struct conn *c, __u64 now_ns)
{
	__u64 *place = &m->gone[m->n_gone++ % GONE_LISTENERS];
	struct conn *l = unshown_add(m, c->cookie);

	if (!l)
		return;
	if (*place != c->cookie)
		unshown_drop(m, *place);
	*place = c->cookie;
	l->ident = c->ident;
	l->ended_ns = now_ns;
}

/* The best of those that fit; of several (SO_REUSEPORT) only if they have one owner. */
struct choice {
	const struct conn *listener;
	int fit;
	bool doubt;
};

static void consider(struct choice *best, const struct conn *l, const struct sock_ident *id)
{
	int fit = listens_for(&l->ident, id);

	if (!fit || fit < best->fit)
		return;
	/* was it there when the connection began? */
	if (id->born_ns &&
	    (l->ident.born_ns > id->born_ns || (l->ended_ns && l->ended_ns < id->born_ns)))
		return;
	best->doubt = fit == best->fit &&
		      (best->doubt || best->listener->ident.owner.pid != l->ident.owner.pid);
	best->listener = l;
	best->fit = fit;
}

static void inherit(struct sock_ident *id, const struct conn *listener)
{
	id->owner = listener->ident.owner;
	if (id->owner.how > OWNER_LISTENER)
		id->owner.how = OWNER_LISTENER;
	if (!id->cgroup)
		id->cgroup = listener->ident.cgroup;
}

bool owner_of_port(struct model *m, struct sock_ident *id)
{
	struct choice best = {0};
	const struct conn *l;
	__u32 slot = 0;

	for (__u32 i = 0; (l = listener_at(m, i)); i++)
		consider(&best, l, id);
	while ((l = table_next(&m->hidden, &slot)))
		consider(&best, l, id);
	if (!best.listener || best.doubt)
		return false;
	inherit(id, best.listener);
	return true;
}

bool listened_at(struct model *m, const struct sock_ident *id)
{
	const struct conn *l;
	__u32 slot = 0;

	for (__u32 i = 0; (l = listener_at(m, i)); i++)
		if (listens_for(&l->ident, id))
			return true;
	while (m->hidden.n && (l = table_next(&m->hidden, &slot)))
		if (listens_for(&l->ident, id))
			return true;
	return false;
}

/* An accepted socket has its listener's owner, until a better one is known. */
static void owner_of_listener(struct model *m, struct sock_ident *id)
{
	__u64 cookie = id->owner.listener;
	const struct conn *l = cookie ? table_find(&m->table, cookie) : NULL;

	if (!l && cookie)
		l = table_find(&m->hidden, cookie);
	memset(&id->owner, 0, sizeof(id->owner));
	if (l)
		inherit(id, l);
	else
		owner_of_port(m, id);
}

void stream_ident(struct model *m, struct conn *c, const struct rec_step *s,
		  const struct sock_ident *ident)
{
	struct sock_ident old = c->ident;

	c->ident = *ident;
	if (ident->owner.how)
		return;
	if (s->from == ST_SYN_RECV && ROLE_OPEN(c->roles) != ROLE_SIMULTANEOUS) {
		owner_of_listener(m, &c->ident);
		return;
	}
	/* repeated, since records were lost: who and since when only the first one knew */
	c->ident.owner = old.owner;
	c->ident.born_ns = old.born_ns;
}

/* The stay in `from` of a socket that was not known to be there. */
static __u64 unseen_stay(const struct model *m, const struct conn *c, const struct rec_step *s)
{
	bool before = c->state == ST_NONE && m->start_ns && s->mono_ns > m->start_ns;

	for (int i = 0; i < LOST_NCAUSES; i++)
		before &= !m->sum.lost[i];
	return before ? s->mono_ns - m->start_ns : 0;
}

void stream_gap(struct model *m, const struct conn *c, __u64 at_ns)
{
	/* it is known of a small one what it went through; a loss that was told explains the
	 * rest; and at the start rows are ahead of the records */
	if (!m->started || c->state == ST_NONE || c->small || c->in_limbo ||
	    m->lost_ns >= c->since_ns || at_ns < c->since_ns)
		return;
	if (!m->gaps++)
		m->gap_due_ns = 0;
	m->gap_ns = at_ns;
	m->unknown = true;
}

void stream_tell_gaps(struct model *m, __u64 now_ns)
{
	if (m->gaps && !m->gap_due_ns)
		m->gap_due_ns = now_ns + MODEL_LOSS_WAIT_NS;
	if (m->gaps && now_ns >= m->gap_due_ns)
		model_lost(m, LOST_NOT_SHOWN, m->gaps, m->gap_ns);
}

void stream_step(struct model *m, const struct conn *c, struct rec_step *s)
{
	__u8 roles = c->roles;

	/* a simultaneous open was told from its SYN on: no child; nor is one from before told anew
	 */
	if (s->from == ST_SYN_RECV && c->state == ST_SYN_RECV && !c->small &&
	    (c->before || ROLE_OPEN(c->roles) == ROLE_SIMULTANEOUS))
		s->flags &= ~(STEP_HELD | STEP_FIRST | STEP_AT_LEAST);
	if (s->flags & STEP_HELD) {
		roles = ROLES(s->from == ST_SYN_SENT ? ROLE_ACTIVE : ROLE_PASSIVE, 0);
	} else if (s->flags & STEP_FIRST) {
		roles = s->to == ST_SYN_SENT ? ROLES(ROLE_ACTIVE, 0) : 0;
		s->dwell_ns = 0;
	} else if (c->state == s->from) {
		s->dwell_ns = s->mono_ns > c->since_ns ? s->mono_ns - c->since_ns : 0;
		s->flags |= c->at_least ? STEP_AT_LEAST : 0;
	} else {
		if (c->state != s->to)
			stream_gap(m, c, s->mono_ns);
		s->dwell_ns = unseen_stay(m, c, s);
		s->flags |= STEP_AT_LEAST;
		roles = roles ? roles : roles_of_state(s->from);
	}
	s->roles = next_roles(s->from, s->to, roles);
}

void unshown_step(struct model *m, const struct rec_step *s, const struct sock_ident *ident)
{
	struct conn *l = table_find(&m->hidden, s->cookie);

	if (s->from == ST_LISTEN && l)
		listener_gone(m, l, s->mono_ns);
	if (s->from == ST_LISTEN || !ident)
		return;
	l = unshown_add(m, s->cookie);
	if (!l)
		return;
	l->ident = *ident;
	l->ended_ns = 0;
}

void unshown_row(struct model *m, const struct row_sock *row)
{
	struct conn *l;

	if (row->kind != ROW_FULL || row->state != ST_LISTEN)
		return;
	l = unshown_add(m, row->cookie);
	if (l && l->ident.owner.how <= row->ident.owner.how)
		l->ident = row->ident;
}
