// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records and rows in, transitions and alerts out: sockets of the ordinary kind. */
#include "feed.h"
#include <errno.h>

#define A 7ULL
#define B 8ULL

/*
 * Whole lives
 */

static void client_that_is_closed_on(void **unused)
{
	const struct seen *s;

	(void)unused;
	opens(A);
	later(MS);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	later(SEC);
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, SEC);
	later(2 * SEC);
	step(A, ST_CLOSE_WAIT, ST_LAST_ACK, 2 * SEC);
	later(MS);
	ends(A, ST_LAST_ACK, MS);
	s = told(ST_CLOSE, ST_SYN_SENT, 0);
	assert_true(s->t.first);
	assert_int_equal(s->conn.cookie, A);
	assert_string_equal(s->conn.ident.owner.comm, "curl");
	s = told(ST_SYN_SENT, ST_ESTABLISHED, MS);
	assert_false(s->t.first);
	assert_int_equal(s->t.via, VIA_TRACEPOINT);
	told(ST_ESTABLISHED, ST_CLOSE_WAIT, SEC);
	told(ST_CLOSE_WAIT, ST_LAST_ACK, 2 * SEC);
	s = told_end(ST_LAST_ACK, MS, REASON_FIN);
	assert_int_equal(s->end.bytes_sent, 42);
	assert_int_equal(s->t.mono_ns, feed.now_ns);
	all_is_over();
	assert_int_equal(feed.m.sum.transitions, 5);
}

/* What a child knows of itself comes with its second step: two transitions in one record. */
static void server(void **unused)
{
	const struct seen *s;

	(void)unused;
	later(3 * MS);
	open_flagged(A, ST_SYN_RECV, ST_ESTABLISHED, 3 * MS, STEP_FIRST | STEP_HELD);
	s = told(ST_LISTEN, ST_SYN_RECV, 0);
	assert_true(s->t.first);
	assert_int_equal(s->t.mono_ns, feed.now_ns - 3 * MS);
	s = told(ST_SYN_RECV, ST_ESTABLISHED, 3 * MS);
	assert_false(s->t.first);
	assert_int_equal(s->t.mono_ns, feed.now_ns);
	told_nothing();
}

static void held_until_its_port_was_known(void **unused)
{
	const struct seen *s;

	(void)unused;
	later(5 * MS);
	open_flagged(A, ST_SYN_SENT, ST_ESTABLISHED, 5 * MS, STEP_FIRST | STEP_HELD);
	s = told(ST_CLOSE, ST_SYN_SENT, 0);
	assert_true(s->t.first);
	assert_int_equal(ROLE_OPEN(s->conn.roles), ROLE_ACTIVE);
	told(ST_SYN_SENT, ST_ESTABLISHED, 5 * MS);
	told_nothing();
}

/* The first step of a record has no closing role yet, the second does. */
static void held_step_keeps_roles_apart(void **unused)
{
	struct rec_open_end r = {.step = step_of(A, ST_SYN_RECV, ST_CLOSE, MS),
				 .ident = ident_of(A)};
	const struct seen *s;

	(void)unused;
	r.step.kind = REC_OPEN_END;
	r.step.flags = STEP_FIRST | STEP_HELD;
	r.step.roles = ROLES(ROLE_PASSIVE, ROLE_ACTIVE);
	take(&r, sizeof(r));
	s = told(ST_LISTEN, ST_SYN_RECV, 0);
	assert_int_equal(s->conn.roles, ROLES(ROLE_PASSIVE, 0));
	s = told_end(ST_SYN_RECV, MS, REASON_RESET_SENT);
	assert_int_equal(s->conn.roles, ROLES(ROLE_PASSIVE, ROLE_ACTIVE));
	all_is_over();
}

