// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* FIN_WAIT_2 and TIMED_WAIT in small sockets, by records. */
#include <errno.h>

#include "small_feed.h"

/* more than an end waits for what explains it */
#define LONG_ENOUGH (200 * MS)

static void moves_on_and_expires(void **unused)
{
	const struct seen *s;

	(void)unused;
	half_closed(A);
	later(5 * SEC);
	/* the substate changes before the timer does */
	small(A, SMALL_STOPPED, ST_TIME_WAIT, 55 * SEC);
	small(A, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT);
	tick();
	s = told(ST_FIN_WAIT2, ST_TIME_WAIT, 5 * SEC);
	assert_int_equal(s->t.via, VIA_TIMER);
	assert_false(s->t.at_least);
	assert_string_equal(s->conn.ident.owner.comm, "curl");
	later(TIME_WAIT);
	tick();
	told_nothing();
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	s = told_end(ST_TIME_WAIT, TIME_WAIT, REASON_EXPIRED);
	assert_int_equal(s->t.rearms, 0);
	assert_int_equal(s->end.bytes_sent, 42);
	assert_int_equal(s->end.age_ns, 65 * SEC + 3 * MS);
	all_is_over();
}

/* The peer's FIN came with the last ACK. */
static void no_closed_in_between(void **unused)
{
	const struct seen *s;

	(void)unused;
	reaches_fin_wait_2(A);
	feed.at = feed.n;
	later(MS);
	small_by(A, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT, VIA_FENTRY);
	ends(A, ST_FIN_WAIT2, MS);
	s = told(ST_FIN_WAIT2, ST_TIME_WAIT, MS);
	assert_int_equal(s->t.via, VIA_FENTRY);
	assert_null(s->t.end);
	told_nothing();
	assert_int_equal(feed.m.n_small, 1);
	assert_int_equal(feed.m.n_limbo, 0);
}

static void rearmed(void **unused)
{
	(void)unused;
	in_time_wait(A);
	later(20 * SEC);
	small(A, SMALL_STOPPED, ST_TIME_WAIT, 40 * SEC);
	small(A, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT);
	later(LONG_ENOUGH);
	tick();
	told_nothing();
	later(TIME_WAIT - LONG_ENOUGH);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	assert_int_equal(told_end(ST_TIME_WAIT, 80 * SEC, REASON_EXPIRED)->t.rearms, 1);
	all_is_over();
}

/* The same expiry, as far as jiffies tell: no re-arm. */
static void rearmed_in_the_same_jiffy(void **unused)
{
	(void)unused;
	in_time_wait(A);
	later(4 * MS);
	small(A, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT);
	later(TIME_WAIT);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	assert_int_equal(told_end(ST_TIME_WAIT, TIME_WAIT + 4 * MS, REASON_EXPIRED)->t.rearms, 0);
	all_is_over();
}

/* Within one bucket of the timer wheel: nothing is traced, the expiry alone tells. */
static void rearmed_silently(void **unused)
{
	(void)unused;
	in_time_wait(A);
	later(TIME_WAIT + SEC / 2);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	assert_int_equal(told_end(ST_TIME_WAIT, TIME_WAIT + SEC / 2, REASON_EXPIRED)->t.rearms, 1);
	all_is_over();
}

/* ... and the FIN that made it TIMED_WAIT too: when, says the expiry. */
static void moved_silently(void **unused)
{
	(void)unused;
	half_closed(A);
	later(70 * SEC);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, 10 * SEC);
	told_end(ST_TIME_WAIT, TIME_WAIT, REASON_EXPIRED);
	all_is_over();
}

/* A new connection between the same ports, made within the wait. */
static void comes_back(__u64 cookie, __u16 lport)
{
	struct rec_open r = {
		.step = step_of(cookie, ST_SYN_RECV, ST_ESTABLISHED, MS),
		.ident = ident_of(A),
	};

	r.step.kind = REC_OPEN;
	r.step.flags = STEP_FIRST | STEP_HELD;
	r.step.lport = r.ident.lport = lport;
	take(&r, sizeof(r));
}

/* ... and then it is killed. */
static void moved_silently_and_killed(void **unused)
{
	(void)unused;
	half_closed(A);
	later(SEC);
	small(A, SMALL_STOPPED, ST_TIME_WAIT, 59 * SEC + 4 * MS);
	told_nothing();
	later(LONG_ENOUGH);
	tick();
	told(ST_FIN_WAIT2, ST_TIME_WAIT, 4 * MS);
	told_end(ST_TIME_WAIT, SEC - 4 * MS, REASON_KILLED);
	all_is_over();
}

