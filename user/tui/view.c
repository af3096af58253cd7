// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/listing.h"
#include "tui/view.h"

#define DWELL_BITS 60
#define DWELL_MASK ((1ULL << DWELL_BITS) - 1)

const char *view_sort_name(enum view_sort sort)
{
	static const char *const names[VIEW_SORTS] = {
		[VIEW_STUCK] = "stuck", [VIEW_DWELL] = "time in state", [VIEW_STATE] = "state",
		[VIEW_OWNER] = "owner", [VIEW_LOCAL] = "local port",	[VIEW_REMOTE] = "remote",
	};

	return sort < VIEW_SORTS ? names[sort] : "?";
}

void view_free(struct view *v)
{
	free(v->row);
	memset(v, 0, sizeof(*v));
}

/* A socket may rest in ESTABLISHED, LISTEN and TIMED_WAIT; elsewhere it should be passing. */
static unsigned int trouble(const struct source *s, const struct conn *c)
{
	if (stuck_by(s, c))
		return 0;
	switch (c->state) {
	case ST_ESTABLISHED:
		return 2;
	case ST_TIME_WAIT:
		return 3;
	case ST_LISTEN:
		return 4;
	default:
		return 1;
	}
}

static unsigned int state_rank(unsigned int state)
{
	unsigned int rank = 0;

	state = shown_state(state);
	while (listing_state_at(rank) != state && listing_state_at(rank) != ST_NONE)
		rank++;
	return rank;
}

static __u64 longest_first(const struct source *s, const struct conn *c)
{
	__u64 stay = stay_ns(s, c);

	return DWELL_MASK - (stay < DWELL_MASK ? stay : DWELL_MASK);
}

static __u64 word_at(const void *bytes)
{
	__u64 word;

	memcpy(&word, bytes, sizeof(word));
	return be64toh(word);
}

/* IPv4 before IPv6, each in the order of its addresses as far as 64 bits reach. */
static __u64 remote_key(const struct sock_ident *id)
{
	if (id->family == 6)
		return 1ULL << 63 | word_at(id->raddr) >> 1;
	return (word_at(id->raddr + 8) & 0xffffffff) << 16 | id->rport;
}

static __u64 key_of(const struct view *v, const struct source *s, const struct conn *c)
{
	switch (v->sort) {
	case VIEW_STUCK:
		return (__u64)trouble(s, c) << DWELL_BITS | longest_first(s, c);
	case VIEW_STATE:
		return (__u64)state_rank(c->state) << DWELL_BITS | longest_first(s, c);
	case VIEW_OWNER:
		return c->ident.owner.how ? word_at(c->ident.owner.comm) : UINT64_MAX;
	case VIEW_LOCAL:
		return c->ident.lport;
	case VIEW_REMOTE:
		return remote_key(&c->ident);
	default:
		return longest_first(s, c);
	}
}

static struct pick pick_of(const struct view *v, const struct source *s, const struct conn *c)
{
	__u64 key = key_of(v, s, c);

	return (struct pick){v->reverse ? ~key : key, table_slot(c)};
}

struct tie_ctx {
	const struct view *v;
	const struct source *s;
};

static int sign(__u64 a, __u64 b)
{
	return a < b ? -1 : a > b;
}

static int compare_idents(enum view_sort sort, const struct sock_ident *a,
			  const struct sock_ident *b)
{
	int order;

	switch (sort) {
	case VIEW_OWNER:
		order = memcmp(a->owner.comm, b->owner.comm, COMM_LEN);
		return order ? order : sign(a->owner.pid, b->owner.pid);
	case VIEW_LOCAL:
		return memcmp(a->laddr, b->laddr, sizeof(a->laddr));
	case VIEW_REMOTE:
		order = memcmp(a->raddr, b->raddr, sizeof(a->raddr));
		return order ? order : sign(a->rport, b->rport);
	default:
		return 0;
	}
}

static int tie(const void *ctx, __u32 a, __u32 b)
{
	const struct tie_ctx *t = ctx;
	const struct conn *ca = table_at(t->s->table, a), *cb = table_at(t->s->table, b);
	int order = compare_idents(t->v->sort, &ca->ident, &cb->ident);

	if (!order)
		order = sign(ca->cookie, cb->cookie);
	if (!order)
		order = sign(a, b);
	return t->v->reverse ? -order : order;
}

static void add_row(struct view *v, const struct source *s, const struct conn *c)
{
	if (v->n == v->room) {
		__u32 room = v->room ? 2 * v->room : 1024;
		struct pick *row = realloc(v->row, room * sizeof(*row));

		if (!row) {
			v->no_memory = true;
			return;
		}
		v->row = row;
		v->room = room;
	}
	v->row[v->n++] = pick_of(v, s, c);
}

static bool is_there(const struct conn *c)
{
	return c->state != ST_NONE && c->state != ST_CLOSE && c->state < ST_MAX;
}

bool view_wants(const struct source *s, const struct query *q, const struct conn *c)
{
	return is_there(c) && filter_step(s->filter, c->state, c->state, stay_ns(s, c)) &&
	       query_match(q, s, c);
}

void view_scan(struct view *v, const struct source *s, const struct query *q,
	       struct tally *const groups[GROUPINGS])
{
	const struct conn *c;
	__u32 slot = 0;

	v->n = v->all = v->stuck = 0;
	v->no_memory = false;
	memset(v->by_state, 0, sizeof(v->by_state));
	while ((c = table_next(s->table, &slot))) {
		bool stuck;

		if (!is_there(c))
			continue;
		v->all++;
		v->by_state[shown_state(c->state)]++;
		if (!view_wants(s, q, c))
			continue;
		stuck = stuck_by(s, c);
		v->stuck += stuck;
		add_row(v, s, c);
		for (int by = 0; by < GROUPINGS; by++)
			if (groups[by])
				tally_add(groups[by], c, stuck);
	}
}

void view_order(struct view *v, const struct source *s, size_t from, size_t to)
{
	struct tie_ctx ctx = {v, s};

	pick_range(v->row, v->n, from, to, tie, &ctx);
}

size_t view_place(const struct view *v, const struct source *s, __u64 cookie)
{
	const struct conn *c = table_find(s->table, cookie);
	struct tie_ctx ctx = {v, s};
	struct pick one;
	size_t place;

	for (place = 0; c && place < v->n; place++)
		if (v->row[place].id == table_slot(c))
			break;
	if (!c || place == v->n)
		return v->n;
	one = v->row[place];
	return pick_rank(v->row, v->n, &one, tie, &ctx);
}

const struct conn *view_at(const struct view *v, const struct source *s, size_t i)
{
	return table_at(s->table, v->row[i].id);
}
