// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* All sockets at one moment: which, in which order, how long, how many. */
#include "unit.h"
#include <stdio.h>
#include "model/listing.h"

#define NOW (1000 * SEC)
#define SHOWN_MAX 4096

static struct listing list;
static struct filter all;

static int setup(void **unused)
{
	(void)unused;
	memset(&all, 0, sizeof(all));
	return listing_init(&list);
}

static int teardown(void **unused)
{
	(void)unused;
	listing_free(&list);
	return 0;
}

static struct row_sock full_row(__u64 cookie, __u8 state)
{
	struct row_sock r = {
		.kind = ROW_FULL,
		.state = state,
		.flags = ROW_AT_LEAST,
		.cookie = cookie,
		.mono_ns = NOW,
		.ident = {.lport = 1000 + cookie, .rport = 80, .netns = 1, .family = 4},
	};

	set_addr(r.ident.laddr, "192.0.2.1");
	set_addr(r.ident.raddr, "198.51.100.7");
	return r;
}

static struct row_sock small_row(__u64 cookie, __u8 state, __s64 left_ns)
{
	struct row_sock r = full_row(cookie, state);

	r.kind = ROW_SMALL;
	r.flags = 0;
	r.left_ns = left_ns;
	return r;
}

static struct row_sock request_row(__u16 rport, __u64 listener)
{
	struct row_sock r = full_row(0, ST_NEW_SYN_RECV);

	r.kind = ROW_REQUEST;
	r.ident.rport = rport;
	r.listener = listener;
	return r;
}

static void own(struct row_sock *r, __u32 pid, const char *comm)
{
	r->ident.owner =
		(struct sock_owner){.pid = pid, .tid = pid, .uid = 7, .how = OWNER_DESCRIPTOR};
	strcpy(r->ident.owner.comm, comm);
}

static void add(struct row_sock r)
{
	listing_add(&list, &r);
}

/* The rows to show, by cookie: "3 1 2". */
static const char *shown(enum listing_sort sort)
{
	static char text[SHOWN_MAX];
	char *p = text;

	assert_int_equal(listing_choose(&list, &all), 0);
	assert_int_equal(listing_sort(&list, sort), 0);
	*p = '\0';
	for (__u32 i = 0; i < list.n_order && p - text < SHOWN_MAX - 32; i++)
		p += snprintf(p, 32, "%s%llu", i ? " " : "",
			      (unsigned long long)listing_row(&list, i)->cookie);
	return text;
}

static void time_wait_is_exact(void **unused)
{
	(void)unused;
	add(small_row(1, ST_TIME_WAIT, 48 * SEC));
	assert_int_equal(row_stay_ns(&list.row[0]), 12 * SEC);
	assert_int_equal(row_stay_by(&list.row[0]), STAY_TIMER);
	assert_false(list.row[0].flags & ROW_AT_LEAST);
	assert_true(row_has_end(&list.row[0]));
	/* a timer that is late, and one that rounding has set beyond its length */
	add(small_row(2, ST_TIME_WAIT, -(__s64)SEC));
	assert_int_equal(row_stay_ns(&list.row[1]), 61 * SEC);
	add(small_row(3, ST_TIME_WAIT, 61 * SEC));
	assert_int_equal(row_stay_ns(&list.row[2]), 0);
	assert_int_equal(row_stay_by(&list.row[2]), STAY_TIMER);
}

/* A late segment has set the timer again: where the kernel knows when it began, that counts. */
static void rearmed_time_wait(void **unused)
{
	struct row_sock r = small_row(1, ST_TIME_WAIT, 48 * SEC);

	(void)unused;
	r.since_ns = NOW - 15 * SEC;
	add(r);
	assert_int_equal(row_stay_ns(&list.row[0]), 15 * SEC);
	assert_int_equal(row_stay_by(&list.row[0]), STAY_TIMER);
	/* the same moment by two clocks; and one that is later than the timer's is none */
	r = small_row(2, ST_TIME_WAIT, 48 * SEC);
	r.since_ns = NOW - 12 * SEC - 20000000;
	add(r);
	assert_int_equal(row_stay_ns(&list.row[1]), 12 * SEC);
	r = small_row(3, ST_TIME_WAIT, 48 * SEC);
	r.since_ns = NOW - SEC;
	add(r);
	assert_int_equal(row_stay_ns(&list.row[2]), 12 * SEC);
}