static void moved_silently_and_reused(void **unused)
{
	(void)unused;
	half_closed(A);
	later(SEC);
	small(A, SMALL_STOPPED, ST_TIME_WAIT, 59 * SEC + 4 * MS);
	comes_back(B, 54321);
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told(ST_SYN_RECV, ST_ESTABLISHED, MS);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, 4 * MS);
	assert_int_equal(told_end(ST_TIME_WAIT, SEC - 4 * MS, REASON_REUSED)->t.reused_by, B);
}

static void fin_wait_2_that_times_out(void **unused)
{
	(void)unused;
	half_closed(A);
	later(60 * SEC);
	small(A, SMALL_EXPIRED, ST_FIN_WAIT2, 0);
	told_end(ST_FIN_WAIT2, 60 * SEC, REASON_TIMEOUT);
	all_is_over();
}

static void killed(void **unused)
{
	(void)unused;
	in_time_wait(A);
	later(SEC);
	small(A, SMALL_STOPPED, ST_TIME_WAIT, 59 * SEC);
	assert_true(model_due(&feed.m) > feed.now_ns);
	tick();
	told_nothing();
	later(LONG_ENOUGH);
	assert_true(model_due(&feed.m) <= feed.now_ns);
	tick();
	assert_int_equal(told_end(ST_TIME_WAIT, SEC, REASON_KILLED)->t.mono_ns,
			 feed.now_ns - LONG_ENOUGH);
	all_is_over();
}

/* RFC 1337: the RST was ignored, the timer goes on. */
static void reset_that_is_ignored(void **unused)
{
	(void)unused;
	in_time_wait(A);
	later(SEC);
	small_by(A, SMALL_RESET_IN, ST_TIME_WAIT, 59 * SEC, VIA_FENTRY);
	later(LONG_ENOUGH);
	tick();
	told_nothing();
	later(59 * SEC - LONG_ENOUGH);
	small_by(A, SMALL_EXPIRED, ST_TIME_WAIT, 0, VIA_FENTRY);
	told_end(ST_TIME_WAIT, TIME_WAIT, REASON_EXPIRED);
	all_is_over();
}

static void ended_early_by(unsigned int what, enum via via, unsigned int reason)
{
	half_closed(A);
	later(SEC);
	if (what == SMALL_RESET_OUT)
		small_by(A, what, ST_FIN_WAIT2, 59 * SEC, via);
	small_by(A, what >= SMALL_PURGED ? what : SMALL_STOPPED, ST_FIN_WAIT2, 59 * SEC, via);
	if (what == SMALL_RESET_IN)
		small_by(A, what, ST_FIN_WAIT2, 59 * SEC, via);
	later(LONG_ENOUGH);
	tick();
	told_end(ST_FIN_WAIT2, SEC, reason);
	all_is_over();
}

static void fin_wait_2_that_is_reset(void **unused)
{
	(void)unused;
	ended_early_by(SMALL_RESET_IN, VIA_FENTRY, REASON_RESET_RECEIVED);
	ended_early_by(SMALL_RESET_OUT, VIA_FENTRY, REASON_RESET_SENT);
	ended_early_by(SMALL_STOPPED, VIA_FENTRY, REASON_ABORTED);
	ended_early_by(SMALL_PURGED, VIA_FENTRY, REASON_KILLED);
	ended_early_by(SMALL_PURGED, VIA_TIMER, REASON_KILLED);
	ended_early_by(SMALL_ABORTED, VIA_TIMER, REASON_ABORTED);
	ended_early_by(SMALL_STOPPED, VIA_TIMER, REASON_RESET_RECEIVED);
	ended_early_by(SMALL_RESET_OUT, VIA_TIMER, REASON_RESET_SENT);
}

static void reused(void **unused)
{
	const struct seen *s;

	(void)unused;
	in_time_wait(A);
	later(SEC);
	small(A, SMALL_STOPPED, ST_TIME_WAIT, 59 * SEC);
	comes_back(B, 54321);
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told(ST_SYN_RECV, ST_ESTABLISHED, MS);
	s = told_end(ST_TIME_WAIT, SEC, REASON_REUSED);
	assert_int_equal(s->conn.cookie, A);
	assert_int_equal(s->t.reused_by, B);
	assert_int_equal(feed.m.table.n, 1);
	later(LONG_ENOUGH);
	tick();
	told_nothing();
}