static void simultaneous_open_and_close(void **unused)
{
	struct rec_step r;

	(void)unused;
	opens(A);
	step(A, ST_SYN_SENT, ST_SYN_RECV, MS);
	step(A, ST_SYN_RECV, ST_ESTABLISHED, MS);
	step(A, ST_ESTABLISHED, ST_FIN_WAIT1, MS);
	r = step_of(A, ST_FIN_WAIT1, ST_CLOSING, MS);
	r.roles = ROLES(ROLE_SIMULTANEOUS, ROLE_SIMULTANEOUS);
	take(&r, sizeof(r));
	later(MS);
	small(A, SMALL_BORN, ST_TIME_WAIT, 60 * SEC);
	ends(A, ST_CLOSING, MS);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	told(ST_SYN_SENT, ST_SYN_RECV, MS);
	told(ST_SYN_RECV, ST_ESTABLISHED, MS);
	told(ST_ESTABLISHED, ST_FIN_WAIT1, MS);
	told(ST_FIN_WAIT1, ST_CLOSING, MS);
	assert_int_equal(told(ST_CLOSING, ST_TIME_WAIT, MS)->conn.roles,
			 ROLES(ROLE_SIMULTANEOUS, ROLE_SIMULTANEOUS));
	told_nothing();
}

static void listener(void **unused)
{
	const struct seen *s;

	(void)unused;
	open_flagged(A, ST_CLOSE, ST_LISTEN, 0, STEP_FIRST);
	later(SEC);
	ends(A, ST_LISTEN, SEC);
	told(ST_CLOSE, ST_LISTEN, 0);
	s = told_end(ST_LISTEN, SEC, REASON_NONE);
	assert_null(s->t.end);
	all_is_over();
}

/* One socket, one cookie, two connections: disconnect and connect. */
static void reused_by_disconnect_and_connect(void **unused)
{
	(void)unused;
	opens(A);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	ends(A, ST_ESTABLISHED, SEC);
	later(SEC);
	opens(A);
	assert_int_equal(feed.m.table.n, 1);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	ends_with(A, ST_ESTABLISHED, SEC, STEP_RST_IN, (struct sock_end){.sk_err = ECONNRESET});
	told(ST_CLOSE, ST_SYN_SENT, 0);
	told(ST_SYN_SENT, ST_ESTABLISHED, MS);
	told_end(ST_ESTABLISHED, SEC, REASON_RESET_SENT);
	assert_true(told(ST_CLOSE, ST_SYN_SENT, 0)->t.first);
	told(ST_SYN_SENT, ST_ESTABLISHED, MS);
	told_end(ST_ESTABLISHED, SEC, REASON_RESET_RECEIVED);
	all_is_over();
}

static void refused(void **unused)
{
	(void)unused;
	opens(A);
	ends_with(A, ST_SYN_SENT, MS, STEP_RST_IN, (struct sock_end){.sk_err = ECONNREFUSED});
	told(ST_CLOSE, ST_SYN_SENT, 0);
	told_end(ST_SYN_SENT, MS, REASON_REFUSED);
	all_is_over();
}

/* The port comes late, and must not be lost again. */
static void local_port_is_kept(void **unused)
{
	struct rec_step r;

	(void)unused;
	opens(A);
	r = step_of(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	r.lport = 4711;
	take(&r, sizeof(r));
	r = step_of(A, ST_ESTABLISHED, ST_CLOSE_WAIT, MS);
	r.lport = 0;
	take(&r, sizeof(r));
	told(ST_CLOSE, ST_SYN_SENT, 0);
	assert_int_equal(told(ST_SYN_SENT, ST_ESTABLISHED, MS)->conn.ident.lport, 4711);
	assert_int_equal(told(ST_ESTABLISHED, ST_CLOSE_WAIT, MS)->conn.ident.lport, 4711);
}

static void at_least(void **unused)
{
	(void)unused;
	row_full(A, ST_ESTABLISHED, 9 * SEC, ROW_BEFORE | ROW_AT_LEAST);
	step_flagged(A, ST_ESTABLISHED, ST_CLOSE_WAIT, 10 * SEC, STEP_AT_LEAST);
	step(A, ST_CLOSE_WAIT, ST_LAST_ACK, SEC);
	assert_true(told(ST_ESTABLISHED, ST_CLOSE_WAIT, 10 * SEC)->t.at_least);
	assert_false(told(ST_CLOSE_WAIT, ST_LAST_ACK, SEC)->t.at_least);
}

/* A record that speaks of a socket nobody has heard of asks for a resync, which names it. */
static void unknown_cookie(void **unused)
{
	(void)unused;
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, MS);
	assert_true(feed.m.unknown);
	assert_int_equal(told(ST_ESTABLISHED, ST_CLOSE_WAIT, MS)->conn.ident.family, 0);
	later(MS);
	sweep_begins();
	assert_false(feed.m.unknown);
	row_full(A, ST_CLOSE_WAIT, MS, 0);
	sweep_ends();
	step(A, ST_CLOSE_WAIT, ST_LAST_ACK, MS);
	assert_int_equal(told(ST_CLOSE_WAIT, ST_LAST_ACK, MS)->conn.ident.rport, ident_of(A).rport);
	assert_false(feed.m.unknown);
}

