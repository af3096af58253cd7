// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sockets of which the kernel side keeps nothing: roles, dwell and owner by the steps before. */
#include "feed.h"

#define A 7ULL
#define B 8ULL
#define L 20ULL /* a listener, at LPORT */
#define LPORT 54321

static struct sock_ident listener_ident(__u32 pid)
{
	struct sock_ident id = ident_of(L);

	memset(id.laddr, 0, sizeof(id.laddr));
	memset(id.raddr, 0, sizeof(id.raddr));
	id.laddr[10] = id.laddr[11] = id.raddr[10] = id.raddr[11] = 0xff;
	id.lport = LPORT;
	id.rport = 0;
	id.owner = (struct sock_owner){.pid = pid, .tid = pid, .how = OWNER_OPEN, .comm = "httpd"};
	return id;
}

static void told_open(__u64 cookie, unsigned int from, unsigned int to, unsigned int flags,
		      struct sock_ident id, __u64 dwell_ns)
{
	struct rec_open r = {.step = step_of(cookie, from, to, dwell_ns), .ident = id};

	r.step.kind = REC_OPEN;
	r.step.roles = 0;
	r.step.flags = flags | STEP_STREAM;
	take(&r, sizeof(r));
}

static void listens(__u64 cookie, __u32 pid, unsigned int flags)
{
	told_open(cookie, ST_CLOSE, ST_LISTEN, STEP_FIRST | flags, listener_ident(pid), 0);
}

static void connects(__u64 cookie)
{
	told_open(cookie, ST_CLOSE, ST_SYN_SENT, STEP_FIRST, ident_of(cookie), 0);
}

static void accepted(__u64 cookie, __u64 listener, __u64 handshake_ns)
{
	struct sock_ident id = ident_of(cookie);

	id.lport = LPORT;
	id.born_ns = feed.now_ns - handshake_ns;
	memset(&id.owner, 0, sizeof(id.owner));
	id.owner.listener = listener;
	told_open(cookie, ST_SYN_RECV, ST_ESTABLISHED, STEP_FIRST | STEP_HELD, id, handshake_ns);
}

static void goes(__u64 cookie, unsigned int from, unsigned int to)
{
	struct rec_step r = step_of(cookie, from, to, 0);

	r.roles = 0;
	r.flags = STEP_STREAM;
	take(&r, sizeof(r));
}

static void closes(__u64 cookie, unsigned int from)
{
	ends_with(cookie, from, 0, STEP_STREAM, (struct sock_end){0});
}

static void a_client(void **unused)
{
	const struct seen *s;

	(void)unused;
	connects(A);
	later(MS);
	goes(A, ST_SYN_SENT, ST_ESTABLISHED);
	later(SEC);
	goes(A, ST_ESTABLISHED, ST_CLOSE_WAIT);
	later(3 * SEC);
	goes(A, ST_CLOSE_WAIT, ST_LAST_ACK);
	later(MS);
	closes(A, ST_LAST_ACK);
	s = told(ST_CLOSE, ST_SYN_SENT, 0);
	assert_true(s->t.first);
	assert_int_equal(s->conn.roles, ROLES(ROLE_ACTIVE, 0));
	told(ST_SYN_SENT, ST_ESTABLISHED, MS);
	s = told(ST_ESTABLISHED, ST_CLOSE_WAIT, SEC);
	assert_int_equal(s->conn.roles, ROLES(ROLE_ACTIVE, ROLE_PASSIVE));
	told(ST_CLOSE_WAIT, ST_LAST_ACK, 3 * SEC);
	s = told_end(ST_LAST_ACK, MS, REASON_FIN);
	assert_int_equal(s->end.age_ns, 4 * SEC + 2 * MS);
	assert_false(s->t.at_least);
	all_is_over();
}

