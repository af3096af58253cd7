// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/table.h"

#define INDEX_MIN 1024

/*
 * An entry is a slot + 1, and above it a part of the hash: a connection that is
 * not the one looked for is mostly a small socket that nobody has touched for
 * long, and to look at its cookie a cache miss.
 */
#define SLOT_BITS 24
#define SLOT_MASK ((1U << SLOT_BITS) - 1)

/* Fibonacci hashing: cookies come in runs, one run a CPU. */
static __u64 hash(__u64 cookie)
{
	return cookie * 0x9e3779b97f4a7c15ULL;
}

static __u32 home(const struct table *t, __u64 cookie)
{
	return (__u32)(hash(cookie) >> 32) & t->mask;
}

static __u32 tag(__u64 cookie)
{
	return hash(cookie) >> (32 + SLOT_BITS) << SLOT_BITS;
}

static __u32 slot_of(__u32 entry)
{
	return (entry & SLOT_MASK) - 1;
}

struct conn *table_at(const struct table *t, __u32 slot)
{
	return &t->chunk[slot / TABLE_CHUNK][slot % TABLE_CHUNK];
}

__u32 table_slot(const struct conn *c)
{
	return c->slot;
}

__u32 table_slots(const struct table *t)
{
	return t->n_chunks * TABLE_CHUNK;
}

int table_init(struct table *t)
{
	memset(t, 0, sizeof(*t));
	t->index = calloc(INDEX_MIN, sizeof(*t->index));
	t->mask = INDEX_MIN - 1;
	return t->index ? 0 : -ENOMEM;
}

void table_free(struct table *t)
{
	for (__u32 i = 0; i < t->n_chunks; i++)
		free(t->chunk[i]);
	free(t->chunk);
	free(t->index);
	memset(t, 0, sizeof(*t));
}

struct conn *table_find(const struct table *t, __u64 cookie)
{
	__u32 want = tag(cookie);

	for (__u32 i = home(t, cookie);; i = (i + 1) & t->mask) {
		struct conn *c;

		if (!t->index[i])
			return NULL;
		if ((t->index[i] & ~SLOT_MASK) != want)
			continue;
		c = table_at(t, slot_of(t->index[i]));
		if (c->cookie == cookie)
			return c;
	}
}

static void index_put(struct table *t, __u32 slot)
{
	__u64 cookie = table_at(t, slot)->cookie;
	__u32 i = home(t, cookie);

	while (t->index[i])
		i = (i + 1) & t->mask;
	t->index[i] = tag(cookie) | (slot + 1);
}

static int index_grow(struct table *t)
{
	__u32 old_mask = t->mask;
	__u32 *old = t->index;
	__u32 *new = calloc(2 * ((size_t)old_mask + 1), sizeof(*new));

	if (!new)
		return -ENOMEM;
	t->index = new;
	t->mask = 2 * old_mask + 1;
	for (__u32 i = 0; i <= old_mask; i++)
		if (old[i])
			index_put(t, slot_of(old[i]));
	free(old);
	return 0;
}

static int chunk_add(struct table *t)
{
	struct conn **chunks = realloc(t->chunk, (t->n_chunks + 1) * sizeof(*chunks));
	struct conn *c;

	if (!chunks)
		return -ENOMEM;
	t->chunk = chunks;
	if (table_slots(t) + TABLE_CHUNK > SLOT_MASK)
		return -ENOMEM;
	c = calloc(TABLE_CHUNK, sizeof(*c));
	if (!c)
		return -ENOMEM;
	t->chunk[t->n_chunks] = c;
	for (__u32 i = TABLE_CHUNK; i-- > 0;) {
		c[i].slot = t->n_chunks * TABLE_CHUNK + i;
		c[i].next_free = t->free_head;
		t->free_head = c[i].slot + 1;
	}
	t->n_chunks++;
	return 0;
}

struct conn *table_add(struct table *t, __u64 cookie)
{
	struct conn *c;
	__u32 slot;

	if (t->n >= t->mask / 2 && index_grow(t))
		return NULL;
	if (!t->free_head && chunk_add(t))
		return NULL;
	slot = t->free_head - 1;
	c = table_at(t, slot);
	t->free_head = c->next_free;
	memset(c, 0, sizeof(*c));
	c->slot = slot;
	c->used = true;
	c->cookie = cookie;
	index_put(t, slot);
	t->n++;
	return c;
}

/* Closes the gap that a deletion leaves, so that no probe ends too early. */
static void index_shift_back(struct table *t, __u32 gap)
{
	for (__u32 i = (gap + 1) & t->mask; t->index[i]; i = (i + 1) & t->mask) {
		__u32 at = home(t, table_at(t, slot_of(t->index[i]))->cookie);

		if (((i - at) & t->mask) < ((i - gap) & t->mask))
			continue;
		t->index[gap] = t->index[i];
		gap = i;
	}
	t->index[gap] = 0;
}

static void index_drop(struct table *t, const struct conn *c)
{
	__u32 i = home(t, c->cookie);

	while (slot_of(t->index[i]) != c->slot)
		i = (i + 1) & t->mask;
	index_shift_back(t, i);
}

void table_rename(struct table *t, struct conn *c, __u64 cookie)
{
	index_drop(t, c);
	c->cookie = cookie;
	index_put(t, c->slot);
}

void table_del(struct table *t, struct conn *c)
{
	index_drop(t, c);
	c->used = false;
	c->next_free = t->free_head;
	t->free_head = c->slot + 1;
	t->n--;
}

struct conn *table_next(const struct table *t, __u32 *slot)
{
	while (*slot < table_slots(t)) {
		struct conn *c = table_at(t, (*slot)++);

		if (c->used)
			return c;
	}
	return NULL;
}
