// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One socket, one cookie, two connections: disconnect, and connect again. */
#include <errno.h>

#include "small_feed.h"

/* connect() again, to somewhere else. */
static void opens_anew(__u64 cookie)
{
	struct rec_open r = {
		.step = step_of(cookie, ST_CLOSE, ST_SYN_SENT, 0),
		.ident = ident_of(cookie + 100),
	};

	r.step.kind = REC_OPEN;
	r.step.flags = STEP_FIRST;
	take(&r, sizeof(r));
}

/* shutdown(), connect(AF_UNSPEC), connect(): the RST of the first leaves after its end. */
static void disconnected_in_fin_wait_2(void **unused)
{
	(void)unused;
	in_limbo(A);
	opens_anew(A);
	told_end(ST_FIN_WAIT2, MS, REASON_RESET_SENT);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	assert_int_equal(feed.m.n_limbo, 0);
	assert_int_equal(feed.m.table.n, 1);
}

/* What sweeps met last: the new connection and, the second time, the small socket. */
static void sweep_meets_both(unsigned int state, __s64 left_ns)
{
	later(SEC);
	sweep_begins();
	row_full(A, state, SEC, 0);
	if (left_ns)
		row_small(A, ST_TIME_WAIT, left_ns);
	sweep_ends();
}

static void disconnected_in_time_wait_by_sweeps(void **unused)
{
	(void)unused;
	in_limbo(A);
	opens_anew(A);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	sweep_meets_both(ST_SYN_SENT, 59 * SEC);
	assert_int_equal(told(ST_FIN_WAIT2, ST_TIME_WAIT, MS)->conn.cookie & COOKIE_MASK, A);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, SEC);
	told(ST_SYN_SENT, ST_ESTABLISHED, SEC);
	later(58 * SEC);
	sweep_meets_both(ST_ESTABLISHED, 0);
	told_end(ST_TIME_WAIT, TIME_WAIT, REASON_EXPIRED);
	told_nothing();
	assert_int_equal(feed.m.table.n, 1);
	assert_int_equal(feed.m.by_state[ST_ESTABLISHED], 1);
}

static void disconnected_in_fin_wait_2_by_sweeps(void **unused)
{
	(void)unused;
	in_limbo(A);
	opens_anew(A);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	sweep_meets_both(ST_SYN_SENT, 0);
	told_nothing();
	sweep_meets_both(ST_SYN_SENT, 0);
	told_end(ST_FIN_WAIT2, MS, REASON_RESET_SENT);
	sweep_meets_both(ST_SYN_SENT, 0);
	told_nothing();
	assert_int_equal(feed.m.table.n, 1);
	assert_int_equal(feed.m.n_limbo, 0);
}

/* The TIMED_WAIT of the first goes on beside the second, and beside its TIMED_WAIT. */
static void disconnected_in_time_wait(void **unused)
{
	(void)unused;
	in_time_wait(A);
	later(10 * SEC);
	reaches_fin_wait_2(A);
	told_until_fin_wait_2();
	assert_int_equal(feed.m.table.n, 2);
	later(MS);
	small(A, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT);
	ends(A, ST_FIN_WAIT2, MS);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	later(50 * SEC - 4 * MS);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	told_end(ST_TIME_WAIT, TIME_WAIT, REASON_EXPIRED);
	assert_int_equal(feed.m.n_set_aside, 0);
	later(10 * SEC + 4 * MS);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	assert_int_equal(told_end(ST_TIME_WAIT, TIME_WAIT, REASON_EXPIRED)->t.rearms, 0);
	all_is_over();
}

/* The end of the second is its own: not swallowed by the first. */
static void reset_beside_time_wait(void **unused)
{
	(void)unused;
	in_time_wait(A);
	opens_anew(A);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	ends_with(A, ST_ESTABLISHED, MS, STEP_RST_IN, (struct sock_end){.sk_err = ECONNRESET});
	told(ST_CLOSE, ST_SYN_SENT, 0);
	told(ST_SYN_SENT, ST_ESTABLISHED, MS);
	told_end(ST_ESTABLISHED, MS, REASON_RESET_RECEIVED);
	later(TIME_WAIT);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	told_end(ST_TIME_WAIT, TIME_WAIT, REASON_EXPIRED);
	all_is_over();
}

/* A third one: of the first nothing more can be known. */
static void three_on_one_socket(void **unused)
{
	(void)unused;
	in_time_wait(A);
	in_time_wait(A);
	assert_int_equal(feed.m.n_set_aside, 1);
	opens_anew(A);
	told_end(ST_TIME_WAIT, 0, REASON_UNKNOWN);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	assert_int_equal(feed.m.n_set_aside, 1);
	assert_int_equal(feed.m.table.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		feed_test(disconnected_in_fin_wait_2),
		sweep_test(disconnected_in_time_wait_by_sweeps),
		sweep_test(disconnected_in_fin_wait_2_by_sweeps),
		feed_test(disconnected_in_time_wait),
		feed_test(reset_beside_time_wait),
		feed_test(three_on_one_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
