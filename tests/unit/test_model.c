// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records in, transitions out: sockets of the ordinary kind. */
#include <errno.h>

#include "feed.h"

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
		feed_test(owner_gets_better),
		feed_test(hello_counts),
		feed_test(hello_by_state),
		feed_test(losses),
		feed_test(sinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
