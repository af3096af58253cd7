// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Part of an order against all of it, sorted. */
#include "unit.h"
#include "tui/pick.h"

#define MAX 400

static int tie(const void *ctx, __u32 a, __u32 b)
{
	(void)ctx;
	return a < b ? -1 : a > b;
}

static int by_all(const void *a, const void *b)
{
	return pick_compare(a, b, tie, NULL);
}

static void check(const struct pick *all, size_t n, size_t from, size_t to)
{
	struct pick sorted[MAX], picked[MAX];

	memcpy(sorted, all, n * sizeof(*all));
	memcpy(picked, all, n * sizeof(*all));
	qsort(sorted, n, sizeof(*sorted), by_all);
	pick_range(picked, n, from, to, tie, NULL);
	for (size_t i = from; i < to && i < n; i++)
		assert_int_equal(picked[i].id, sorted[i].id);
	/* nothing got lost on the way */
	qsort(picked, n, sizeof(*picked), by_all);
	assert_memory_equal(picked, sorted, n * sizeof(*all));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pick_rank(all, n, &sorted[i], tie, NULL), i);
}

/* Few keys make many ties, and one makes nothing else. */
static void test_random(void **unused)
{
	uint64_t seed = 7;

	(void)unused;
	for (int round = 0; round < 600; round++) {
		size_t n = next_random(&seed) % (round % 20 ? 40 : MAX);
		uint64_t keys = 1 + next_random(&seed) % (round % 3 ? 5 : 1000000);
		struct pick all[MAX];
		size_t from, to;

		memset(all, 0, sizeof(all));
		for (size_t i = 0; i < n; i++)
			all[i] = (struct pick){.key = next_random(&seed) % keys, .id = i * 7};
		from = n ? next_random(&seed) % n : 0;
		to = from + next_random(&seed) % 30;
		check(all, n, from, to);
	}
}

static void test_in_order_already(void **unused)
{
	struct pick up[MAX], down[MAX];

	(void)unused;
	memset(up, 0, sizeof(up));
	memset(down, 0, sizeof(down));
	for (__u32 i = 0; i < MAX; i++) {
		up[i] = (struct pick){.key = i, .id = i};
		down[i] = (struct pick){.key = MAX - i, .id = i};
	}
	check(up, MAX, 0, 20);
	check(up, MAX, MAX - 5, MAX);
	check(down, MAX, 0, MAX);
	check(down, MAX, 100, 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_in_order_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
