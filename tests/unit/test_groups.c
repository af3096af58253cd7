// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include "model/groups.h"

static struct groups g;
static enum group_news last_news;
static struct alert_group last;
static unsigned int n_news;

static int begin(void **unused)
{
	(void)unused;
	n_news = 0;
	return groups_init(&g);
}

static int end(void **unused)
{
	(void)unused;
	groups_free(&g);
	return 0;
}

static struct group_key key_of(__u32 pid)
{
	struct group_key key;

	memset(&key, 0, sizeof(key));
	strcpy(key.rule, "close_wait");
	key.pid = pid;
	return key;
}

static void take(void *ctx, const struct group *group, enum group_news news)
{
	last = group_view(group, *(__u64 *)ctx);
	last_news = news;
	n_news++;
}

static unsigned int news_at(__u64 now_ns)
{
	n_news = 0;
	groups_news(&g, now_ns, take, &now_ns);
	return n_news;
}

static struct member *add(__u32 pid, __u64 id, __u64 since_ns, __u64 now_ns)
{
	struct group_key key = key_of(pid);
	struct member *m = groups_add(&g, &key, id, since_ns, now_ns);

	assert_non_null(m);
	return m;
}

static void opens_grows_and_ends(void **unused)
{
	(void)unused;
	assert_int_equal(news_at(0), 0);
	add(1, 1, 10 * SEC, 70 * SEC);
	assert_int_equal(news_at(70 * SEC), 1);
	assert_int_equal(last_news, GROUP_OPENED);
	assert_int_equal(last.count, 1);
	assert_int_equal(last.oldest_ns, 60 * SEC);
	assert_int_equal(news_at(71 * SEC), 0);
	add(1, 2, 11 * SEC, 71 * SEC);
	assert_int_equal(news_at(71 * SEC), 0); /* twice as many, but few */
	add(1, 3, 12 * SEC, 72 * SEC);
	assert_int_equal(groups_due(&g), 130 * SEC);
	assert_int_equal(news_at(129 * SEC), 0);
	assert_int_equal(news_at(130 * SEC), 1); /* a minute ago */
	assert_int_equal(last_news, GROUP_CHANGED);
	assert_int_equal(last.count, 3);
	assert_int_equal(groups_due(&g), UINT64_MAX);
	for (__u64 id = 1; id <= 3; id++)
		groups_del(&g, groups_find(&g, id), 140 * SEC);
	assert_int_equal(news_at(140 * SEC), 1);
	assert_int_equal(last_news, GROUP_OVER);
	assert_int_equal(last.total, 3);
	assert_int_equal(last.longest_ns, 130 * SEC);
	assert_int_equal(g.n_groups, 0);
}

/* A line for 1, 10, 20, 40 sockets, not for each of the first; the same on the way back. */
static void few_are_told_calmly(void **unused)
{
	unsigned int told = 0;

	(void)unused;
	for (__u64 id = 1; id <= 40; id++) {
		add(1, id, SEC, 70 * SEC);
		told += news_at(70 * SEC);
	}
	assert_int_equal(told, 4);
	assert_int_equal(last.count, 40);
	for (__u64 id = 1; id <= 39; id++) {
		groups_del(&g, groups_find(&g, id), 71 * SEC);
		told += news_at(71 * SEC);
	}
	assert_int_equal(told, 7); /* 20, 10 and 5 */
	assert_int_equal(last.count, 5);
}

static void one_group_a_key(void **unused)
{
	(void)unused;
	add(1, 1, SEC, 2 * SEC);
	add(2, 2, SEC, 2 * SEC);
	add(1, 3, SEC, 2 * SEC);
	assert_int_equal(g.n_groups, 2);
	assert_ptr_equal(groups_find(&g, 1)->group, groups_find(&g, 3)->group);
	assert_ptr_not_equal(groups_find(&g, 1)->group, groups_find(&g, 2)->group);
	assert_null(groups_find(&g, 4));
}

static void the_oldest_in_any_order(void **unused)
{
	(void)unused;
	add(1, 1, 5 * SEC, 10 * SEC);
	add(1, 2, 3 * SEC, 10 * SEC);
	add(1, 3, 7 * SEC, 10 * SEC);
	add(1, 4, 4 * SEC, 10 * SEC);
	assert_int_equal(groups_find(&g, 1)->group->oldest->since_ns, 3 * SEC);
	groups_del(&g, groups_find(&g, 2), 10 * SEC);
	assert_int_equal(groups_find(&g, 1)->group->oldest->since_ns, 4 * SEC);
	groups_del(&g, groups_find(&g, 4), 10 * SEC);
	assert_int_equal(groups_find(&g, 1)->group->oldest->since_ns, 5 * SEC);
	assert_int_equal(groups_find(&g, 1)->group->newest->since_ns, 7 * SEC);
}

static void growth_is_of_the_last_minute(void **unused)
{
	struct group *group;

	(void)unused;
	for (__u64 i = 0; i < 30; i++)
		add(1, i, SEC, 100 * SEC + i * SEC);
	group = groups_find(&g, 0)->group;
	assert_int_equal(group_view(group, 130 * SEC).growth_per_min, 30);
	groups_del(&g, groups_find(&g, 0), 130 * SEC);
	assert_int_equal(group_view(group, 130 * SEC).growth_per_min, 29);
	assert_int_equal(group_view(group, 170 * SEC).growth_per_min, 9);
	assert_int_equal(group_view(group, 300 * SEC).growth_per_min, 0);
}

static void grave_is_told_at_once(void **unused)
{
	struct member *m = add(1, 1, SEC, 61 * SEC);

	(void)unused;
	add(1, 2, SEC, 61 * SEC);
	news_at(61 * SEC);
	groups_grave(m);
	groups_grave(m);
	assert_int_equal(news_at(62 * SEC), 1);
	assert_int_equal(last_news, GROUP_GRAVE);
	assert_int_equal(last.grave, 1);
	assert_int_equal(news_at(63 * SEC), 0);
	groups_del(&g, m, 64 * SEC);
	assert_int_equal(group_view(g.all, 64 * SEC).grave, 0);
}

/* As many as a bad day has. */
static void many(void **unused)
{
	enum { N = 50000 };
	uint64_t random = 7;

	(void)unused;
	for (__u64 i = 0; i < N; i++)
		add(i % 100, i, i, 60 * SEC);
	assert_int_equal(g.n_members, N);
	assert_int_equal(g.n_groups, 100);
	assert_int_equal(news_at(60 * SEC), 100);
	for (__u64 left = N; left;) {
		struct member *m = groups_find(&g, next_random(&random) % N);

		if (!m)
			m = g.all->oldest;
		if (m)
			groups_del(&g, m, 61 * SEC);
		left -= m != NULL;
		if (!m)
			news_at(61 * SEC);
	}
	news_at(61 * SEC);
	assert_int_equal(g.n_members, 0);
	assert_int_equal(g.n_groups, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_grows_and_ends, begin, end),
		cmocka_unit_test_setup_teardown(few_are_told_calmly, begin, end),
		cmocka_unit_test_setup_teardown(one_group_a_key, begin, end),
		cmocka_unit_test_setup_teardown(the_oldest_in_any_order, begin, end),
		cmocka_unit_test_setup_teardown(growth_is_of_the_last_minute, begin, end),
		cmocka_unit_test_setup_teardown(grave_is_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(many, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