static void a_child_has_its_listeners_owner(void **unused)
{
	const struct seen *s;

	(void)unused;
	listens(L, 4, 0);
	told(ST_CLOSE, ST_LISTEN, 0);
	later(SEC);
	accepted(A, L, 5 * MS);
	s = told(ST_LISTEN, ST_SYN_RECV, 0);
	assert_int_equal(s->t.mono_ns, feed.now_ns - 5 * MS);
	assert_int_equal(s->conn.ident.owner.pid, 4);
	assert_int_equal(s->conn.ident.owner.how, OWNER_LISTENER);
	s = told(ST_SYN_RECV, ST_ESTABLISHED, 5 * MS);
	assert_int_equal(s->conn.roles, ROLES(ROLE_PASSIVE, 0));
}

static void of_two_listeners_the_one_that_was_named(void **unused)
{
	(void)unused;
	listens(L, 4, 0);
	listens(L + 1, 5, 0);
	told(ST_CLOSE, ST_LISTEN, 0);
	told(ST_CLOSE, ST_LISTEN, 0);
	accepted(A, L + 1, MS);
	assert_int_equal(told(ST_LISTEN, ST_SYN_RECV, 0)->conn.ident.owner.pid, 5);
	told(ST_SYN_RECV, ST_ESTABLISHED, MS);
	/* which one is not known: nobody is named */
	accepted(B, 0, MS);
	assert_int_equal(told(ST_LISTEN, ST_SYN_RECV, 0)->conn.ident.owner.how, OWNER_UNKNOWN);
}

/* It was made while the listener was there, and became known only after. */
static void a_listener_that_is_gone(void **unused)
{
	(void)unused;
	listens(L, 4, 0);
	told(ST_CLOSE, ST_LISTEN, 0);
	later(MS);
	closes(L, ST_LISTEN);
	told(ST_LISTEN, ST_CLOSE, MS);
	later(SEC);
	accepted(A, 0, SEC + MS / 2);
	assert_int_equal(told(ST_LISTEN, ST_SYN_RECV, 0)->conn.ident.owner.pid, 4);
	told(ST_SYN_RECV, ST_ESTABLISHED, SEC + MS / 2);
	accepted(B, 0, MS);
	assert_int_equal(told(ST_LISTEN, ST_SYN_RECV, 0)->conn.ident.owner.how, OWNER_UNKNOWN);
}

/* Kept in the kernel, but not whose it is: the accepted end of a TCP Fast Open on Linux 5.10. */
static void a_kept_child_without_an_owner(void **unused)
{
	struct rec_open r = {
		.step = step_of(A, ST_SYN_RECV, ST_ESTABLISHED, MS),
		.ident = ident_of(A),
	};

	(void)unused;
	listens(L, 4, 0);
	told(ST_CLOSE, ST_LISTEN, 0);
	later(SEC);
	r.ident.lport = LPORT;
	r.ident.born_ns = feed.now_ns - MS;
	memset(&r.ident.owner, 0, sizeof(r.ident.owner));
	r.step.kind = REC_OPEN;
	r.step.roles = ROLES(ROLE_PASSIVE, 0);
	take(&r, sizeof(r));
	assert_int_equal(told(ST_SYN_RECV, ST_ESTABLISHED, MS)->conn.ident.owner.pid, 4);
}

static void a_listener_that_the_filter_leaves_out(void **unused)
{
	(void)unused;
	listens(L, 4, STEP_UNSHOWN);
	told_nothing();
	assert_int_equal(feed.m.by_state[ST_LISTEN], 0);
	accepted(A, L, MS);
	assert_int_equal(told(ST_LISTEN, ST_SYN_RECV, 0)->conn.ident.owner.pid, 4);
}

/* SYN_SENT -> SYN_RECEIVED: the record of its end looks like a child's. */
static void a_simultaneous_open(void **unused)
{
	const struct seen *s;

	(void)unused;
	connects(A);
	later(MS);
	goes(A, ST_SYN_SENT, ST_SYN_RECV);
	later(2 * MS);
	accepted(A, 0, 9 * MS);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	told(ST_SYN_SENT, ST_SYN_RECV, MS);
	s = told(ST_SYN_RECV, ST_ESTABLISHED, 2 * MS);
	assert_int_equal(s->conn.roles, ROLES(ROLE_SIMULTANEOUS, 0));
	assert_string_equal(s->conn.ident.owner.comm, "curl");
	told_nothing();
}

