// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SYN_RECEIVED while it is a request_sock. */
#include "feed.h"

#define LISTENER 3ULL
#define CHILD 4ULL
#define LONG_ENOUGH (200 * MS)

static struct sock_ident peer(__u16 rport)
{
	struct sock_ident id = {.lport = 80, .rport = rport, .netns = NETNS, .family = 4};

	set_addr(id.laddr, "192.0.2.1");
	set_addr(id.raddr, "198.51.100.7");
	return id;
}

static void listens_at(const char *addr, __u16 lport, __u32 netns)
{
	struct row_sock r = row_of(ROW_FULL, LISTENER, ST_LISTEN);

	set_addr(r.ident.laddr, addr);
	r.ident.lport = lport;
	r.ident.netns = netns;
	r.ident.owner = (struct sock_owner){.pid = 99, .how = OWNER_OPEN, .comm = "nginx"};
	model_row(&feed.m, &r);
}

/* The SYN came; nothing is told of it yet. */
static struct sock_ident half_open(__u16 rport)
{
	struct sock_ident id = peer(rport);

	request(&id, REQUEST_STARTED, 0);
	told_nothing();
	return id;
}

static void completes(void **unused)
{
	struct sock_ident id = half_open(1000);
	struct rec_open r;

	(void)unused;
	later(MS);
	r = (struct rec_open){.step = step_of(CHILD, ST_SYN_RECV, ST_ESTABLISHED, MS), .ident = id};
	r.step.kind = REC_OPEN;
	r.step.flags = STEP_FIRST | STEP_HELD;
	r.step.lport = 80;
	take(&r, sizeof(r));
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told(ST_SYN_RECV, ST_ESTABLISHED, MS);
	assert_int_equal(feed.m.n_half_open, 0);
	later(LONG_ENOUGH);
	tick();
	told_nothing();
	assert_int_equal(feed.m.sum.half_open, 0);
}

/* Its end is on the way when the child comes: the ACK did it. */
static void completes_after_its_timer_stopped(void **unused)
{
	struct sock_ident id = half_open(1000);
	struct rec_open r;

	(void)unused;
	request(&id, REQUEST_STOPPED, 0);
	later(MS);
	r = (struct rec_open){.step = step_of(CHILD, ST_SYN_RECV, ST_ESTABLISHED, MS), .ident = id};
	r.step.kind = REC_OPEN;
	r.step.flags = STEP_FIRST | STEP_HELD;
	take(&r, sizeof(r));
	feed.at = feed.n;
	later(LONG_ENOUGH);
	tick();
	told_nothing();
	assert_int_equal(feed.m.sum.half_open, 0);
}

static void gets_no_answer(void **unused)
{
	struct sock_ident id = half_open(1000);
	const struct seen *s;

	(void)unused;
	for (int i = 1; i <= 5; i++) {
		later(SEC);
		request(&id, REQUEST_EXPIRED, i - 1);
		request(&id, REQUEST_STARTED, i);
		later(LONG_ENOUGH);
		tick();
		told_nothing();
	}
	later(SEC);
	request(&id, REQUEST_EXPIRED, 5);
	later(LONG_ENOUGH);
	tick();
	s = told(ST_LISTEN, ST_SYN_RECV, 0);
	assert_true(s->t.first);
	assert_int_equal(s->conn.roles, ROLES(ROLE_PASSIVE, 0));
	s = told_end(ST_SYN_RECV, 6 * SEC + 5 * LONG_ENOUGH, REASON_TIMEOUT);
	assert_int_equal(s->end.retransmits, 5);
	assert_int_equal(s->t.via, VIA_TIMER);
	assert_int_equal(feed.m.sum.half_open, 1);
	all_is_over();
}

static void is_reset(void **unused)
{
	struct sock_ident id = half_open(1000);

	(void)unused;
	later(SEC);
	request(&id, REQUEST_STOPPED, 0);
	tick();
	told_nothing();
	later(LONG_ENOUGH);
	tick();
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told_end(ST_SYN_RECV, SEC, REASON_RESET_RECEIVED);
	all_is_over();
}

