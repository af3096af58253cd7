// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/pressure.h"

#define CHAINS 1024
#define SECOND_NS 1000000000ULL
/* tenths of what is usable */
#define WARN 8
#define EASE 7
#define HOT 4

/* Until a namespace's are known: what the kernel begins with. */
static const struct pressure_limits unknown = {.low = 32768, .high = 60999};

int pressure_init(struct pressure *p)
{
	memset(p, 0, sizeof(*p));
	p->chain = calloc(CHAINS, sizeof(*p->chain));
	p->mask = CHAINS - 1;
	return p->chain ? 0 : -ENOMEM;
}

void pressure_free(struct pressure *p)
{
	free(p->chain);
	free(p->service);
	memset(p, 0, sizeof(*p));
}

static const struct pressure_limits *find_limits(const struct pressure *p, __u32 netns)
{
	for (__u32 i = 0; i < p->n_ns; i++)
		if (p->ns[i].netns == netns)
			return &p->ns[i];
	return NULL;
}

static struct pressure_limits *limits_of(struct pressure *p, __u32 netns)
{
	return (struct pressure_limits *)find_limits(p, netns);
}

/* The oldest is given up for the newest. */
void pressure_set_limits(struct pressure *p, const struct pressure_limits *l)
{
	struct pressure_limits *at = limits_of(p, l->netns);
	bool told = at && at->tw_told;
	__u32 before = at ? at->tw : l->tw;

	if (!at && p->n_ns == PRESSURE_NETNS)
		memmove(p->ns, p->ns + 1, --p->n_ns * sizeof(*p->ns));
	if (!at)
		at = &p->ns[p->n_ns++];
	*at = *l;
	at->tw_told = told;
	at->tw_before = before;
}

__u32 pressure_usable(const struct pressure_limits *l)
{
	__u32 all = l->high >= l->low ? l->high - l->low + 1U : 0;

	return all > l->reserved ? all - l->reserved : 0;
}

static __u32 hash(const struct sock_ident *id)
{
	__u64 w[4], h = (__u64)id->netns << 16 | id->rport;

	memcpy(w, id->laddr, 16);
	memcpy(w + 2, id->raddr, 16);
	for (int i = 0; i < 4; i++)
		h = (h ^ w[i]) * 0x9e3779b97f4a7c15ULL;
	return h >> 32;
}

static bool same(const struct peer_service *s, const struct sock_ident *id)
{
	return s->rport == id->rport && s->netns == id->netns &&
	       !memcmp(s->laddr, id->laddr, sizeof(s->laddr)) &&
	       !memcmp(s->raddr, id->raddr, sizeof(s->raddr));
}

static __u32 *chain_of(const struct pressure *p, const struct peer_service *s)
{
	struct sock_ident id = {.rport = s->rport, .netns = s->netns};

	memcpy(id.laddr, s->laddr, sizeof(id.laddr));
	memcpy(id.raddr, s->raddr, sizeof(id.raddr));
	return &p->chain[hash(&id) & p->mask];
}

/* Longer chains do no harm where there is no memory. */
static void more_chains(struct pressure *p)
{
	__u32 *old = p->chain;
	__u32 mask = 2 * p->mask + 1;
	__u32 *to = p->n > p->mask ? calloc((size_t)mask + 1, sizeof(*to)) : NULL;

	if (!to)
		return;
	p->chain = to;
	p->mask = mask;
	for (__u32 i = 0; i < p->room; i++) {
		__u32 *at;

		if (!p->service[i].used && !p->service[i].hot)
			continue;
		at = chain_of(p, &p->service[i]);
		p->service[i].next = *at;
		*at = i + 1;
	}
	free(old);
}

static bool more_room(struct pressure *p)
{
	__u32 room = p->room ? 2 * p->room : 64;
	struct peer_service *s;

	if (p->free)
		return true;
	s = realloc(p->service, room * sizeof(*s));
	if (!s)
		return false;
	memset(s + p->room, 0, (room - p->room) * sizeof(*s));
	p->service = s;
	for (__u32 i = room; i-- > p->room;) {
		s[i].next = p->free;
		p->free = i + 1;
	}
	p->room = room;
	return true;
}