static void one_that_was_there_before(void **unused)
{
	const struct seen *s;

	(void)unused;
	feed.m.start_ns = feed.now_ns;
	later(SEC);
	told_open(A, ST_ESTABLISHED, ST_CLOSE_WAIT, 0, ident_of(A), 0);
	s = told(ST_ESTABLISHED, ST_CLOSE_WAIT, SEC);
	assert_true(s->t.at_least);
	later(MS);
	goes(A, ST_CLOSE_WAIT, ST_LAST_ACK);
	s = told(ST_CLOSE_WAIT, ST_LAST_ACK, MS);
	assert_false(s->t.at_least);
}

/* Steps were lost: how long it was in the state that it leaves is not known. */
/* Not accepted yet, or in flight: by no descriptor is it known whose it is. */
static void one_before_that_no_process_has(void **unused)
{
	struct row_sock r = row_of(ROW_FULL, B, ST_CLOSE_WAIT);
	struct row_sock l = row_of(ROW_FULL, A, ST_LISTEN);

	(void)unused;
	l.ident = listener_ident(7);
	l.flags = r.flags = ROW_BEFORE;
	model_row(&feed.m, &l);
	r.ident.lport = LPORT;
	memset(&r.ident.owner, 0, sizeof(r.ident.owner));
	model_row(&feed.m, &r);
	assert_int_equal(table_find(&feed.m.table, B)->ident.owner.pid, 7);
	assert_int_equal(table_find(&feed.m.table, B)->ident.owner.how, OWNER_LISTENER);
}

static void after_a_loss(void **unused)
{
	const struct seen *s;

	(void)unused;
	feed.m.start_ns = feed.now_ns - SEC;
	connects(A);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	later(SEC);
	model_lost(&feed.m, LOST_RING_FULL, 1, feed.now_ns);
	goes(A, ST_ESTABLISHED, ST_CLOSE_WAIT);
	s = told(ST_ESTABLISHED, ST_CLOSE_WAIT, 0);
	assert_true(s->t.at_least);
	assert_int_equal(s->conn.roles, ROLES(ROLE_ACTIVE, ROLE_PASSIVE));
	/* the identity is repeated, without what only the first record knew */
	later(MS);
	told_open(A, ST_CLOSE_WAIT, ST_LAST_ACK, 0,
		  (struct sock_ident){.family = 4, .lport = LPORT, .rport = 9}, 0);
	s = told(ST_CLOSE_WAIT, ST_LAST_ACK, MS);
	assert_string_equal(s->conn.ident.owner.comm, "curl");
	assert_int_equal(s->conn.ident.born_ns, feed.now_ns - SEC - MS);
	told_open(B, ST_ESTABLISHED, ST_CLOSE_WAIT, 0, ident_of(B), 0);
	assert_true(told(ST_ESTABLISHED, ST_CLOSE_WAIT, 0)->t.at_least);
}

static void a_better_owner(void **unused)
{
	struct rec_owner r = {
		.kind = REC_OWNER,
		.cookie = A,
		.owner = {.pid = 9, .how = OWNER_ACCEPT, .comm = "worker"},
	};

	(void)unused;
	listens(L, 4, 0);
	accepted(A, L, MS);
	take(&r, sizeof(r));
	goes(A, ST_ESTABLISHED, ST_CLOSE_WAIT);
	told(ST_CLOSE, ST_LISTEN, 0);
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told(ST_SYN_RECV, ST_ESTABLISHED, MS);
	assert_int_equal(told(ST_ESTABLISHED, ST_CLOSE_WAIT, 0)->conn.ident.owner.pid, 9);
	/* of a connection that nobody knows, nothing follows */
	r.cookie = B;
	take(&r, sizeof(r));
	told_nothing();
}