static void ends_by(unsigned int what, unsigned int reason)
{
	struct sock_ident id = half_open(1000);

	later(SEC);
	request(&id, what, 0);
	later(LONG_ENOUGH);
	tick();
	told(ST_LISTEN, ST_SYN_RECV, 0);
	told_end(ST_SYN_RECV, SEC, reason);
	all_is_over();
}

static void ends_by_this_side(void **unused)
{
	(void)unused;
	ends_by(REQUEST_REFUSED, REASON_RESET_SENT);
	ends_by(REQUEST_ABANDONED, REASON_ABORTED);
}

/* Of a flood one sweep brings no more than can be shown. */
static void too_many_in_a_sweep(void **unused)
{
	(void)unused;
	for (int sweep = 1; sweep <= 2; sweep++) {
		sweep_begins();
		for (int i = 0; i < 9000; i++) {
			struct sock_ident id = peer(i);

			row_request(&id, 0);
		}
		sweep_ends();
		assert_int_equal(feed.m.n_half_open, sweep * 4000);
	}
	assert_int_equal(feed.m.unshown, 5000 + 1000);
}

static void row_of_peer(__u16 rport)
{
	struct sock_ident id = peer(rport);

	sweep_begins();
	row_request(&id, 0);
	sweep_ends();
}

/* Where records tell, what is in a row alone was over the limit, or its record comes next. */
static void passed_over(void **unused)
{
	struct hello h = {0};

	(void)unused;
	feed.m.drained_ns = feed.now_ns;
	row_of_peer(1000);
	assert_int_equal(feed.m.n_half_open, 1);
	model_hello(&feed.m, &h);
	later(SEC);
	row_of_peer(1001);
	assert_int_equal(feed.m.n_half_open, 1);
	/* unless its record may have been lost */
	model_lost(&feed.m, LOST_RING_FULL, 1, feed.now_ns);
	row_of_peer(1001);
	assert_int_equal(feed.m.n_half_open, 2);
	later(SEC);
	row_of_peer(1002);
	assert_int_equal(feed.m.n_half_open, 2);
	feed.m.half_open_swept = true;
	row_of_peer(1002);
	assert_int_equal(feed.m.n_half_open, 3);
}

/* Rows have to be read until the last is over that no record has told of. */
static void swept_until_adopted(void **unused)
{
	struct sock_ident id = peer(1000);

	(void)unused;
	row_of_peer(1000);
	row_of_peer(1001);
	assert_int_equal(feed.m.n_swept_half_open, 2);
	request(&id, REQUEST_STARTED, 1);
	request(&id, REQUEST_STARTED, 2);
	assert_int_equal(feed.m.n_swept_half_open, 1);
	for (int i = 0; i < 2; i++) {
		later(SEC);
		row_of_peer(1000);
	}
	later(LONG_ENOUGH);
	tick();
	assert_int_equal(feed.m.n_swept_half_open, 0);
	assert_int_equal(feed.m.n_half_open, 1);
}

static void many_at_once(void **unused)
{
	(void)unused;
	for (__u16 port = 1; port <= 200; port++)
		half_open(port);
	assert_int_equal(feed.m.n_half_open, 200);
	for (__u16 port = 1; port <= 200; port += 2) {
		struct sock_ident id = peer(port);

		request(&id, REQUEST_STOPPED, 0);
	}
	later(LONG_ENOUGH);
	tick();
	assert_int_equal(feed.m.n_half_open, 100);
	assert_int_equal(feed.n, 200);
	assert_int_equal(feed.m.sum.half_open, 100);
}