static __u32 new_service(struct pressure *p, const struct sock_ident *id)
{
	struct peer_service *s;
	__u32 number, *at;

	if (!more_room(p))
		return 0;
	more_chains(p);
	number = p->free;
	s = &p->service[number - 1];
	p->free = s->next;
	memset(s, 0, sizeof(*s));
	memcpy(s->laddr, id->laddr, sizeof(s->laddr));
	memcpy(s->raddr, id->raddr, sizeof(s->raddr));
	s->netns = id->netns;
	s->rport = id->rport;
	at = &p->chain[hash(id) & p->mask];
	s->next = *at;
	*at = number;
	p->n++;
	return number;
}

static __u32 find(const struct pressure *p, const struct sock_ident *id)
{
	__u32 number = p->chain[hash(id) & p->mask];

	while (number && !same(&p->service[number - 1], id))
		number = p->service[number - 1].next;
	return number;
}

static void make_hot(struct pressure *p, __u32 number, const struct pressure_limits *l)
{
	struct peer_service *s = &p->service[number - 1];

	if (s->hot || p->n_hot == PRESSURE_HOT || 10ULL * s->used < (__u64)HOT * pressure_usable(l))
		return;
	s->hot = true;
	s->before = s->used;
	s->before_ns = 0;
	s->growth_per_s = 0;
	p->hot[p->n_hot++] = number;
}

static const struct pressure_limits *limits_at(struct pressure *p, __u32 netns)
{
	const struct pressure_limits *l = find_limits(p, netns);

	if (l)
		return l;
	p->unknown_netns = true;
	return &unknown;
}

static bool in_range(const struct pressure_limits *l, __u16 port)
{
	return port >= l->low && port <= l->high;
}

bool pressure_in_range(struct pressure *p, const struct sock_ident *id)
{
	return in_range(limits_at(p, id->netns), id->lport);
}

__u32 pressure_add(struct pressure *p, const struct sock_ident *id)
{
	const struct pressure_limits *l = limits_at(p, id->netns);
	__u32 number;

	if (!in_range(l, id->lport))
		return 0;
	number = find(p, id);
	if (!number)
		number = new_service(p, id);
	if (!number)
		return 0;
	p->service[number - 1].used++;
	make_hot(p, number, l);
	return number;
}

static void forget(struct pressure *p, __u32 number)
{
	struct peer_service *s = &p->service[number - 1];
	__u32 *at = chain_of(p, s);

	while (*at != number)
		at = &p->service[*at - 1].next;
	*at = s->next;
	s->next = p->free;
	p->free = number;
	p->n--;
}

/* One that is hot stays until the next look. */
void pressure_del(struct pressure *p, __u32 number)
{
	struct peer_service *s = &p->service[number - 1];

	if (!--s->used && !s->hot)
		forget(p, number);
}

static __u64 time_left(__u32 used, __u32 usable, __s64 growth_per_s)
{
	if (growth_per_s <= 0 || used >= usable)
		return 0;
	return (__u64)(usable - used) * SECOND_NS / growth_per_s;
}

static __s64 growth(__u32 used, __u32 before, __u64 ns)
{
	return ns ? ((__s64)used - before) * (__s64)SECOND_NS / (__s64)ns : 0;
}

/* Whether what is told of it has to change. */
static bool turns(bool told, __u32 used, __u32 usable)
{
	if (!usable)
		return false;
	return told ? 10ULL * used < (__u64)EASE * usable : 10ULL * used >= (__u64)WARN * usable;
}

static struct pressure_news news_of(const struct pressure *p, const struct peer_service *s)
{
	const struct pressure_limits *l = find_limits(p, s->netns);
	struct pressure_news n = {
		.netns = s->netns,
		.rport = s->rport,
		.used = s->used,
		.usable = pressure_usable(l ? l : &unknown),
		.growth_per_s = s->hot ? s->growth_per_s : 0,
	};

