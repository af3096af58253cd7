// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rec/dict.h"

/* A power of two, twice what there can be. */
#define SLOTS (2 * DICT_MAX)

static __u32 home(const struct dict *d, const void *key)
{
	__u64 h = 0, word;

	for (__u32 i = 0; i < d->size; i += sizeof(word)) {
		memcpy(&word, (const __u8 *)key + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return h & (SLOTS - 1);
}

int dict_init(struct dict *d, size_t size, bool find)
{
	d->n = 0;
	d->size = size;
	d->keys = malloc(size * DICT_MAX);
	d->slot = find ? calloc(SLOTS, sizeof(*d->slot)) : NULL;
	if (d->keys && (d->slot || !find))
		return 0;
	dict_free(d);
	return -ENOMEM;
}

void dict_free(struct dict *d)
{
	free(d->keys);
	free(d->slot);
	memset(d, 0, sizeof(*d));
}

void dict_clear(struct dict *d)
{
	if (d->slot && d->n)
		memset(d->slot, 0, SLOTS * sizeof(*d->slot));
	d->n = 0;
}

/* Where the key is, or where it would be. */
static __u32 probe(const struct dict *d, const void *key)
{
	__u32 i = home(d, key);

	while (d->slot[i] && memcmp(d->keys + (size_t)(d->slot[i] - 1) * d->size, key, d->size))
		i = (i + 1) & (SLOTS - 1);
	return i;
}

__u32 dict_find(const struct dict *d, const void *key)
{
	return (__u32)d->slot[probe(d, key)] - 1;
}

void dict_add(struct dict *d, const void *key)
{
	if (d->n == DICT_MAX)
		return;
	if (d->slot)
		d->slot[probe(d, key)] = d->n + 1;
	memcpy(d->keys + (size_t)d->n++ * d->size, key, d->size);
}

const void *dict_at(const struct dict *d, __u64 index)
{
	return index < d->n ? d->keys + index * d->size : NULL;
}