/* By whom is not known: the SYN got no connection. */
static void reused_by_nobody_known(void **unused)
{
	(void)unused;
	in_time_wait(A);
	later(SEC);
	small_by(A, SMALL_REUSED, ST_TIME_WAIT, 59 * SEC, VIA_FENTRY);
	small_by(A, SMALL_STOPPED, ST_TIME_WAIT, 59 * SEC, VIA_FENTRY);
	comes_back(B, 54322);
	/* the handshake of the one that takes its place may take its time */
	for (int i = 0; i < 12; i++) {
		later(LONG_ENOUGH);
		tick();
	}
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told(ST_SYN_RECV, ST_ESTABLISHED, MS);
	assert_int_equal(told_end(ST_TIME_WAIT, SEC, REASON_REUSED)->t.reused_by, 0);
}

/* One whose timer goes on has not been taken the place of. */
static void alive_beside_another(void **unused)
{
	(void)unused;
	in_time_wait(A);
	later(SEC);
	comes_back(B, 54321);
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told(ST_SYN_RECV, ST_ESTABLISHED, MS);
	told_nothing();
	assert_int_equal(feed.m.table.n, 2);
}

/* The queue of ends grows, wraps, and keeps each. */
static void many_killed_at_once(void **unused)
{
	(void)unused;
	for (__u64 round = 0; round < 3; round++) {
		for (__u64 i = 1; i <= 150; i++) {
			row_small(i, ST_TIME_WAIT, TIME_WAIT);
			small(i, SMALL_STOPPED, ST_TIME_WAIT, TIME_WAIT);
			later(MS);
			tick();
		}
		later(LONG_ENOUGH);
		tick();
		for (unsigned int i = 0; i < 150; i++)
			told_end(ST_TIME_WAIT, 0, REASON_KILLED);
		all_is_over();
		feed.n = feed.at = 0;
	}
}

/* A small socket of a connection that is not followed: filtered, or older than the rows. */
static void unknown_small(void **unused)
{
	(void)unused;
	small(A, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT);
	small(A, SMALL_STOPPED, ST_TIME_WAIT, TIME_WAIT);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	all_is_over();
}

static void unseen_is_no_overflow(void **unused)
{
	(void)unused;
	feed.m.small_source = SMALL_UNSEEN;
	reaches_fin_wait_2(A);
	feed.at = feed.n;
	later(MS);
	ends(A, ST_FIN_WAIT2, MS);
	told_end(ST_FIN_WAIT2, MS, REASON_FIN);
	all_is_over();
}

/* FIN_WAIT2 -> CLOSE that no small socket follows. */
static void ends_there(unsigned int flags, struct sock_end end, unsigned int reason)
{
	reaches_fin_wait_2(A);
	feed.at = feed.n;
	later(MS);
	ends_with(A, ST_FIN_WAIT2, MS, flags, end);
	told_end(ST_FIN_WAIT2, MS, reason);
	all_is_over();
}

static void big_one_was_all(void **unused)
{
	(void)unused;
	ends_there(STEP_RST_IN, (struct sock_end){.sk_err = ECONNRESET}, REASON_RESET_RECEIVED);
	ends_there(0, (struct sock_end){.sk_err = ETIMEDOUT}, REASON_TIMEOUT);
	ends_there(0, (struct sock_end){.facts = END_LINGER2_OFF}, REASON_RESET_SENT);
	ends_there(0, (struct sock_end){.sk_err = ECONNABORTED}, REASON_ABORTED);
	ends_there(0, (struct sock_end){.facts = END_NO_TCP}, REASON_FIN);
}

/*
 * After a loss
 */

/* The steps of the big socket were not seen: the small one says where it is. */
static void small_without_the_steps_before(void **unused)
{
	const struct seen *s;

	(void)unused;
	opens(A);
	later(MS);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	feed.at = feed.n;
	later(SEC);
	small(A, SMALL_BORN, ST_FIN_WAIT2, 2 * SEC);
	told_nothing();
	assert_int_equal(feed.m.by_state[ST_FIN_WAIT2], 1);
	later(2 * SEC);
	small(A, SMALL_EXPIRED, ST_FIN_WAIT2, 0);
	s = told_end(ST_FIN_WAIT2, 2 * SEC, REASON_TIMEOUT);
	assert_true(s->t.at_least);
	assert_int_equal(ROLE_CLOSE(s->conn.roles), ROLE_ACTIVE);
	all_is_over();
}