/* Its timer was set to tcp_fin_timeout, or TCP_LINGER2, or a few RTOs: when can't be told. */
static void fin_wait_2_is_not(void **unused)
{
	(void)unused;
	add(small_row(1, ST_FIN_WAIT2, 30 * SEC));
	assert_int_equal(row_stay_by(&list.row[0]), STAY_UNKNOWN);
	assert_int_equal(row_stay_ns(&list.row[0]), 0);
	assert_true(list.row[0].flags & ROW_AT_LEAST);
	assert_true(row_has_end(&list.row[0]));
}

static void stays_of_full_sockets(void **unused)
{
	struct row_sock r = full_row(1, ST_CLOSE_WAIT);

	(void)unused;
	r.since_ns = NOW - 9 * SEC;
	add(r);
	assert_int_equal(row_stay_ns(&list.row[0]), 9 * SEC);
	assert_int_equal(row_stay_by(&list.row[0]), STAY_SEGMENT);
	r = full_row(2, ST_LISTEN);
	add(r);
	assert_int_equal(row_stay_by(&list.row[1]), STAY_UNKNOWN);
	/* the tracer's own rows say "since just now" for that */
	r = full_row(3, ST_LISTEN);
	r.since_ns = NOW;
	add(r);
	assert_int_equal(row_stay_by(&list.row[2]), STAY_UNKNOWN);
	r = full_row(4, ST_SYN_SENT);
	r.since_ns = NOW - 3 * SEC;
	r.flags = 0;
	add(r);
	assert_int_equal(row_stay_by(&list.row[3]), STAY_SYN);
	assert_false(row_has_end(&list.row[3]));
}

static void each_socket_once(void **unused)
{
	(void)unused;
	add(full_row(1, ST_ESTABLISHED));
	add(full_row(1, ST_ESTABLISHED));
	add(full_row(1, ST_CLOSE_WAIT));
	add(request_row(81, 0));
	add(request_row(82, 0));
	add(request_row(81, 0));
	assert_string_equal(shown(SORT_STATE), "0 0 1");
}

static void no_such_state(void **unused)
{
	(void)unused;
	add(full_row(1, ST_MAX));
	add(full_row(2, 255));
	assert_int_equal(list.n, 0);
}

static void many(void **unused)
{
	(void)unused;
	for (__u64 round = 0; round < 2; round++) {
		for (__u64 i = 1; i <= 50000; i++)
			add(full_row(i * 0x10001, ST_ESTABLISHED));
		for (__u16 port = 1; port <= 5000; port++)
			add(request_row(port, 0));
	}
	assert_false(list.no_memory);
	assert_int_equal(listing_choose(&list, &all), 0);
	assert_int_equal(list.n_order, 55000);
	for (__u64 i = 1; i <= 50000; i++)
		assert_int_equal(listing_row(&list, i - 1)->cookie, i * 0x10001);
}

static void a_request_is_its_listeners(void **unused)
{
	struct row_sock listener = full_row(5, ST_LISTEN), peer = full_row(6, ST_ESTABLISHED);

	(void)unused;
	own(&listener, 42, "sshd");
	own(&peer, 43, "other");
	listener.ident.cgroup = 99;
	add(listener);
	add(peer);
	add(request_row(81, 5));
	add(request_row(82, 6)); /* no listener: some other socket got its cookie */
	add(request_row(83, 7)); /* gone */
	shown(SORT_STATE);
	assert_int_equal(list.row[2].ident.owner.pid, 42);
	assert_int_equal(list.row[2].ident.owner.how, OWNER_LISTENER);
	assert_int_equal(list.row[2].ident.cgroup, 99);
	assert_int_equal(list.row[3].ident.owner.how, OWNER_UNKNOWN);
	assert_int_equal(list.row[4].ident.owner.how, OWNER_UNKNOWN);
}

