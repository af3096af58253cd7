// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* FIN_WAIT_2 and TIMED_WAIT in small sockets, by the rows of sweeps. */
#include "small_feed.h"

static void limbo_is_found(void **unused)
{
	const struct seen *s;

	(void)unused;
	in_limbo(A);
	sweep_meets(A, SEC, ST_TIME_WAIT, 59 * SEC);
	assert_int_equal(feed.m.n_limbo, 0);
	assert_int_equal(feed.m.n_small, 1);
	/* a millisecond in FIN_WAIT_2, then the small one was made */
	s = told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	assert_int_equal(s->t.via, VIA_SWEEP);
	assert_false(s->t.at_least);
	told_nothing();
}

static void limbo_is_found_in_fin_wait_2(void **unused)
{
	(void)unused;
	in_limbo(A);
	sweep_meets(A, SEC, ST_FIN_WAIT2, 59 * SEC);
	told_nothing();
	sweep_meets(A, 10 * SEC, ST_TIME_WAIT, 55 * SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, 6 * SEC + MS);
	told_nothing();
}

static void limbo_is_not_found(void **unused)
{
	const struct seen *s;

	(void)unused;
	in_limbo(A);
	later(SEC);
	feed.m.overflow_ns = feed.now_ns;
	sweep_of_nothing();
	told_nothing();
	later(SEC);
	sweep_of_nothing();
	s = told_end(ST_FIN_WAIT2, MS, REASON_TIME_WAIT_OVERFLOW);
	assert_int_equal(s->t.mono_ns, feed.now_ns - 2 * SEC);
	assert_int_equal(s->end.bytes_sent, 42);
	all_is_over();
}

/* None was refused: there was one, and no sweep came by.  Whether the peer had closed is known. */
static void limbo_was_short(void **unused)
{
	(void)unused;
	in_limbo(A);
	for (int i = 0; i < 2; i++) {
		later(SEC);
		sweep_of_nothing();
	}
	assert_true(told_end(ST_FIN_WAIT2, MS, REASON_RESET_RECEIVED)->t.at_least);
	in_limbo(A);
	table_find(&feed.m.table, A)->end.facts = END_FIN_IN;
	for (int i = 0; i < 2; i++) {
		later(SEC);
		sweep_of_nothing();
	}
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	assert_true(told_end(ST_TIME_WAIT, 0, REASON_KILLED)->t.at_least);
	all_is_over();
}