	n.exhausted_in_ns = time_left(n.used, n.usable, n.growth_per_s);
	memcpy(n.laddr, s->laddr, sizeof(n.laddr));
	memcpy(n.raddr, s->raddr, sizeof(n.raddr));
	return n;
}

static void look_at(struct pressure *p, struct peer_service *s, __u64 now_ns, pressure_fn fn,
		    void *ctx)
{
	struct pressure_news n;

	s->growth_per_s = growth(s->used, s->before, s->before_ns ? now_ns - s->before_ns : 0);
	s->before = s->used;
	s->before_ns = now_ns;
	n = news_of(p, s);
	if (!turns(s->told, n.used, n.usable))
		return;
	n.mono_ns = now_ns;
	n.over = s->told;
	s->told = !s->told;
	fn(ctx, &n);
}

static bool stays_hot(struct pressure *p, const struct peer_service *s)
{
	const struct pressure_limits *l = limits_of(p, s->netns);

	return s->told || 10ULL * s->used >= (__u64)HOT * pressure_usable(l ? l : &unknown);
}

static void look_at_time_wait(struct pressure_limits *l, __u64 now_ns, pressure_fn fn, void *ctx)
{
	struct pressure_news n = {
		.mono_ns = now_ns,
		.netns = l->netns,
		.time_wait = true,
		.over = l->tw_told,
		.used = l->tw,
		.usable = l->max_tw,
	};

	if (!turns(l->tw_told, l->tw, l->max_tw))
		return;
	l->tw_told = !l->tw_told;
	fn(ctx, &n);
}

bool pressure_look(struct pressure *p, __u64 now_ns, pressure_fn fn, void *ctx)
{
	__u32 kept = 0;

	for (__u32 i = 0; i < p->n_hot; i++) {
		__u32 number = p->hot[i];
		struct peer_service *s = &p->service[number - 1];

		look_at(p, s, now_ns, fn, ctx);
		if (stays_hot(p, s)) {
			p->hot[kept++] = number;
			continue;
		}
		s->hot = false;
		if (!s->used)
			forget(p, number);
	}
	p->n_hot = kept;
	for (__u32 i = 0; i < p->n_ns; i++)
		look_at_time_wait(&p->ns[i], now_ns, fn, ctx);
	return pressure_is_hot(p);
}

bool pressure_is_hot(const struct pressure *p)
{
	return p->n_hot || p->unknown_netns;
}

/*
 * What is nearest to its limit
 */

/* a's share is larger than b's. */
static bool nearer(const struct pressure_news *a, const struct pressure_news *b)
{
	return (__u64)a->used * b->usable > (__u64)b->used * a->usable;
}

/* Keeps `top` in order; n of them are there.  Gives how many are then. */
static unsigned int put_top(struct pressure_news *top, unsigned int n, unsigned int max,
			    const struct pressure_news *one)
{
	unsigned int at = n;

	while (at && nearer(one, &top[at - 1]))
		at--;
	if (at == max)
		return n;
	if (n == max)
		n--;
	memmove(&top[at + 1], &top[at], (n - at) * sizeof(*top));
	top[at] = *one;
	return n + 1;
}

unsigned int pressure_top(const struct pressure *p, struct pressure_news *top, unsigned int max)
{
	unsigned int n = 0;

	for (__u32 i = 0; i < p->room; i++) {
		struct pressure_news one;

		if (!p->service[i].used)
			continue;
		one = news_of(p, &p->service[i]);
		n = put_top(top, n, max, &one);
	}
	return n;
}

unsigned int pressure_top_time_wait(const struct pressure *p, struct pressure_news *top,
				    unsigned int max)
{
	unsigned int n = 0;

	for (__u32 i = 0; i < p->n_ns; i++) {
		struct pressure_news one = {
			.netns = p->ns[i].netns,
			.time_wait = true,
			.used = p->ns[i].tw,
			.usable = p->ns[i].max_tw,
		};

		if (one.usable)
			n = put_top(top, n, max, &one);
	}
	return n;
}