static void filters(void **unused)
{
	struct row_sock r = full_row(1, ST_ESTABLISHED);

	(void)unused;
	own(&r, 42, "sshd");
	add(r);
	add(small_row(2, ST_TIME_WAIT, 20 * SEC));
	add(request_row(81, 0));
	r = full_row(4, ST_LISTEN);
	r.ident.family = 6;
	r.ident.netns = 2;
	add(r);
	r = full_row(5, ST_ESTABLISHED);
	r.flags |= ROW_FILTERED; /* another cgroup's */
	add(r);
	assert_string_equal(shown(SORT_STATE), "4 0 1 2");
	all.states = ST_BIT(ST_SYN_RECV); /* for which the kernel has two numbers */
	assert_string_equal(shown(SORT_STATE), "0");
	all.states = ST_BIT(ST_TIME_WAIT) | ST_BIT(ST_LISTEN);
	assert_string_equal(shown(SORT_STATE), "4 2");
	all.states = 0;
	all.min_dwell_ns = 40 * SEC;
	assert_string_equal(shown(SORT_STATE), "2");
	all.min_dwell_ns = 40 * SEC + 1;
	assert_string_equal(shown(SORT_STATE), "");
	all.min_dwell_ns = 0;
	all.family = 6;
	assert_string_equal(shown(SORT_STATE), "4");
	all.family = 0;
	all.n_netns = 1;
	all.netns[0] = 2;
	assert_string_equal(shown(SORT_STATE), "4");
	all.n_netns = 0;
	all.n_pid = 1;
	all.pid[0] = 42;
	assert_string_equal(shown(SORT_STATE), "1");
	all.n_pid = 0;
	all.n_lport = 1;
	all.lport[0] = 1002;
	assert_string_equal(shown(SORT_STATE), "2");
	all.n_lport = 0;
	all.n_cgroup = 1; /* the kernel looked at those; what has none is not in it */
	assert_string_equal(shown(SORT_STATE), "");
}

static void lives_in_order(void **unused)
{
	(void)unused;
	add(full_row(1, ST_LAST_ACK));
	add(full_row(2, ST_CLOSE_WAIT));
	add(small_row(3, ST_TIME_WAIT, 20 * SEC));
	add(small_row(4, ST_TIME_WAIT, 10 * SEC));
	add(small_row(5, ST_TIME_WAIT, 30 * SEC));
	add(full_row(6, ST_ESTABLISHED));
	add(full_row(7, ST_LISTEN));
	assert_string_equal(shown(SORT_STATE), "7 6 4 3 5 2 1");
	assert_string_equal(shown(SORT_DWELL), "4 3 5 7 6 2 1");
}

static void by_owner_and_queues(void **unused)
{
	static const struct {
		__u32 pid, recv_q, send_q, netns;
	} rows[] = {{30, 1, 9, 3}, {0, 500000000, 0, 1}, {4, 0, 70000, 3}, {4000000, 1, 2, 2}};

	(void)unused;
	for (size_t i = 0; i < N(rows); i++) {
		struct row_sock r = full_row(i + 1, ST_ESTABLISHED);

		if (rows[i].pid)
			own(&r, rows[i].pid, "x");
		r.recv_q = rows[i].recv_q;
		r.send_q = rows[i].send_q;
		r.ident.netns = rows[i].netns;
		add(r);
	}
	assert_string_equal(shown(SORT_PID), "3 1 4 2");
	assert_string_equal(shown(SORT_RECV_Q), "2 1 4 3");
	assert_string_equal(shown(SORT_SEND_Q), "3 1 4 2");
	assert_string_equal(shown(SORT_NETNS), "2 4 1 3");
}

static void by_address_then_port(void **unused)
{
	static const struct {
		const char *addr;
		__u16 port;
	} ends[] = {{"10.0.0.2", 1},	{"10.0.0.10", 1}, {"10.0.0.2", 40000}, {"9.255.255.255", 9},
		    {"2001:db8::1", 1}, {"::1", 5},	  {"2001:db8::", 7}};

	(void)unused;
	for (size_t i = 0; i < N(ends); i++) {
		struct row_sock r = full_row(i + 1, ST_ESTABLISHED);

		set_addr(r.ident.laddr, ends[i].addr);
		r.ident.lport = ends[i].port;
		set_addr(r.ident.raddr, ends[N(ends) - 1 - i].addr);
		r.ident.rport = ends[N(ends) - 1 - i].port;
		add(r);
	}
	assert_string_equal(shown(SORT_LOCAL), "6 4 1 3 2 7 5");
	assert_string_equal(shown(SORT_REMOTE), "2 4 7 5 6 1 3");
}

static int wanted_order(const void *a, const void *b)
{
	const struct row_sock *x = a, *y = b;

	if (x->recv_q != y->recv_q)
		return x->recv_q < y->recv_q ? 1 : -1;
	return x->cookie < y->cookie ? -1 : 1; /* as they came */
}