static const char *owner_with_listener(const char *addr, __u16 lport, __u32 netns)
{
	static char comm[COMM_LEN];
	struct sock_ident id;

	feed_end(NULL);
	feed_begin(NULL);
	listens_at(addr, lport, netns);
	id = half_open(1000);
	request(&id, REQUEST_STOPPED, 0);
	later(LONG_ENOUGH);
	tick();
	memcpy(comm, told(ST_LISTEN, ST_SYN_RECV, 0)->conn.ident.owner.comm, sizeof(comm));
	return comm;
}

static void has_the_listeners_owner(void **unused)
{
	(void)unused;
	assert_string_equal(owner_with_listener("192.0.2.1", 80, NETNS), "nginx");
	assert_int_equal(feed.seen[0].conn.ident.owner.how, OWNER_LISTENER);
	assert_string_equal(owner_with_listener("0.0.0.0", 80, NETNS), "nginx");
	assert_string_equal(owner_with_listener("::", 80, NETNS), "nginx");
	assert_string_equal(owner_with_listener("192.0.2.2", 80, NETNS), "");
	assert_string_equal(owner_with_listener("192.0.2.1", 81, NETNS), "");
	assert_string_equal(owner_with_listener("192.0.2.1", 80, NETNS + 1), "");
}

static void filter_of_the_listeners_owner(void **unused)
{
	struct sock_ident id = peer(1000);

	(void)unused;
	listens_at("0.0.0.0", 80, NETNS);
	feed.m.filter.n_pid = 1;
	feed.m.filter.pid[0] = 98;
	request(&id, REQUEST_STARTED, 0);
	row_request(&id, 0);
	assert_int_equal(feed.m.n_half_open, 0);
	assert_int_equal(feed.m.table.n, 1);
	feed.m.filter.pid[0] = 99;
	request(&id, REQUEST_STARTED, 0);
	assert_int_equal(feed.m.n_half_open, 1);
}

/* The first that is seen of it is a SYN-ACK that is sent again. */
static void began_before_it_was_seen(void **unused)
{
	struct sock_ident id = peer(1000);

	(void)unused;
	request(&id, REQUEST_STARTED, 2);
	later(SEC);
	request(&id, REQUEST_STOPPED, 2);
	later(LONG_ENOUGH);
	tick();
	told(ST_LISTEN, ST_SYN_RECV, 0);
	assert_true(told_end(ST_SYN_RECV, SEC, REASON_RESET_RECEIVED)->t.at_least);
	all_is_over();
}

/* What a row says of its begin is more than the child knows. */
static void row_knows_when_the_syn_came(void **unused)
{
	struct sock_ident id = peer(1000);
	struct rec_open r;

	(void)unused;
	later(10 * SEC);
	row_request(&id, 1);
	later(SEC);
	r = (struct rec_open){.step = step_of(CHILD, ST_SYN_RECV, ST_ESTABLISHED, MS), .ident = id};
	r.step.kind = REC_OPEN;
	r.step.flags = STEP_FIRST | STEP_HELD | STEP_AT_LEAST;
	r.step.lport = 80;
	take(&r, sizeof(r));
	told(ST_LISTEN, ST_SYN_RECV, 0);
	assert_false(told(ST_SYN_RECV, ST_ESTABLISHED, SEC)->t.at_least);
	assert_int_equal(feed.m.n_half_open, 0);
}

/* One line when the threshold passes; it is resolved when the handshake is over, not before. */
static void alerts(void **unused)
{
	struct sock_ident id;

	(void)unused;
	assert_int_equal(rules_set(&feed.m.rules, ST_SYN_RECV, 2 * SEC), 0);
	id = half_open(1000);
	later(2 * SEC);
	tick();
	alerted(ALERT_FIRING, ST_SYN_RECV, 2 * SEC);
	later(SEC);
	request(&id, REQUEST_STOPPED, 0);
	later(LONG_ENOUGH);
	tick();
	alerted(ALERT_RESOLVED, ST_SYN_RECV, 3 * SEC);
	alerted_nothing();
	told(ST_LISTEN, ST_SYN_RECV, 0);
	assert_int_equal(told_end(ST_SYN_RECV, 3 * SEC, REASON_RESET_RECEIVED)->over_ns, 2 * SEC);
	all_is_over();
}