/*
 * What is told
 */

static void filter_by_state(void **unused)
{
	(void)unused;
	feed.m.filter.states = ST_BIT(ST_CLOSE_WAIT);
	opens(A);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, MS);
	step(A, ST_CLOSE_WAIT, ST_LAST_ACK, MS);
	ends(A, ST_LAST_ACK, MS);
	told(ST_ESTABLISHED, ST_CLOSE_WAIT, MS);
	told(ST_CLOSE_WAIT, ST_LAST_ACK, MS);
	all_is_over();
	assert_int_equal(feed.m.sum.transitions, 2);
}

/* The filter looks at each of the two steps in a record. */
static void filter_of_held_steps(void **unused)
{
	(void)unused;
	feed.m.filter.states = ST_BIT(ST_LISTEN);
	open_flagged(A, ST_SYN_RECV, ST_ESTABLISHED, MS, STEP_FIRST | STEP_HELD);
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told_nothing();
}

static void filter_by_dwell(void **unused)
{
	(void)unused;
	feed.m.filter.min_dwell_ns = SEC;
	opens(A);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, SEC - 1);
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, SEC);
	told(ST_ESTABLISHED, ST_CLOSE_WAIT, SEC);
	told_nothing();
}

static void count_is_exact(void **unused)
{
	(void)unused;
	feed.m.count_max = 3;
	opens(A);
	step(A, ST_SYN_SENT, ST_ESTABLISHED, MS);
	assert_false(model_full(&feed.m));
	/* two in one record, room for one */
	open_flagged(B, ST_SYN_RECV, ST_ESTABLISHED, MS, STEP_FIRST | STEP_HELD);
	assert_true(model_full(&feed.m));
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, MS);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	told(ST_SYN_SENT, ST_ESTABLISHED, MS);
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told_nothing();
	model_summary(&feed.m, 5 * SEC);
	assert_int_equal(feed.summary.transitions, 3);
	assert_int_equal(feed.summary.duration_ns, 5 * SEC);
}

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

/*
 * Alerts
 */

static void closed_on(__u64 cookie)
{
	opens(cookie);
	step(cookie, ST_SYN_SENT, ST_ESTABLISHED, MS);
	step(cookie, ST_ESTABLISHED, ST_CLOSE_WAIT, MS);
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

/*
 * Resync
 */

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

static void owner_gets_better(void **unused)
{
	struct row_sock r = row_of(ROW_FULL, A, ST_ESTABLISHED);

	(void)unused;
	r.ident.owner = (struct sock_owner){.pid = 5, .how = OWNER_LISTENER};
	model_row(&feed.m, &r);
	later(MS);
	r.mono_ns = feed.now_ns;
	r.ident.owner = (struct sock_owner){.pid = 6, .how = OWNER_ACCEPT};
	model_row(&feed.m, &r);
	r.ident.owner = (struct sock_owner){.pid = 7, .how = OWNER_DESCRIPTOR};
	model_row(&feed.m, &r);
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, MS);
	assert_int_equal(told(ST_ESTABLISHED, ST_CLOSE_WAIT, MS)->conn.ident.owner.pid, 6);
}

/*
 * Hello, losses, the end
 */

