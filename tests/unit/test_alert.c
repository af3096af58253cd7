// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stays that last too long: what fires, when, and what resolves it. */
#include "feed.h"

#define A 7ULL
#define B 8ULL

static void over_a_threshold(void **unused)
{
	(void)unused;
	opens(A);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, 100 * SEC);
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, 100 * SEC);
	step(A, ST_CLOSE_WAIT, ST_LAST_ACK, 60 * SEC);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	assert_int_equal(told(ST_SYN_SENT, ST_ESTABLISHED, 100 * SEC)->over_ns, 0);
	assert_int_equal(told(ST_ESTABLISHED, ST_CLOSE_WAIT, 100 * SEC)->over_ns, 0);
	assert_int_equal(told(ST_CLOSE_WAIT, ST_LAST_ACK, 60 * SEC)->over_ns, 60 * SEC);
}

static void fires_once(void **unused)
{
	(void)unused;
	closed_on(A);
	assert_int_equal(model_due(&feed.m), feed.now_ns + 60 * SEC);
	later(60 * SEC - 1);
	tick();
	alerted_nothing();
	later(1);
	tick();
	assert_int_equal(alerted(ALERT_FIRING, ST_CLOSE_WAIT, 60 * SEC)->threshold_ns, 60 * SEC);
	later(600 * SEC);
	tick();
	alerted_nothing();
	assert_int_equal(model_due(&feed.m), UINT64_MAX);
	assert_int_equal(feed.m.sum.alerts, 1);
}

static void resolves(void **unused)
{
	const struct seen_alert *s;

	(void)unused;
	closed_on(A);
	later(70 * SEC);
	tick();
	alerted(ALERT_FIRING, ST_CLOSE_WAIT, 70 * SEC);
	later(SEC);
	step(A, ST_CLOSE_WAIT, ST_LAST_ACK, 71 * SEC);
	s = alerted(ALERT_RESOLVED, ST_CLOSE_WAIT, 71 * SEC);
	assert_int_equal(s->a.mono_ns, feed.now_ns);
	assert_int_equal(s->threshold_ns, 60 * SEC);
	later(SEC);
	ends(A, ST_LAST_ACK, SEC);
	tick();
	alerted_nothing();
	assert_int_equal(feed.m.sum.alerts, 1);
	feed.at = feed.n;
	all_is_over();
}

/* The batch has its end: what left before the deadline is not alerted. */
static void never_for_one_that_left(void **unused)
{
	(void)unused;
	closed_on(A);
	later(60 * SEC - 1);
	step(A, ST_CLOSE_WAIT, ST_LAST_ACK, 60 * SEC - 1);
	later(SEC);
	tick();
	alerted_nothing();
}

static void each_step_once(void **unused)
{
	(void)unused;
	row_small(A, ST_TIME_WAIT, 60 * SEC);
	/* armed again and again */
	for (int i = 0; i < 300; i++) {
		later(SEC);
		small(A, SMALL_BORN, ST_TIME_WAIT, 60 * SEC);
		tick();
	}
	alerted(ALERT_FIRING, ST_TIME_WAIT, 61 * SEC);
	assert_int_equal(alerted(ALERT_FIRING, ST_TIME_WAIT, 240 * SEC)->a.rule->step, 1);
	later(60 * SEC);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	assert_int_equal(alerted(ALERT_RESOLVED, ST_TIME_WAIT, 360 * SEC)->threshold_ns, 240 * SEC);
	alerted_nothing();
	assert_int_equal(told_end(ST_TIME_WAIT, 360 * SEC, REASON_EXPIRED)->t.rearms, 300);
	all_is_over();
}

/* The kernel's timers are late by up to an eighth: that alone is no reason for an alert. */
static void time_wait_that_ends_late(void **unused)
{
	(void)unused;
	row_small(A, ST_TIME_WAIT, 60 * SEC);
	later(67 * SEC);
	assert_true(deadline_first(&feed.m.deadlines) > feed.now_ns);
	tick();
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, -(__s64)(7 * SEC));
	alerted_nothing();
	assert_int_equal(told_end(ST_TIME_WAIT, 67 * SEC, REASON_EXPIRED)->over_ns, 0);
	all_is_over();
}

static void time_wait_that_stays(void **unused)
{
	(void)unused;
	row_small(A, ST_TIME_WAIT, 60 * SEC);
	later(67 * SEC + SEC / 2);
	tick();
	assert_int_equal(alerted(ALERT_FIRING, ST_TIME_WAIT, 67 * SEC + SEC / 2)->threshold_ns,
			 61 * SEC);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	assert_int_equal(told_end(ST_TIME_WAIT, 67 * SEC + SEC / 2, REASON_EXPIRED)->over_ns,
			 61 * SEC);
}