static void timed_wait_without_the_steps_before(void **unused)
{
	(void)unused;
	opens(A);
	later(MS);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	step(A, ST_ESTABLISHED, ST_FIN_WAIT1, MS);
	feed.at = feed.n;
	later(SEC);
	sweep_meets(A, SEC, ST_TIME_WAIT, 59 * SEC);
	assert_true(told(ST_FIN_WAIT1, ST_FIN_WAIT2, 0)->t.at_least);
	assert_true(told(ST_FIN_WAIT2, ST_TIME_WAIT, 0)->t.at_least);
	small(A, SMALL_STOPPED, ST_TIME_WAIT, 59 * SEC);
	later(SEC);
	tick();
	assert_int_equal(told_end(ST_TIME_WAIT, SEC, REASON_KILLED)->end.facts, END_NO_TCP);
	all_is_over();
}

/* No word of its small socket, none of an overflow, but of a loss: how it ended nobody knows. */
static void small_that_was_never_seen(void **unused)
{
	const struct seen *s;

	(void)unused;
	in_limbo(A);
	later(MS);
	model_lost(&feed.m, LOST_INTERRUPTED, 2, feed.now_ns);
	for (int i = 0; i < 2; i++) {
		told_nothing();
		later(SEC);
		sweep_of_nothing();
	}
	s = told_end(ST_FIN_WAIT2, MS, REASON_UNKNOWN);
	assert_true(s->t.at_least);
	in_limbo(B);
	for (int i = 0; i < 2; i++) {
		later(SEC);
		sweep_of_nothing();
	}
	told_end(ST_FIN_WAIT2, MS, REASON_TIME_WAIT_OVERFLOW);
	all_is_over();
}

/* No word of its end, none of a loss: a sweep is due. */
static void end_that_was_not_told(void **unused)
{
	(void)unused;
	feed.wheel_us = 4000;
	in_time_wait(A);
	tick();
	assert_false(feed.m.unknown);
	later(TIME_WAIT + SEC);
	tick();
	assert_false(feed.m.unknown);
	later(11 * SEC);
	assert_true(model_due(&feed.m) <= feed.now_ns);
	tick();
	assert_true(feed.m.unknown);
	sweep_of_nothing();
	assert_false(told_end(ST_TIME_WAIT, TIME_WAIT + 4 * MS, REASON_EXPIRED)->t.at_least);
	all_is_over();
}

/*
 * Which FIN_WAIT_2 are worth a sweep
 */

static void waits_grow_old(void **unused)
{
	const struct waits *w = &feed.m.fin_waits;

	(void)unused;
	half_closed(A);
	assert_int_equal(w->young, 1);
	assert_int_equal(w->old, 0);
	assert_true(model_due(&feed.m) > feed.now_ns);
	assert_true(model_due(&feed.m) <= feed.now_ns + SEC);
	later(SEC);
	tick();
	assert_int_equal(w->young, 0);
	assert_int_equal(w->old, 1);
	half_closed(B);
	assert_int_equal(w->young, 1);
	small(A, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT);
	assert_int_equal(w->old, 0);
	small(B, SMALL_EXPIRED, ST_FIN_WAIT2, 0);
	assert_int_equal(w->young, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		feed_test(moves_on_and_expires),
		feed_test(no_closed_in_between),
		feed_test(rearmed),
		feed_test(rearmed_in_the_same_jiffy),
		feed_test(rearmed_silently),
		feed_test(moved_silently),
		feed_test(moved_silently_and_killed),
		feed_test(moved_silently_and_reused),
		feed_test(fin_wait_2_that_times_out),
		feed_test(killed),
		feed_test(reset_that_is_ignored),
		feed_test(fin_wait_2_that_is_reset),
		feed_test(reused),
		feed_test(reused_by_nobody_known),
		feed_test(alive_beside_another),
		feed_test(many_killed_at_once),
		feed_test(unknown_small),
		feed_test(unseen_is_no_overflow),
		feed_test(big_one_was_all),
		feed_test(small_without_the_steps_before),
		feed_test(timed_wait_without_the_steps_before),
		feed_test(small_that_was_never_seen),
		feed_test(end_that_was_not_told),
		feed_test(waits_grow_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