static void hello_counts(void **unused)
{
	struct hello h = {.mono_ns = 1};

	(void)unused;
	row_full(1, ST_LISTEN, SEC, ROW_BEFORE);
	row_full(2, ST_ESTABLISHED, SEC, ROW_BEFORE);
	row_full(3, ST_ESTABLISHED, SEC, ROW_BEFORE);
	row_small(4, ST_TIME_WAIT, SEC);
	/* began after the tracer: not one that was there before */
	opens(5);
	model_hello(&feed.m, &h);
	assert_int_equal(feed.hello.sockets[ST_LISTEN], 1);
	assert_int_equal(feed.hello.sockets[ST_ESTABLISHED], 2);
	assert_int_equal(feed.hello.sockets[ST_TIME_WAIT], 1);
	assert_int_equal(feed.n_sockets, 4);
	model_lost(&feed.m, LOST_RING_FULL, 1, feed.now_ns);
	row_small(6, ST_TIME_WAIT, SEC);
	assert_false(table_find(&feed.m.table, 6)->before);
}

static void hello_by_state(void **unused)
{
	struct hello h = {.mono_ns = 1};

	(void)unused;
	feed.m.filter.states = ST_BIT(ST_LISTEN);
	feed.m.filter.min_dwell_ns = 3600 * SEC;
	row_full(1, ST_LISTEN, SEC, ROW_BEFORE);
	row_full(2, ST_ESTABLISHED, SEC, ROW_BEFORE);
	model_hello(&feed.m, &h);
	assert_int_equal(feed.n_sockets, 1);
}

static void losses(void **unused)
{
	(void)unused;
	model_lost(&feed.m, LOST_RING_FULL, 5, feed.now_ns);
	model_lost(&feed.m, LOST_RING_FULL, 2, feed.now_ns);
	model_lost(&feed.m, LOST_STORAGE, 1, feed.now_ns);
	model_summary(&feed.m, SEC);
	assert_int_equal(feed.lost[LOST_RING_FULL], 7);
	assert_int_equal(feed.summary.lost[LOST_RING_FULL], 7);
	assert_int_equal(feed.summary.lost[LOST_STORAGE], 1);
	assert_int_equal(feed.n_summaries, 1);
}

static void sinks(void **unused)
{
	static const struct sink_ops none;
	struct sink dumb = {.ops = &none};

	(void)unused;
	for (int i = 1; i < MODEL_SINKS; i++)
		assert_int_equal(model_add_sink(&feed.m, &dumb), 0);
	assert_int_equal(model_add_sink(&feed.m, &dumb), -ENOSPC);
	closed_on(A);
	model_lost(&feed.m, LOST_STORAGE, 1, feed.now_ns);
	later(61 * SEC);
	tick();
	model_summary(&feed.m, SEC);
	feed.flush_err = -EPIPE;
	assert_int_equal(model_flush(&feed.m), -EPIPE);
	feed.flush_err = 0;
	assert_int_equal(model_flush(&feed.m), 0);
	assert_int_equal(feed.n_flushes, 2);
	model_free(&feed.m);
	assert_int_equal(feed.n_frees, 1);
	assert_int_equal(model_init(&feed.m), 0);
}

/*
 * Garbage
 */

static void refuses(const void *rec, size_t size)
{
	assert_int_equal(model_record(&feed.m, rec, size), -EINVAL);
}

static void records_that_are_none(void **unused)
{
	struct rec_open_end r = {.step = step_of(A, ST_CLOSE, ST_SYN_SENT, 0)};

	(void)unused;
	refuses(&r, 0);
	refuses(&r, sizeof(r.step) - 1);
	r.step.kind = REC_OPEN;
	refuses(&r, sizeof(struct rec_open) - 1);
	r.step.kind = REC_END;
	refuses(&r, sizeof(struct rec_end) - 1);
	r.step.kind = REC_OPEN_END;
	refuses(&r, sizeof(r) - 1);
	r.step.kind = REC_SMALL;
	refuses(&r, sizeof(struct rec_small) - 1);
	r.step.kind = REC_REQUEST;
	refuses(&r, sizeof(struct rec_request) - 1);
	r.step.kind = REC_OWNER;
	refuses(&r, sizeof(struct rec_owner) - 1);
	r.step.kind = REC_OWNER + 1;
	refuses(&r, sizeof(r));
	r.step = step_of(A, ST_NONE, ST_SYN_SENT, 0);
	refuses(&r, sizeof(r));
	r.step = step_of(A, ST_CLOSE, ST_NONE, 0);
	refuses(&r, sizeof(r));
	r.step = step_of(A, ST_MAX, ST_CLOSE, 0);
	refuses(&r, sizeof(r));
	r.step = step_of(A, ST_CLOSE, 255, 0);
	refuses(&r, sizeof(r));
	told_nothing();
}