/* No loss is told meanwhile that would explain what is missing. */
static void ticks(void)
{
	model_tick(&feed.m, feed.now_ns);
	later(MODEL_LOSS_WAIT_NS);
	model_tick(&feed.m, feed.now_ns);
}

/* The kernel ran no program, and did not count it as skipped. */
static void a_step_that_nobody_told_of(void **unused)
{
	const struct seen *s;

	(void)unused;
	feed.m.started = true;
	connects(A);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	later(SEC);
	goes(A, ST_ESTABLISHED, ST_FIN_WAIT1);
	s = told(ST_ESTABLISHED, ST_FIN_WAIT1, 0);
	assert_true(s->t.at_least);
	assert_true(feed.m.unknown);
	/* the ticks that it hangs on are ones to record */
	assert_true(model_due(&feed.m) <= feed.now_ns);
	model_tick(&feed.m, feed.now_ns);
	assert_int_equal(model_due(&feed.m), feed.now_ns + MODEL_LOSS_WAIT_NS);
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 0);
	ticks();
	assert_true(model_due(&feed.m) > feed.now_ns);
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 1);
	/* once */
	later(SEC);
	goes(A, ST_FIN_WAIT1, ST_CLOSING);
	told(ST_FIN_WAIT1, ST_CLOSING, SEC + MODEL_LOSS_WAIT_NS);
	ticks();
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 1);
}

/* The kernel's count of a loss comes after the records around it. */
static void a_loss_that_is_told_later(void **unused)
{
	(void)unused;
	feed.m.started = true;
	connects(A);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	later(SEC);
	goes(A, ST_ESTABLISHED, ST_FIN_WAIT1);
	told(ST_ESTABLISHED, ST_FIN_WAIT1, 0);
	model_tick(&feed.m, feed.now_ns);
	later(MS);
	model_lost(&feed.m, LOST_RING_FULL, 1, feed.now_ns);
	ticks();
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 0);
	/* but the end tells what is left */
	later(SEC);
	goes(A, ST_ESTABLISHED, ST_FIN_WAIT1);
	goes(A, ST_CLOSING, ST_CLOSE);
	model_settle(&feed.m);
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 1);
}

static void established(__u64 cookie)
{
	connects(cookie);
	later(MS);
	goes(cookie, ST_SYN_SENT, ST_ESTABLISHED);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	told(ST_SYN_SENT, ST_ESTABLISHED, MS);
}

/* Closed by this side, after 1 ms. */
static void closed_first(__u64 cookie)
{
	established(cookie);
	later(MS);
	goes(cookie, ST_ESTABLISHED, ST_FIN_WAIT1);
	told(ST_ESTABLISHED, ST_FIN_WAIT1, MS);
}

static void meets_small(__u64 cookie, __s64 left_ns)
{
	sweep_begins();
	row_small(cookie, ST_TIME_WAIT, left_ns);
	sweep_ends();
	ticks();
}

/* ... and the row of its small socket is the first that is heard of it. */
static void a_small_socket_that_nobody_told_of(void **unused)
{
	(void)unused;
	feed.m.started = true;
	closed_first(A);
	later(SEC);
	/* as long as the records of its begin may still be on their way, it is ahead of them */
	feed.m.drained_ns = feed.now_ns;
	meets_small(A, 60 * SEC);
	told_nothing();
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 0);
	later(SEC);
	feed.m.drained_ns = feed.now_ns;
	meets_small(A, 59 * SEC);
	assert_true(told(ST_FIN_WAIT1, ST_FIN_WAIT2, 0)->t.at_least);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, 0);
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 1);
	/* once */
	later(SEC);
	meets_small(A, 58 * SEC);
	told_nothing();
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 1);
}

/* ... its full one was known to be in FIN_WAIT_2, and no program saw the close(). */
static void a_close_that_nobody_told_of(void **unused)
{
	(void)unused;
	feed.m.started = true;
	closed_first(A);
	goes(A, ST_FIN_WAIT1, ST_FIN_WAIT2);
	told(ST_FIN_WAIT1, ST_FIN_WAIT2, 0);
	later(SEC);
	meets_small(A, 60 * SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, SEC);
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 1);
}

