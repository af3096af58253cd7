// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table against an array that is searched from end to end. */
#include "unit.h"
#include "model/table.h"

#define OPERATIONS 100000
#define KNOWN_MAX 700

static struct table t;
static __u64 known[KNOWN_MAX];
static unsigned int n_known;

static int begin(void **unused)
{
	(void)unused;
	n_known = 0;
	return table_init(&t);
}

static int end(void **unused)
{
	(void)unused;
	table_free(&t);
	return 0;
}

static unsigned int place_of(__u64 cookie)
{
	unsigned int i = 0;

	while (i < n_known && known[i] != cookie)
		i++;
	return i;
}

static void check_find(__u64 cookie)
{
	const struct conn *c = table_find(&t, cookie);

	assert_int_equal(c != NULL, place_of(cookie) < n_known);
	if (c)
		assert_int_equal(c->cookie, cookie);
}

static void add(__u64 cookie)
{
	struct conn *c;

	if (place_of(cookie) < n_known || n_known == KNOWN_MAX)
		return;
	c = table_add(&t, cookie);
	assert_non_null(c);
	assert_int_equal(c->cookie, cookie);
	assert_int_equal(c->state, 0);
	assert_int_equal(c->deadline_slot, 0);
	assert_ptr_equal(table_at(&t, table_slot(c)), c);
	assert_true(table_slot(c) < table_slots(&t));
	/* what is left behind must not come back */
	c->state = ST_ESTABLISHED;
	c->deadline_slot = 77;
	known[n_known++] = cookie;
}

static void del(unsigned int i)
{
	if (i >= n_known)
		return;
	table_del(&t, table_find(&t, known[i]));
	known[i] = known[--n_known];
}

static void rename_one(unsigned int i, __u64 cookie)
{
	struct conn *c;

	if (i >= n_known || place_of(cookie) < n_known)
		return;
	c = table_find(&t, known[i]);
	table_rename(&t, c, cookie);
	assert_ptr_equal(table_find(&t, cookie), c);
	assert_null(table_find(&t, known[i]));
	known[i] = cookie;
}

static void check_all(void)
{
	unsigned int met = 0;
	__u32 slot = 0;

	assert_int_equal(t.n, n_known);
	for (unsigned int i = 0; i < n_known; i++)
		check_find(known[i]);
	while (table_next(&t, &slot))
		met++;
	assert_int_equal(met, n_known);
}

typedef __u64 (*cookie_fn)(__u64 random);

static void churn(cookie_fn cookie)
{
	uint64_t seed = 0x123456789abcdefULL;

	for (int i = 0; i < OPERATIONS; i++) {
		__u64 r = next_random(&seed), s = next_random(&seed) >> 16;

		if (r >> 62 == 0)
			del(s % KNOWN_MAX);
		else if (r >> 62 == 1)
			check_find(cookie(s));
		else if (r >> 58 == 0x3f)
			rename_one(s % KNOWN_MAX, cookie(s >> 8) | 1ULL << 62);
		else
			add(cookie(s));
		if (i % 1000 == 0)
			check_all();
	}
	check_all();
	while (n_known)
		del(0);
	check_all();
}

/* The kernel gives each CPU runs of 4096. */
static __u64 in_runs(__u64 random)
{
	return (random % 4 * 1000 + 1) * 4096 + random / 4 % 500;
}

static __u64 anywhere(__u64 random)
{
	return random;
}

static void kernels_cookies(void **unused)
{
	(void)unused;
	churn(in_runs);
}

static void all_cookies(void **unused)
{
	(void)unused;
	churn(anywhere);
}

/* All at home in the same place, and across the end of the index: the inverse of the hash. */
static __u64 same_home(__u64 random)
{
	/* 0x9e3779b97f4a7c15 times this is 1, modulo 2^64 */
	static const __u64 inverse = 0xf1de83e19937733dULL;

	return ((1021 + random % 4) << 32 | (random >> 8) % 200 << 48) * inverse;
}

static void collisions(void **unused)
{
	(void)unused;
	assert_int_equal((__u64)(0x9e3779b97f4a7c15ULL * 0xf1de83e19937733dULL), 1);
	churn(same_home);
}

static void many(void **unused)
{
	(void)unused;
	for (__u64 i = 1; i <= 100000; i++)
		assert_non_null(table_add(&t, i));
	for (__u64 i = 1; i <= 100000; i += 2)
		table_del(&t, table_find(&t, i));
	for (__u64 i = 1; i <= 100000; i++)
		assert_int_equal(table_find(&t, i) != NULL, i % 2 == 0);
	assert_int_equal(t.n, 50000);
}

/* They never move: what points at one holds. */
static void stay_where_they_are(void **unused)
{
	struct conn *first = table_add(&t, 1);

	(void)unused;
	for (__u64 i = 2; i < 10000; i++)
		table_add(&t, i);
	assert_ptr_equal(table_find(&t, 1), first);
}

static void deleted_on_the_way(void **unused)
{
	unsigned int met = 0;
	struct conn *c;
	__u32 slot = 0;

	(void)unused;
	for (__u64 i = 1; i <= 3000; i++)
		add(i * 3);
	while ((c = table_next(&t, &slot))) {
		met++;
		if (c->cookie % 2)
			table_del(&t, c);
	}
	assert_int_equal(met, KNOWN_MAX);
	for (slot = 0; (c = table_next(&t, &slot));)
		assert_int_equal(c->cookie % 2, 0);
	assert_int_equal(t.n, KNOWN_MAX / 2);
}

static void memory_is_used_again(void **unused)
{
	(void)unused;
	for (__u64 i = 1; i < 100000; i++)
		table_del(&t, table_add(&t, i));
	assert_int_equal(table_slots(&t), TABLE_CHUNK);
}

static void empty(void **unused)
{
	__u32 slot = 0;

	(void)unused;
	assert_null(table_find(&t, 1));
	assert_null(table_find(&t, 0));
	assert_null(table_next(&t, &slot));
}

#define table_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(empty),
		table_test(kernels_cookies),
		table_test(all_cookies),
		table_test(collisions),
		table_test(many),
		table_test(stay_where_they_are),
		table_test(deleted_on_the_way),
		table_test(memory_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
