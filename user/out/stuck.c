// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "out/stuck.h"

/* The cookie of a small socket can change while it lives (see small_set_aside()), its slot not. */
static __u32 key_of(const struct conn *c)
{
	return c->slot + 1;
}

static __u32 home(const struct stuck_table *t, __u32 key)
{
	return (key * 0x9e3779b1U) >> 7 & (t->cap - 1);
}

/* Where the key is, or where it would go: linear probing. */
static struct stuck *place_of(const struct stuck_table *t, __u32 key)
{
	__u32 i = home(t, key);

	while (t->place[i].key && t->place[i].key != key)
		i = (i + 1) & (t->cap - 1);
	return &t->place[i];
}

static int grow(struct stuck_table *t)
{
	struct stuck_table wider = *t;

	wider.cap = t->cap ? 2 * t->cap : 16;
	wider.place = calloc(wider.cap, sizeof(*wider.place));
	if (!wider.place)
		return -ENOMEM;
	for (__u32 i = 0; i < t->cap; i++)
		if (t->place[i].key)
			*place_of(&wider, t->place[i].key) = t->place[i];
	free(t->place);
	*t = wider;
	return 0;
}

static void forget_json(struct stuck_table *t, struct stuck *s)
{
	if (!s->json)
		return;
	free(s->json);
	s->json = NULL;
	s->json_len = 0;
	t->with_json--;
}

static void keep_json(struct stuck_table *t, struct stuck *s, const char *json, size_t len)
{
	if (!json || t->with_json >= STUCK_JSON_MAX)
		return;
	s->json = malloc(len + 1);
	if (!s->json)
		return;
	memcpy(s->json, json, len);
	s->json[len] = '\0';
	s->json_len = len;
	t->with_json++;
}

static const char *comm_of(const struct alert *a)
{
	return a->n_holders ? a->holders[0].comm : a->conn->ident.owner.comm;
}

int stuck_put(struct stuck_table *t, const struct alert *a, const char *json, size_t len)
{
	struct stuck *s;
	int err = 0;

	if (4 * (t->n + 1) > 3 * t->cap)
		err = grow(t);
	if (err)
		return err;
	s = place_of(t, key_of(a->conn));
	t->n += !s->key;
	forget_json(t, s);
	s->key = key_of(a->conn);
	s->since_ns = a->mono_ns - a->dwell_ns;
	s->state = a->state;
	s->at_least = a->at_least;
	memcpy(s->comm, comm_of(a), COMM_LEN);
	memcpy(s->rule, a->rule->name, RULE_NAME_LEN);
	keep_json(t, s, json, len);
	return 0;
}

/* Those behind a hole move up, so that a search never ends too early. */
static void close_hole(struct stuck_table *t, __u32 hole)
{
	__u32 mask = t->cap - 1;

	for (__u32 i = (hole + 1) & mask; t->place[i].key; i = (i + 1) & mask) {
		__u32 want = home(t, t->place[i].key);

		if (((i - want) & mask) < ((i - hole) & mask))
			continue;
		t->place[hole] = t->place[i];
		hole = i;
	}
	memset(&t->place[hole], 0, sizeof(t->place[hole]));
}

void stuck_del(struct stuck_table *t, const struct conn *c)
{
	struct stuck *s = t->cap ? place_of(t, key_of(c)) : NULL;

	if (!s || !s->key)
		return;
	forget_json(t, s);
	t->n--;
	close_hole(t, s - t->place);
}

const struct stuck *stuck_find(const struct stuck_table *t, const struct conn *c)
{
	const struct stuck *s = t->cap ? place_of(t, key_of(c)) : NULL;

	return s && s->key ? s : NULL;
}

void stuck_free(struct stuck_table *t)
{
	for (__u32 i = 0; i < t->cap; i++)
		free(t->place[i].json);
	free(t->place);
	memset(t, 0, sizeof(*t));
}

/*
 * Groups
 */

static int by_rule(const struct stuck *a, const struct stuck *b)
{
	int cmp = strncmp(a->rule, b->rule, RULE_NAME_LEN);

	return cmp ? cmp : a->state - b->state;
}

static int by_name(const void *a, const void *b)
{
	const struct stuck *x = *(const struct stuck *const *)a;
	const struct stuck *y = *(const struct stuck *const *)b;
	int cmp = by_rule(x, y);

	return cmp ? cmp : strncmp(x->comm, y->comm, COMM_LEN);
}

static int by_size(const void *a, const void *b)
{
	const struct stuck_group *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return by_name(&x->one, &y->one);
}

static void take(struct stuck_group *g, const struct stuck *s, __u32 n, __u64 since_ns)
{
	if (!g->n || since_ns < g->since_ns)
		g->since_ns = since_ns;
	if (!g->n)
		g->one = s;
	g->n += n;
}

static size_t gather(const struct stuck **sorted, size_t n, struct stuck_group *groups)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!i || by_name(&sorted[i - 1], &sorted[i]))
			count++;
		take(&groups[count - 1], sorted[i], 1, sorted[i]->since_ns);
	}
	return count;
}

/* Adds a group to the "other" of its rule and state, which is among those from `first` on. */
static size_t add_other(struct stuck_group *groups, size_t first, size_t n, struct stuck_group add)
{
	size_t i = first;

	while (i < n && by_rule(groups[i].one, add.one))
		i++;
	if (i == n)
		groups[i] = (struct stuck_group){.other = true};
	take(&groups[i], add.one, add.n, add.since_ns);
	return i == n ? n + 1 : n;
}

static bool is_other(const char comm[COMM_LEN])
{
	size_t len = sizeof(STUCK_OTHER) - 1;

	return strnlen(comm, COMM_LEN) == len && !memcmp(comm, STUCK_OTHER, len);
}

/* The order of size stays; what has no place of its own goes behind, added up. */
static size_t cut(struct stuck_group *groups, size_t n, size_t max)
{
	struct stuck_group *rest = malloc((n + 1) * sizeof(*rest));
	size_t kept = 0, others = 0;

	if (!rest)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (kept < max && !is_other(groups[i].one->comm))
			groups[kept++] = groups[i];
		else
			others = add_other(rest, 0, others, groups[i]);
	}
	memcpy(groups + kept, rest, others * sizeof(*rest));
	free(rest);
	return kept + others;
}

int stuck_groups(const struct stuck_table *t, size_t max, struct stuck_group **groups, size_t *n)
{
	const struct stuck **sorted = calloc(t->n + 1, sizeof(*sorted));
	size_t k = 0;

	*n = 0;
	*groups = calloc(t->n + 1, sizeof(**groups));
	if (!sorted || !*groups) {
		free(sorted);
		free(*groups);
		*groups = NULL;
		return -ENOMEM;
	}
	for (__u32 i = 0; i < t->cap; i++)
		if (t->place[i].key)
			sorted[k++] = &t->place[i];
	qsort(sorted, k, sizeof(*sorted), by_name);
	k = gather(sorted, k, *groups);
	qsort(*groups, k, sizeof(**groups), by_size);
	*n = cut(*groups, k, max);
	free(sorted);
	return 0;
}