/* Random bytes, but mostly with a kind, a few cookies and states that are some. */
static void random_bytes(void *to, size_t size, uint64_t *seed)
{
	__u8 *p = to;

	for (size_t i = 0; i < size; i++)
		p[i] = next_random(seed) >> 32;
}

static __u64 random_cookie(uint64_t *seed)
{
	__u64 r = next_random(seed) >> 32;

	return r % 50 ? r % 40 : next_random(seed);
}

union any_record {
	struct rec_open_end open;
	struct rec_step step;
	struct rec_small small;
	struct rec_request request;
};

/* Whatever the bytes are, the moments are some: what waits for one must come to an end. */
static void plausible(union any_record *r, uint64_t *seed)
{
	__u64 mono_ns = feed.now_ns - (next_random(seed) >> 32) % SEC;

	if (r->step.kind == REC_REQUEST) {
		memset(r->request.laddr, 0, 40);
		r->request.mono_ns = mono_ns;
	} else if (r->step.kind == REC_SMALL) {
		r->small.cookie = random_cookie(seed);
		r->small.what %= SMALL_NWHATS + 1;
		r->small.substate = next_random(seed) >> 63 ? ST_TIME_WAIT : ST_FIN_WAIT2;
		r->small.mono_ns = mono_ns;
	} else {
		r->step.cookie = random_cookie(seed);
		r->step.from %= ST_MAX + 1;
		r->step.to %= ST_MAX + 1;
		r->step.mono_ns = mono_ns;
	}
}

static void fuzz_record(uint64_t *seed)
{
	union any_record r;
	size_t size = sizeof(r);

	random_bytes(&r, sizeof(r), seed);
	if (next_random(seed) >> 60)
		r.step.kind %= REC_REQUEST + 1;
	else
		size = (next_random(seed) >> 32) % (sizeof(r) + 1);
	plausible(&r, seed);
	model_record(&feed.m, &r, size);
}

static void fuzz_row(uint64_t *seed)
{
	struct row_sock r;

	random_bytes(&r, sizeof(r), seed);
	r.kind %= ROW_REQUEST + 2;
	r.cookie = random_cookie(seed);
	r.state %= ST_MAX + 1;
	r.mono_ns = feed.now_ns;
	if (next_random(seed) >> 62)
		r.flags &= ~ROW_FILTERED;
	model_row(&feed.m, &r);
}

static void fuzz_time(uint64_t *seed)
{
	unsigned int what = (next_random(seed) >> 32) % 8;

	later((next_random(seed) >> 32) % SEC);
	if (what == 0)
		sweep_begins();
	else if (what == 1)
		sweep_ends();
	else if (what < 6)
		tick();
	assert_true(model_due(&feed.m) > 0);
}

/* As if all were old, and of the kind that the rows would have. */
static void make_old(void)
{
	struct conn *c;
	__u32 slot = 0;

	while ((c = table_next(&feed.m.table, &slot))) {
		c->seen_ns = c->since_ns = c->until_ns = 0;
		if (!c->ending)
			c->ended_ns = 0;
		c->ident.mptcp = 0;
	}
}

