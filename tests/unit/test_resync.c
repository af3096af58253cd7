// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rows of full sockets: what is there, what has gone, and what the records know better. */
#include "feed.h"

#define A 7ULL
#define B 8ULL

static void resync_finds_the_unknown(void **unused)
{
	(void)unused;
	sweep_begins();
	row_full(A, ST_ESTABLISHED, SEC, 0);
	sweep_ends();
	told_nothing();
	assert_int_equal(feed.m.by_state[ST_ESTABLISHED], 1);
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, SEC);
	assert_int_equal(told(ST_ESTABLISHED, ST_CLOSE_WAIT, SEC)->conn.ident.lport, 54321);
	assert_false(feed.m.unknown);
}

static void resync_drops_the_gone(void **unused)
{
	(void)unused;
	closed_on(A);
	closed_on(B);
	later(61 * SEC);
	tick();
	alerted(ALERT_FIRING, ST_CLOSE_WAIT, 61 * SEC);
	alerted(ALERT_FIRING, ST_CLOSE_WAIT, 61 * SEC);
	feed.at = feed.n;
	for (int i = 0; i < 2; i++) {
		alerted_nothing();
		assert_int_equal(feed.m.table.n, 2);
		later(SEC);
		sweep_begins();
		row_full(B, ST_CLOSE_WAIT, (62 + i) * SEC, 0);
		sweep_ends();
	}
	assert_int_equal(alerted(ALERT_RESOLVED, ST_CLOSE_WAIT, 63 * SEC)->conn.cookie, A);
	alerted_nothing();
	told_nothing();
	assert_int_equal(feed.m.table.n, 1);
}

/* An iterator can skip a socket: one miss is none. */
static void resync_forgives_a_miss(void **unused)
{
	(void)unused;
	opens(A);
	for (int i = 0; i < 5; i++) {
		later(SEC);
		sweep_of_nothing();
		later(SEC);
		sweep_begins();
		row_full(A, ST_SYN_SENT, 0, 0);
		sweep_ends();
	}
	assert_int_equal(feed.m.table.n, 1);
}

/* MPTCP's own sockets are in no table that is read: only what goes by descriptors finds them. */
static void resync_of_mptcp(void **unused)
{
	struct rec_open r = {.step = step_of(A, ST_CLOSE, ST_SYN_SENT, 0), .ident = ident_of(A)};

	(void)unused;
	r.step.kind = REC_OPEN;
	r.ident.mptcp = 1;
	take(&r, sizeof(r));
	for (int i = 0; i < 5; i++) {
		later(SEC);
		sweep_of_nothing();
	}
	assert_int_equal(feed.m.table.n, 1);
	feed.m.claims = true;
	later(SEC);
	sweep_begins();
	row_full(A, ST_ESTABLISHED, SEC, 0);
	sweep_ends();
	assert_int_equal(feed.m.by_state[ST_ESTABLISHED], 1);
	later(SEC);
	sweep_of_nothing();
	assert_int_equal(feed.m.table.n, 0);
}

/* Its end was lost, and so were the steps before it. */
static void resync_moves_on(void **unused)
{
	(void)unused;
	opens(A);
	feed.at = feed.n;
	later(SEC);
	sweep_begins();
	row_full(A, ST_CLOSE_WAIT, SEC / 2, 0);
	sweep_ends();
	told_nothing();
	assert_int_equal(feed.m.by_state[ST_CLOSE_WAIT], 1);
	assert_int_equal(feed.m.by_state[ST_SYN_SENT], 0);
	assert_int_equal(model_due(&feed.m), feed.now_ns - SEC / 2 + 60 * SEC);
}

/* The row is older than what a record told meanwhile. */
static void resync_goes_not_back(void **unused)
{
	struct row_sock old;

	(void)unused;
	opens(A);
	sweep_begins();
	later(MS);
	old = row_of(ROW_FULL, A, ST_SYN_SENT);
	later(MS);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, 2 * MS);
	model_row(&feed.m, &old);
	sweep_ends();
	assert_int_equal(feed.m.by_state[ST_ESTABLISHED], 1);
}

/* What began after the rows were begun may be missing among them. */
static void resync_keeps_the_new(void **unused)
{
	(void)unused;
	sweep_begins();
	later(MS);
	opens(A);
	sweep_ends();
	assert_int_equal(feed.m.table.n, 1);
}

static void filtered_rows(void **unused)
{
	(void)unused;
	row_full(A, ST_ESTABLISHED, SEC, ROW_FILTERED);
	row_full(A, ST_CLOSE, SEC, 0);
	row_full(A, ST_MAX, SEC, 0);
	assert_int_equal(feed.m.table.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		feed_test(resync_finds_the_unknown), feed_test(resync_drops_the_gone),
		feed_test(resync_forgives_a_miss),   feed_test(resync_of_mptcp),
		feed_test(resync_moves_on),	     feed_test(resync_goes_not_back),
		feed_test(resync_keeps_the_new),     feed_test(filtered_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
