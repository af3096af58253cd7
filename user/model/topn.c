// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/topn.h"

#define INDEX (2 * TOPN_ROWS)

int topn_init(struct topn *t)
{
	memset(t, 0, sizeof(*t));
	t->row = calloc(TOPN_ROWS, sizeof(*t->row));
	t->index = calloc(INDEX, sizeof(*t->index));
	if (t->row && t->index)
		return 0;
	topn_free(t);
	return -ENOMEM;
}

void topn_free(struct topn *t)
{
	free(t->row);
	free(t->index);
	memset(t, 0, sizeof(*t));
}

static __u32 hash(const struct topn_key *key)
{
	__u64 word[sizeof(*key) / 8], h = 0;

	memcpy(word, key, sizeof(word));
	for (unsigned int i = 0; i < sizeof(word) / sizeof(*word); i++) {
		h = (h ^ word[i]) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return (__u32)h & (INDEX - 1);
}

static __u16 *place_of(const struct topn *t, const struct topn_key *key)
{
	__u32 i = hash(key);

	while (t->index[i] && memcmp(&t->row[t->index[i] - 1].key, key, sizeof(*key)))
		i = (i + 1) & (INDEX - 1);
	return &t->index[i];
}

static void fold(struct topn_row *into, const struct topn_row *row)
{
	into->weight += row->weight;
	into->transitions += row->transitions;
	into->connections += row->connections;
	into->failed += row->failed;
	into->stuck += row->stuck;
	into->sent += row->sent;
	into->received += row->received;
	into->retransmits += row->retransmits;
	if (row->longest_ns > into->longest_ns)
		into->longest_ns = row->longest_ns;
}

/* By weight, and where that is the same in a fixed order. */
static int by_weight(const void *a, const void *b)
{
	const struct topn_row *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

void topn_sort(struct topn *t)
{
	qsort(t->row, t->n, sizeof(*t->row), by_weight);
}

static void shed(struct topn *t)
{
	topn_sort(t);
	memset(t->index, 0, INDEX * sizeof(*t->index));
	t->n_other += TOPN_ROWS / 2;
	for (__u32 i = TOPN_ROWS / 2; i < t->n; i++)
		fold(&t->other, &t->row[i]);
	t->n = TOPN_ROWS / 2;
	for (__u32 i = 0; i < t->n; i++)
		*place_of(t, &t->row[i].key) = i + 1;
}

struct topn_row *topn_at(struct topn *t, const struct topn_key *key)
{
	__u16 *place = place_of(t, key);
	struct topn_row *row;

	if (*place)
		return &t->row[*place - 1];
	if (t->n == TOPN_ROWS) {
		shed(t);
		place = place_of(t, key);
	}
	row = &t->row[t->n++];
	*place = t->n;
	memset(row, 0, sizeof(*row));
	row->key = *key;
	return row;
}

struct topn_row topn_rest(const struct topn *t, __u32 n)
{
	struct topn_row rest = t->other;

	for (__u32 i = n; i < t->n; i++)
		fold(&rest, &t->row[i]);
	return rest;
}