static void survives_anything(void **unused)
{
	uint64_t seed = 88172645463325252ULL;

	(void)unused;
	for (int i = 0; i < 200000; i++) {
		unsigned int what = (next_random(&seed) >> 32) % 16;

		if (what < 11)
			fuzz_record(&seed);
		else if (what < 14)
			fuzz_row(&seed);
		else
			fuzz_time(&seed);
	}
	make_old();
	later(1000 * SEC);
	for (int i = 0; i < 4; i++) {
		sweep_of_nothing();
		later(SEC);
		tick();
	}
	feed.at = feed.n;
	all_is_over();
}

/* What the kernel's second program tells: see bpf/again.bpf.h. */
static void told_by_the_second_program(void **unused)
{
	const struct sock_end end = {.bytes_sent = 1};

	(void)unused;
	opens(A);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	open_flagged(A, ST_CLOSE, ST_SYN_SENT, 0, STEP_FIRST | STEP_AGAIN);
	told_nothing();
	later(MS);
	step_flagged(A, ST_SYN_SENT, ST_ESTABLISHED, MS, STEP_AGAIN);
	told(ST_SYN_SENT, ST_ESTABLISHED, MS);
	step(A, ST_ESTABLISHED, ST_CLOSE_WAIT, 0);
	step_flagged(A, ST_ESTABLISHED, ST_CLOSE_WAIT, 0, STEP_AGAIN);
	told(ST_ESTABLISHED, ST_CLOSE_WAIT, 0);
	told_nothing();
	step(A, ST_CLOSE_WAIT, ST_LAST_ACK, 0);
	told(ST_CLOSE_WAIT, ST_LAST_ACK, 0);
	ends(A, ST_LAST_ACK, 0);
	ends_with(A, ST_LAST_ACK, 0, STEP_AGAIN, end);
	told_end(ST_LAST_ACK, 0, REASON_FIN);
	told_nothing();
	all_is_over();
	assert_int_equal(feed.m.told_twice, 3);
}

/* ... of a big socket that a small one has followed. */
static void end_told_by_the_second_program(void **unused)
{
	const struct sock_end end = {.bytes_sent = 1};

	(void)unused;
	reaches_fin_wait_2(B);
	small(B, SMALL_BORN, ST_FIN_WAIT2, 60 * (__s64)SEC);
	ends(B, ST_FIN_WAIT2, 0);
	feed.at = feed.n;
	ends_with(B, ST_FIN_WAIT2, 0, STEP_AGAIN, end);
	told_nothing();
	assert_int_equal(feed.m.told_twice, 1);
	/* by it alone */
	reaches_fin_wait_2(A);
	small(A, SMALL_BORN, ST_TIME_WAIT, 60 * (__s64)SEC);
	feed.at = feed.n;
	ends_with(A, ST_FIN_WAIT2, 0, STEP_AGAIN, end);
	assert_int_equal(feed.m.told_twice, 1);
	later(60 * SEC);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	assert_int_equal(told_end(ST_TIME_WAIT, 60 * SEC, REASON_EXPIRED)->end.bytes_sent, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		feed_test(client_that_is_closed_on),
		feed_test(server),
		feed_test(held_until_its_port_was_known),
		feed_test(held_step_keeps_roles_apart),
		feed_test(simultaneous_open_and_close),
		feed_test(listener),
		feed_test(reused_by_disconnect_and_connect),
		feed_test(refused),
		feed_test(local_port_is_kept),
		feed_test(at_least),
		feed_test(unknown_cookie),
		feed_test(filter_by_state),
		feed_test(filter_of_held_steps),
		feed_test(filter_by_dwell),
		feed_test(count_is_exact),
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
		feed_test(resync_finds_the_unknown),
		feed_test(resync_drops_the_gone),
		feed_test(resync_forgives_a_miss),
		feed_test(resync_of_mptcp),
		feed_test(resync_moves_on),
		feed_test(resync_goes_not_back),
		feed_test(resync_keeps_the_new),
		feed_test(filtered_rows),
		feed_test(owner_gets_better),
		feed_test(hello_counts),
		feed_test(hello_by_state),
		feed_test(told_by_the_second_program),
		feed_test(end_told_by_the_second_program),
		feed_test(losses),
		feed_test(sinks),
		feed_test(records_that_are_none),
		feed_test(survives_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
