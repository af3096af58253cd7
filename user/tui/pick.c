// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>

#include "tui/pick.h"

struct order {
	pick_tie tie;
	const void *ctx;
};

int pick_compare(const struct pick *a, const struct pick *b, pick_tie tie, const void *ctx)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->id == b->id ? 0 : tie(ctx, a->id, b->id);
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct order *o = ctx;

	return pick_compare(a, b, o->tie, o->ctx);
}

static void swap(struct pick *a, struct pick *b)
{
	struct pick t = *a;

	*a = *b;
	*b = t;
}

/* The middle one of first, middle and last: what is sorted already must not be the worst case. */
static struct pick pivot_of(const struct pick *all, size_t n, struct order *o)
{
	const struct pick *a = all, *b = all + n / 2, *c = all + n - 1, *t;

	if (compare(a, b, o) > 0) {
		t = a;
		a = b;
		b = t;
	}
	if (compare(b, c, o) > 0)
		b = compare(a, c, o) > 0 ? a : c;
	return *b;
}

/* Hoare's quickselect: afterwards nothing before `at` belongs behind it, and the other way. */
static void split_at(struct pick *all, size_t n, size_t at, struct order *o)
{
	size_t low = 0, high = n;

	while (high - low > 1 && at > low && at < high) {
		struct pick pivot = pivot_of(all + low, high - low, o);
		size_t i = low, j = high - 1;

		for (;;) {
			while (compare(&all[i], &pivot, o) < 0)
				i++;
			while (compare(&all[j], &pivot, o) > 0)
				j--;
			if (i >= j)
				break;
			swap(&all[i++], &all[j--]);
		}
		/* all before i are at most the pivot, all from there on at least */
		i += i == low;
		if (at < i)
			high = i;
		else
			low = i;
	}
}

void pick_range(struct pick *all, size_t n, size_t from, size_t to, pick_tie tie, const void *ctx)
{
	struct order o = {tie, ctx};

	if (to > n)
		to = n;
	if (from >= to)
		return;
	split_at(all, n, from, &o);
	split_at(all + from, n - from, to - from, &o);
	qsort_r(all + from, to - from, sizeof(*all), compare, &o);
}

size_t pick_rank(const struct pick *all, size_t n, const struct pick *one, pick_tie tie,
		 const void *ctx)
{
	size_t rank = 0;

	for (size_t i = 0; i < n; i++)
		rank += pick_compare(&all[i], one, tie, ctx) < 0;
	return rank;
}
