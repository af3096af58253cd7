// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The heap of deadlines against an array of them. */
#include "unit.h"
#include "model/deadline.h"

#define CONNS 1000
#define NEVER UINT64_MAX

static struct table t;
static struct deadlines d;
static struct conn *conn[CONNS];
static __u64 due[CONNS];

static int begin(void **unused)
{
	(void)unused;
	memset(&d, 0, sizeof(d));
	assert_int_equal(table_init(&t), 0);
	for (int i = 0; i < CONNS; i++) {
		conn[i] = table_add(&t, i + 1);
		due[i] = NEVER;
	}
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	deadlines_free(&d);
	table_free(&t);
	return 0;
}

static void set(unsigned int i, __u64 at_ns)
{
	assert_int_equal(deadline_set(&d, &t, conn[i], at_ns), 0);
	due[i] = at_ns;
}

static void clear(unsigned int i)
{
	deadline_clear(&d, &t, conn[i]);
	assert_int_equal(conn[i]->deadline_slot, 0);
	due[i] = NEVER;
}

static unsigned int count(void)
{
	unsigned int n = 0;

	for (int i = 0; i < CONNS; i++)
		n += due[i] != NEVER;
	return n;
}

static void check(void)
{
	const struct conn *first = deadline_conn(&d, &t);
	__u64 min = NEVER;

	for (int i = 0; i < CONNS; i++)
		min = due[i] < min ? due[i] : min;
	assert_int_equal(deadline_first(&d), min);
	assert_int_equal(first != NULL, min != NEVER);
	if (first)
		assert_int_equal(due[first->cookie - 1], min);
}

/* Each knows its place, and none is later than what hangs on it. */
static void check_order(void)
{
	assert_int_equal(d.n, count());
	for (__u32 i = 1; i <= d.n; i++) {
		assert_int_equal(table_at(&t, d.heap[i].slot)->deadline_slot, i);
		assert_int_equal(d.heap[i].at_ns, due[table_at(&t, d.heap[i].slot)->cookie - 1]);
		if (i > 1)
			assert_true(d.heap[i / 2].at_ns <= d.heap[i].at_ns);
	}
}

static void churn(void **unused)
{
	uint64_t seed = 42;

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		unsigned int which = (next_random(&seed) >> 20) % CONNS;
		/* few moments: many are due at once */
		__u64 at_ns = (next_random(&seed) >> 20) % (i < 10000 ? 50 : UINT32_MAX);

		if (next_random(&seed) >> 62)
			set(which, at_ns);
		else
			clear(which);
		if (i % 16 == 0)
			check();
		if (i % 500 == 0)
			check_order();
	}
}

static void come_in_order(void **unused)
{
	uint64_t seed = 7;
	__u64 last = 0;

	(void)unused;
	for (int i = 0; i < CONNS; i++)
		set(i, next_random(&seed) >> 1);
	for (int i = 0; i < CONNS; i++) {
		__u64 at_ns = deadline_first(&d);

		assert_true(at_ns >= last);
		last = at_ns;
		clear(deadline_conn(&d, &t)->cookie - 1);
	}
	check();
}

static void moved(void **unused)
{
	(void)unused;
	set(1, 100);
	set(2, 200);
	set(1, 300);
	check();
	set(1, 50);
	check();
	clear(2);
	clear(2);
	check();
	assert_int_equal(d.n, 1);
}

static void none(void **unused)
{
	(void)unused;
	check();
	clear(0);
	check();
}

#define deadline_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		deadline_test(none),
		deadline_test(moved),
		deadline_test(come_in_order),
		deadline_test(churn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