/* Known only by the expiry that its end tells: told with the stay. */
static void time_wait_re_armed_unseen(void **unused)
{
	(void)unused;
	row_small(A, ST_TIME_WAIT, 60 * SEC);
	later(62 * SEC);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, -(__s64)SEC);
	assert_int_equal(told_end(ST_TIME_WAIT, 62 * SEC, REASON_EXPIRED)->over_ns, 61 * SEC);
	alerted_nothing();
}

static void re_armed_after(__u64 after_ns)
{
	row_small(A, ST_TIME_WAIT, 60 * SEC);
	later(after_ns);
	alerted_nothing();
	small(A, SMALL_BORN, ST_TIME_WAIT, 60 * SEC);
}

static void alerts_now(__u64 dwell_ns)
{
	assert_true(model_due(&feed.m) <= feed.now_ns);
	tick();
	alerted(ALERT_FIRING, ST_TIME_WAIT, dwell_ns);
}

static void time_wait_re_armed_early(void **unused)
{
	(void)unused;
	re_armed_after(30 * SEC);
	later(31 * SEC - MS);
	tick();
	alerted_nothing();
	later(MS);
	alerts_now(61 * SEC);
	later(29 * SEC);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	alerted(ALERT_RESOLVED, ST_TIME_WAIT, 90 * SEC);
	assert_int_equal(told_end(ST_TIME_WAIT, 90 * SEC, REASON_EXPIRED)->over_ns, 61 * SEC);
	all_is_over();
}

/* After the threshold, in the time that the wheel may take. */
static void time_wait_re_armed_late(void **unused)
{
	(void)unused;
	re_armed_after(61 * SEC + SEC / 2);
	alerts_now(61 * SEC + SEC / 2);
}

/* Of a stay that began long before, only the gravest. */
static void from_before_the_start(void **unused)
{
	const struct seen_alert *s;

	(void)unused;
	assert_int_equal(rules_set(&feed.m.rules, ST_CLOSE_WAIT, 10 * SEC), 0);
	feed.m.rules.rule[feed.m.rules.n] = feed.m.rules.rule[feed.m.rules.n - 1];
	feed.m.rules.rule[feed.m.rules.n].step = 1;
	feed.m.rules.rule[feed.m.rules.n++].threshold_ns = 100 * SEC;
	row_full(A, ST_CLOSE_WAIT, 500 * SEC, ROW_BEFORE | ROW_AT_LEAST);
	row_full(B, ST_CLOSE_WAIT, 50 * SEC, ROW_BEFORE | ROW_AT_LEAST);
	tick();
	s = alerted(ALERT_FIRING, ST_CLOSE_WAIT, 500 * SEC);
	assert_int_equal(s->threshold_ns, 100 * SEC);
	assert_true(s->a.at_least);
	assert_int_equal(alerted(ALERT_FIRING, ST_CLOSE_WAIT, 50 * SEC)->threshold_ns, 10 * SEC);
	tick();
	alerted_nothing();
	later(50 * SEC);
	tick();
	assert_int_equal(alerted(ALERT_FIRING, ST_CLOSE_WAIT, 100 * SEC)->threshold_ns, 100 * SEC);
	alerted_nothing();
}

static void no_alerts_unless_asked_for(void **unused)
{
	(void)unused;
	feed.m.alerts = false;
	closed_on(A);
	later(600 * SEC);
	tick();
	alerted_nothing();
	assert_int_equal(model_due(&feed.m), UINT64_MAX);
}

/* A threshold that time does not reach must not be passed at once, or for ever. */
static void unreachable_threshold(void **unused)
{
	(void)unused;
	assert_int_equal(rules_set(&feed.m.rules, ST_CLOSE_WAIT, INT64_MAX), 0);
	closed_on(A);
	later(SEC);
	assert_true(model_due(&feed.m) > feed.now_ns);
	tick();
	alerted_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		feed_test(over_a_threshold),
		feed_test(fires_once),
		feed_test(resolves),
		feed_test(never_for_one_that_left),
		feed_test(each_step_once),
		feed_test(time_wait_that_ends_late),
		feed_test(time_wait_that_stays),
		feed_test(time_wait_re_armed_unseen),
		feed_test(time_wait_re_armed_early),
		feed_test(time_wait_re_armed_late),
		feed_test(from_before_the_start),
		feed_test(no_alerts_unless_asked_for),
		feed_test(unreachable_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