static void against_qsort(void **unused)
{
	enum { ROWS = 3000 };
	struct row_sock *want = calloc(ROWS, sizeof(*want));
	uint64_t seed = 4;

	(void)unused;
	assert_non_null(want);
	for (__u32 i = 0; i < ROWS; i++) {
		want[i] = full_row(i + 1, ST_ESTABLISHED);
		want[i].recv_q = next_random(&seed) >> i % 64;
		add(want[i]);
	}
	qsort(want, ROWS, sizeof(*want), wanted_order);
	shown(SORT_RECV_Q);
	for (__u32 i = 0; i < ROWS; i++)
		assert_int_equal(listing_row(&list, i)->cookie, want[i].cookie);
	free(want);
}

static void names_of_sorts(void **unused)
{
	(void)unused;
	assert_int_equal(listing_sort_by_name("state"), SORT_STATE);
	assert_int_equal(listing_sort_by_name("STATE"), SORT_STATE);
	assert_int_equal(listing_sort_by_name("netns"), SORT_NETNS);
	assert_int_equal(listing_sort_by_name("recv_q"), SORT_RECV_Q);
	assert_true(listing_sort_by_name("") < 0);
	assert_true(listing_sort_by_name("states") < 0);
}

static void every_state_has_a_rank(void **unused)
{
	__u32 seen = 0;

	(void)unused;
	for (unsigned int rank = 0; listing_state_at(rank); rank++) {
		assert_false(seen & ST_BIT(listing_state_at(rank)));
		seen |= ST_BIT(listing_state_at(rank));
	}
	assert_int_equal(seen, (1U << ST_MAX) - 2);
}

static void counts(void **unused)
{
	struct listing_counts c;
	struct row_sock r;

	(void)unused;
	for (__u64 i = 1; i <= 5; i++) {
		r = full_row(i, i < 3 ? ST_LISTEN : ST_CLOSE_WAIT);
		own(&r, i < 5 ? 10 : 20, i < 5 ? "ten" : "twenty");
		if (i >= 3)
			r.since_ns = NOW - i * SEC;
		add(r);
	}
	add(small_row(6, ST_TIME_WAIT, 10 * SEC));
	add(small_row(7, ST_TIME_WAIT, 20 * SEC));
	shown(SORT_STATE);
	assert_int_equal(listing_count(&list, &c, true), 0);
	assert_int_equal(c.sockets, 7);
	assert_int_equal(c.by_state[ST_CLOSE_WAIT], 3);
	assert_int_equal(c.longest_ns[ST_CLOSE_WAIT], 5 * SEC);
	assert_true(c.at_least[ST_CLOSE_WAIT]);
	assert_int_equal(c.longest_ns[ST_TIME_WAIT], 50 * SEC);
	assert_false(c.at_least[ST_TIME_WAIT]);
	assert_int_equal(c.longest_ns[ST_LISTEN], 0);
	assert_int_equal(c.n_processes, 3);
	assert_int_equal(c.process[0].pid, 10);
	assert_string_equal(c.process[0].comm, "ten");
	assert_int_equal(c.process[0].sockets, 4);
	assert_int_equal(c.process[0].by_state[ST_LISTEN], 2);
	assert_int_equal(c.process[1].pid, 0);
	assert_int_equal(c.process[1].sockets, 2);
	assert_int_equal(c.process[2].pid, 20);
	listing_counts_free(&c);
	assert_int_equal(listing_count(&list, &c, false), 0);
	assert_int_equal(c.n_processes, 0);
	listing_counts_free(&c);
}

static void nothing_at_all(void **unused)
{
	struct listing_counts c;

	(void)unused;
	assert_string_equal(shown(SORT_LOCAL), "");
	assert_int_equal(listing_count(&list, &c, true), 0);
	assert_int_equal(c.sockets, 0);
	assert_int_equal(c.n_processes, 0);
	listing_counts_free(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(time_wait_is_exact),
		TEST(rearmed_time_wait),
		TEST(fin_wait_2_is_not),
		TEST(stays_of_full_sockets),
		TEST(each_socket_once),
		TEST(no_such_state),
		TEST(many),
		TEST(a_request_is_its_listeners),
		TEST(filters),
		TEST(lives_in_order),
		TEST(by_owner_and_queues),
		TEST(by_address_then_port),
		TEST(against_qsort),
		TEST(names_of_sorts),
		TEST(every_state_has_a_rank),
		TEST(counts),
		TEST(nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