/* Missed once by an iterator, met the second time. */
static void limbo_is_found_late(void **unused)
{
	(void)unused;
	in_limbo(A);
	later(SEC);
	sweep_of_nothing();
	sweep_meets(A, SEC, ST_TIME_WAIT, 58 * SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	later(SEC);
	sweep_of_nothing();
	told_nothing();
	assert_int_equal(feed.m.n_small, 1);
}

/* Its end came after the rows were begun. */
static void limbo_after_the_sweep_began(void **unused)
{
	(void)unused;
	sweep_begins();
	later(MS);
	in_limbo(A);
	sweep_ends();
	sweep_begins();
	sweep_ends();
	told_nothing();
	assert_int_equal(feed.m.n_limbo, 1);
}

static void expires_between_sweeps(void **unused)
{
	const struct seen *s;

	(void)unused;
	feed.wheel_us = 200000;
	in_limbo(A);
	sweep_meets(A, SEC, ST_TIME_WAIT, 59 * SEC);
	sweep_meets(A, 58 * SEC, ST_TIME_WAIT, SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	later(SEC + SEC / 2);
	sweep_of_nothing();
	s = told_end(ST_TIME_WAIT, TIME_WAIT + 200 * MS, REASON_EXPIRED);
	assert_int_equal(s->t.via, VIA_SWEEP);
	assert_int_equal(s->t.mono_ns, feed.now_ns - 300 * MS);
	assert_false(s->t.at_least);
	all_is_over();
}

/* Its timer has expired, but the kernel has not got to its bucket: it was taken out of there. */
static void gone_before_the_wheel_turned(void **unused)
{
	(void)unused;
	feed.wheel_us = 2000000;
	in_limbo(A);
	sweep_meets(A, 60 * SEC, ST_TIME_WAIT, 0);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	for (int i = 0; i < 2; i++) {
		told_nothing();
		later(SEC / 2);
		sweep_of_nothing();
	}
	assert_true(told_end(ST_TIME_WAIT, 60 * SEC, REASON_KILLED)->t.at_least);
	all_is_over();
}

/* A moment late since the machine is busy: when it went only the sweeps around that say. */
static void expires_late(void **unused)
{
	(void)unused;
	feed.wheel_us = 4000;
	in_limbo(A);
	sweep_meets(A, 60 * SEC, ST_TIME_WAIT, 0);
	sweep_meets(A, SEC, ST_TIME_WAIT, -(__s64)SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	later(SEC);
	sweep_of_nothing();
	assert_true(told_end(ST_TIME_WAIT, 61 * SEC, REASON_EXPIRED)->t.at_least);
	all_is_over();
}

static void place_in_the_wheel_unknown(void **unused)
{
	(void)unused;
	in_limbo(A);
	sweep_meets(A, SEC, ST_TIME_WAIT, 59 * SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	later(60 * SEC);
	sweep_of_nothing();
	assert_true(told_end(ST_TIME_WAIT, TIME_WAIT, REASON_EXPIRED)->t.at_least);
	all_is_over();
}

/* Its record was lost: the sweeps that follow a loss find that it is over. */
static void expiry_without_a_record(void **unused)
{
	(void)unused;
	feed.wheel_us = 8000;
	in_time_wait(A);
	later(TIME_WAIT + SEC);
	sweep_of_nothing();
	assert_false(told_end(ST_TIME_WAIT, TIME_WAIT + 8 * MS, REASON_EXPIRED)->t.at_least);
	all_is_over();
}

static void ends_before_its_time(void **unused)
{
	const struct seen *s;

	(void)unused;
	in_limbo(A);
	sweep_meets(A, SEC, ST_TIME_WAIT, 59 * SEC);
	sweep_meets(A, SEC, ST_TIME_WAIT, 58 * SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	for (int i = 0; i < 2; i++) {
		told_nothing();
		later(SEC);
		sweep_of_nothing();
	}
	/* it was met 2 s after it was made; when it went nobody knows */
	s = told_end(ST_TIME_WAIT, 2 * SEC, REASON_KILLED);
	assert_true(s->t.at_least);
	all_is_over();
}

static void rearmed_between_sweeps(void **unused)
{
	(void)unused;
	in_limbo(A);
	sweep_meets(A, SEC, ST_TIME_WAIT, 59 * SEC);
	/* 10 s later it has 55 s to go: armed again 5 s ago */
	sweep_meets(A, 10 * SEC, ST_TIME_WAIT, 55 * SEC);
	sweep_meets(A, SEC, ST_TIME_WAIT, 54 * SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	later(55 * SEC);
	sweep_of_nothing();
	assert_int_equal(told_end(ST_TIME_WAIT, 66 * SEC, REASON_EXPIRED)->t.rearms, 1);
	all_is_over();
}

/* What was small at the start. */
static void there_before(void **unused)
{
	struct hello h = {0};
	const struct seen *s;

	(void)unused;
	feed.wheel_us = 500000;
	row_small(A, ST_TIME_WAIT, 40 * SEC);
	row_small(B, ST_FIN_WAIT2, 30 * SEC);
	model_hello(&feed.m, &h);
	assert_int_equal(feed.hello.sockets[ST_TIME_WAIT], 1);
	assert_int_equal(feed.hello.sockets[ST_FIN_WAIT2], 1);
	later(31 * SEC);
	sweep_begins();
	row_small(A, ST_TIME_WAIT, 9 * SEC);
	sweep_ends();
	/* how long before the start it began is not known */
	s = told_end(ST_FIN_WAIT2, 30 * SEC + 500 * MS, REASON_TIMEOUT);
	assert_true(s->t.at_least);
	assert_int_equal(s->end.facts, END_NO_TCP);
	later(10 * SEC);
	sweep_of_nothing();
	s = told_end(ST_TIME_WAIT, TIME_WAIT + 500 * MS, REASON_EXPIRED);
	assert_false(s->t.at_least);
	all_is_over();
}

/* Its timer has 57 s to go, and still it has been in TIMED_WAIT for 20 s. */
static void rearmed_before(void **unused)
{
	struct row_sock row = row_of(ROW_SMALL, A, ST_TIME_WAIT);
	struct hello h = {0};
	const struct seen *s;

	(void)unused;
	feed.wheel_us = 500000;
	row.left_ns = 57 * SEC;
	row.wheel_us = feed.wheel_us;
	row.since_ns = feed.now_ns - 20 * SEC;
	model_row(&feed.m, &row);
	model_hello(&feed.m, &h);
	later(58 * SEC);
	sweep_of_nothing();
	s = told_end(ST_TIME_WAIT, 77 * SEC + 500 * MS, REASON_EXPIRED);
	assert_false(s->t.at_least);
	assert_int_equal(s->t.rearms, 1);
	all_is_over();
}

/* The records of a small socket whose FIN_WAIT_2 is a short one have not been taken yet. */
static void row_before_its_records(void **unused)
{
	struct row_sock row = row_of(ROW_SMALL, A, ST_FIN_WAIT2);

	(void)unused;
	assert_true(model_behind(&feed.m, &row));
	row.flags = ROW_FILTERED;
	assert_false(model_behind(&feed.m, &row));
	row.flags = 0;
	reaches_fin_wait_2(A);
	assert_true(model_behind(&feed.m, &row));
	later(MS);
	ends(A, ST_FIN_WAIT2, MS);
	told_until_fin_wait_2();
	assert_false(model_behind(&feed.m, &row));
	row_small(A, ST_FIN_WAIT2, 3 * SEC);
	assert_false(model_behind(&feed.m, &row));
	assert_int_equal(feed.m.table.n, 1);
	row = row_of(ROW_FULL, B, ST_ESTABLISHED);
	assert_true(model_behind(&feed.m, &row));
	model_row(&feed.m, &row);
	assert_false(model_behind(&feed.m, &row));
	row.state = ST_CLOSE_WAIT;
	assert_true(model_behind(&feed.m, &row));
}

/* The iterator still held it when its end was told: not told twice. */
static void row_after_its_end(void **unused)
{
	struct hello h = {0};

	(void)unused;
	model_hello(&feed.m, &h);
	in_time_wait(A);
	later(2 * SEC);
	small(A, SMALL_STOPPED, ST_TIME_WAIT, 58 * SEC);
	sweep_begins();
	later(SEC);
	tick();
	told_end(ST_TIME_WAIT, 2 * SEC, REASON_KILLED);
	row_small(A, ST_TIME_WAIT, 57 * SEC);
	sweep_ends();
	all_is_over();
}

/* A miss as a big socket is none as a small one. */
static void misses_begin_anew(void **unused)
{
	(void)unused;
	feed.m.small_source = SMALL_RECORDS;
	reaches_fin_wait_2(A);
	later(SEC);
	sweep_of_nothing();
	later(MS);
	small(A, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT);
	ends(A, ST_FIN_WAIT2, SEC + MS);
	feed.at = feed.n;
	later(SEC);
	sweep_of_nothing();
	told_nothing();
	assert_int_equal(feed.m.table.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		sweep_test(limbo_is_found),	    sweep_test(limbo_is_found_in_fin_wait_2),
		sweep_test(limbo_is_not_found),	    sweep_test(limbo_was_short),
		sweep_test(limbo_is_found_late),    sweep_test(limbo_after_the_sweep_began),
		sweep_test(expires_between_sweeps), sweep_test(gone_before_the_wheel_turned),
		sweep_test(expires_late),	    sweep_test(place_in_the_wheel_unknown),
		feed_test(expiry_without_a_record), sweep_test(ends_before_its_time),
		sweep_test(rearmed_between_sweeps), sweep_test(there_before),
		sweep_test(rearmed_before),	    feed_test(row_before_its_records),
		feed_test(row_after_its_end),	    feed_test(misses_begin_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