/* ... or the end of it. */
static void a_small_socket_of_which_only_the_end_was_told(void **unused)
{
	(void)unused;
	feed.m.started = true;
	closed_first(A);
	later(61 * SEC);
	small(A, SMALL_EXPIRED, ST_TIME_WAIT, 0);
	ticks();
	assert_true(told(ST_FIN_WAIT1, ST_FIN_WAIT2, 0)->t.at_least);
	assert_true(told(ST_FIN_WAIT2, ST_TIME_WAIT, 0)->t.at_least);
	told_end(ST_TIME_WAIT, 60 * SEC, REASON_EXPIRED);
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 1);
	all_is_over();
}

/* shutdown(), and only the close() was shown: FIN_WAIT_2 began some time in between. */
static void a_step_before_the_small_socket(void **unused)
{
	(void)unused;
	feed.m.started = true;
	closed_first(A);
	later(SEC);
	small(A, SMALL_BORN, ST_FIN_WAIT2, 60 * SEC);
	closes(A, ST_FIN_WAIT2);
	ticks();
	assert_true(told(ST_FIN_WAIT1, ST_FIN_WAIT2, 0)->t.at_least);
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 1);
	later(SEC);
	small(A, SMALL_BORN, ST_TIME_WAIT, 60 * SEC);
	assert_true(told(ST_FIN_WAIT2, ST_TIME_WAIT, SEC + MODEL_LOSS_WAIT_NS)->t.at_least);
}

/* At the start rows may be ahead of the records. */
static void rows_that_were_ahead(void **unused)
{
	__u64 before_ns;

	(void)unused;
	connects(A);
	told(ST_CLOSE, ST_SYN_SENT, 0);
	before_ns = feed.now_ns;
	later(SEC);
	sweep_begins();
	row_full(A, ST_CLOSE_WAIT, 0, 0);
	sweep_ends();
	feed.m.started = true;
	feed.now_ns = before_ns;
	goes(A, ST_SYN_SENT, ST_ESTABLISHED);
	goes(A, ST_ESTABLISHED, ST_CLOSE_WAIT);
	later(2 * SEC);
	goes(A, ST_CLOSE_WAIT, ST_LAST_ACK);
	ticks();
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 0);
}

/* A loss that was told explains it; so does the end of the big socket. */
static void small_sockets_that_are_no_wonder(void **unused)
{
	(void)unused;
	feed.m.started = true;
	established(A);
	closed_first(B);
	goes(B, ST_FIN_WAIT1, ST_FIN_WAIT2);
	told(ST_FIN_WAIT1, ST_FIN_WAIT2, 0);
	closes(B, ST_FIN_WAIT2);
	meets_small(B, 60 * SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, 0);
	later(SEC);
	model_lost(&feed.m, LOST_RING_FULL, 3, feed.now_ns);
	later(SEC);
	meets_small(A, 59 * SEC);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, 0);
	told_nothing();
	assert_int_equal(feed.lost[LOST_NOT_SHOWN], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		feed_test(a_client),
		feed_test(a_child_has_its_listeners_owner),
		feed_test(of_two_listeners_the_one_that_was_named),
		feed_test(a_listener_that_is_gone),
		feed_test(a_kept_child_without_an_owner),
		feed_test(a_listener_that_the_filter_leaves_out),
		feed_test(a_simultaneous_open),
		feed_test(one_that_was_there_before),
		feed_test(one_before_that_no_process_has),
		feed_test(after_a_loss),
		feed_test(a_better_owner),
		feed_test(a_step_that_nobody_told_of),
		feed_test(a_loss_that_is_told_later),
		feed_test(a_small_socket_that_nobody_told_of),
		feed_test(a_close_that_nobody_told_of),
		feed_test(a_small_socket_of_which_only_the_end_was_told),
		feed_test(a_step_before_the_small_socket),
		feed_test(rows_that_were_ahead),
		feed_test(small_sockets_that_are_no_wonder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