static void resolved_by_the_ack(void **unused)
{
	struct sock_ident id;
	struct rec_open r;

	(void)unused;
	assert_int_equal(rules_set(&feed.m.rules, ST_SYN_RECV, 2 * SEC), 0);
	id = half_open(1000);
	later(2 * SEC);
	tick();
	alerted(ALERT_FIRING, ST_SYN_RECV, 2 * SEC);
	later(SEC);
	r = (struct rec_open){.step = step_of(CHILD, ST_SYN_RECV, ST_ESTABLISHED, 3 * SEC),
			      .ident = id};
	r.step.kind = REC_OPEN;
	r.step.flags = STEP_FIRST | STEP_HELD;
	take(&r, sizeof(r));
	assert_int_equal(feed.n_alerts, 2);
	assert_int_equal(feed.alert[1].a.status, ALERT_RESOLVED);
}

static void filter_by_dwell(void **unused)
{
	struct sock_ident id;

	(void)unused;
	feed.m.filter.min_dwell_ns = 2 * SEC;
	id = half_open(1000);
	later(SEC);
	request(&id, REQUEST_STOPPED, 0);
	later(LONG_ENOUGH);
	tick();
	told_nothing();
	id = half_open(1001);
	later(2 * SEC);
	request(&id, REQUEST_STOPPED, 0);
	later(LONG_ENOUGH);
	tick();
	told_end(ST_SYN_RECV, 2 * SEC, REASON_RESET_RECEIVED);
	all_is_over();
}

/*
 * By sweeps
 */

static void found_by_a_sweep(void **unused)
{
	struct sock_ident id = peer(1000);
	const struct seen *s;

	(void)unused;
	sweep_begins();
	row_request(&id, 0);
	sweep_ends();
	later(SEC);
	sweep_begins();
	row_request(&id, 1);
	sweep_ends();
	told_nothing();
	for (int i = 0; i < 2; i++) {
		later(SEC);
		sweep_of_nothing();
	}
	later(LONG_ENOUGH);
	tick();
	told(ST_LISTEN, ST_SYN_RECV, 0);
	s = told_end(ST_SYN_RECV, SEC, REASON_UNKNOWN);
	assert_true(s->t.at_least);
	assert_int_equal(s->t.via, VIA_SWEEP);
	assert_int_equal(s->end.retransmits, 1);
	all_is_over();
}

static void not_asked_for(void **unused)
{
	struct sock_ident id = peer(1000);

	(void)unused;
	feed.m.half_open = false;
	row_request(&id, 0);
	assert_int_equal(feed.m.table.n, 0);
}

static void kinds_that_are_none(void **unused)
{
	struct sock_ident id = half_open(1000);

	(void)unused;
	request(&id, 0, 0);
	request(&id, REQUEST_NWHATS, 0);
	request(&id, 255, 0);
	later(LONG_ENOUGH);
	tick();
	told_nothing();
	assert_int_equal(feed.m.n_half_open, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		feed_test(completes),
		feed_test(completes_after_its_timer_stopped),
		feed_test(gets_no_answer),
		feed_test(is_reset),
		feed_test(ends_by_this_side),
		feed_test(too_many_in_a_sweep),
		feed_test(passed_over),
		feed_test(swept_until_adopted),
		feed_test(many_at_once),
		feed_test(has_the_listeners_owner),
		feed_test(filter_of_the_listeners_owner),
		feed_test(began_before_it_was_seen),
		feed_test(row_knows_when_the_syn_came),
		feed_test(alerts),
		feed_test(resolved_by_the_ack),
		feed_test(filter_by_dwell),
		feed_test(found_by_a_sweep),
		feed_test(not_asked_for),
		feed_test(kinds_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
