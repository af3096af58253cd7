// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include "feed.h"
#include "model/report.h"

static int by_size(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static void percentiles_are_right_to_an_eighth(void **unused)
{
	static const unsigned int permille[] = {1, 500, 900, 990, 999, 1000};
	static __u64 all[5001];
	static struct dwells d;
	uint64_t seed = 7;

	(void)unused;
	memset(&d, 0, sizeof(d));
	for (unsigned int i = 0; i < N(all); i++) {
		all[i] = next_random(&seed) >> (20 + next_random(&seed) % 40);
		dwells_add(&d, all[i]);
	}
	qsort(all, N(all), sizeof(*all), by_size);
	for (unsigned int i = 0; i < N(permille); i++) {
		__u64 want = all[(N(all) * permille[i] + 999) / 1000 - 1];
		__u64 got = dwells_permille(&d, permille[i]);

		assert_true(got <= want + want / 8 + 1 && got + got / 8 + 1 >= want);
	}
	assert_int_equal(d.min_ns, all[0]);
	assert_int_equal(d.max_ns, all[N(all) - 1]);
}

static void percentiles_of_few(void **unused)
{
	static struct dwells d, more;

	(void)unused;
	assert_int_equal(dwells_permille(&d, 500), 0);
	dwells_add(&d, 1000003);
	assert_int_equal(dwells_permille(&d, 1), 1000003);
	assert_int_equal(dwells_permille(&d, 990), 1000003);
	dwells_add(&more, 5);
	dwells_merge(&more, &d);
	assert_int_equal(more.n, 2);
	assert_int_equal(dwells_permille(&more, 500), 5);
	assert_int_equal(more.max_ns, 1000003);
}

/*
 * Tables
 */

static struct topn tops;

static void add(const char *name, unsigned int port, __u64 times)
{
	struct topn_key key = {.port = port};
	struct topn_row *row;

	strncpy(key.comm, name, sizeof(key.comm) - 1);
	row = topn_at(&tops, &key);
	row->weight += times;
	row->transitions += times;
}

static void full_tables_keep_what_is_frequent(void **unused)
{
	struct topn_row rest;

	(void)unused;
	assert_int_equal(topn_init(&tops), 0);
	add("first", 0, 1000);
	for (unsigned int i = 0; i < 60000; i++) {
		add("once", i, 1);
		add("first", 0, 1);
		if (i == 30000)
			add("late", 0, 500);
	}
	topn_sort(&tops);
	assert_string_equal(tops.row[0].key.comm, "first");
	assert_int_equal(tops.row[0].weight, 61000);
	assert_string_equal(tops.row[1].key.comm, "late");
	assert_int_equal(tops.row[1].weight, 500);
	assert_true(tops.n <= TOPN_ROWS);
	rest = topn_rest(&tops, 2);
	assert_int_equal(rest.transitions, 60000);
	topn_free(&tops);
}

/*
 * Time
 */

/* A small socket's TIMED_WAIT that is found out about later. */
static void what_is_told_late_is_counted_since_then(void **unused)
{
	static struct timeline t;
	__u32 now[ST_MAX] = {[ST_FIN_WAIT2] = 2};

	(void)unused;
	timeline_begin(&t, 0);
	for (__u64 i = 0; i < 5; i++)
		timeline_at(&t, i * MS, now);
	now[ST_ESTABLISHED] = 7;
	assert_ptr_equal(timeline_at(&t, 1 * MS, now), &t.column[1]);
	timeline_step(&t, 1 * MS, ST_FIN_WAIT2, ST_TIME_WAIT);
	assert_int_equal(t.column[1].by_state[ST_ESTABLISHED], 0);
	assert_int_equal(t.column[1].by_state[ST_FIN_WAIT2], 2);
	for (int i = 2; i < 5; i++) {
		assert_int_equal(t.column[i].by_state[ST_FIN_WAIT2], 1);
		assert_int_equal(t.column[i].by_state[ST_TIME_WAIT], 1);
		assert_int_equal(t.column[i].total, 2);
	}
	/* one that was not known of */
	timeline_step(&t, 3 * MS, ST_NONE, ST_SYN_RECV);
	assert_int_equal(t.column[4].by_state[ST_SYN_RECV], 1);
	assert_int_equal(t.column[4].total, 3);
	/* told in time */
	timeline_step(&t, 4 * MS, ST_SYN_RECV, ST_ESTABLISHED);
	assert_int_equal(t.column[4].by_state[ST_SYN_RECV], 1);
}

static void columns_are_joined_when_there_are_too_many(void **unused)
{
	static struct timeline t;
	__u32 now[ST_MAX] = {[ST_ESTABLISHED] = 3};
	__u64 total = 0;
	unsigned int peaks = 0;

	(void)unused;
	timeline_begin(&t, 100);
	for (unsigned int i = 0; i < 100000; i++) {
		now[ST_ESTABLISHED] = i == 777 ? 50 : 3;
		timeline_at(&t, 100 + i * MS, now)->transitions++;
	}
	assert_true(t.n <= REPORT_COLUMNS && t.n > REPORT_COLUMNS / 2);
	assert_true(t.n * t.width_ns >= 100000 * MS);
	for (__u32 i = 0; i < t.n; i++) {
		total += t.column[i].transitions;
		peaks += t.column[i].by_state[ST_ESTABLISHED] == 50;
	}
	assert_int_equal(peaks, 1);
	assert_int_equal(total, 100000);
	/* earlier than all, and later than anything can be */
	timeline_at(&t, 0, now)->transitions++;
	timeline_at(&t, UINT64_MAX, now)->transitions++;
	assert_true(t.n <= REPORT_COLUMNS);
	assert_int_equal(t.column[0].transitions, 100001);
}

/*
 * The whole
 */

static struct report *report_begin(void)
{
	struct report *r = report_new();
	struct hello h = {.version = "1", .kernel = "6", .tier = "timer", .mono_ns = feed.now_ns};

	assert_non_null(r);
	r->by_state = feed.m.by_state;
	assert_int_equal(model_add_sink(&feed.m, &r->sink), 0);
	model_hello(&feed.m, &h);
	return r;
}

static void connect_and_refuse(__u64 cookie)
{
	open_flagged(cookie, ST_CLOSE, ST_SYN_SENT, 0, STEP_FIRST);
	later(3 * MS);
	ends_with(cookie, ST_SYN_SENT, 3 * MS, 0, (struct sock_end){.sk_err = ECONNREFUSED});
}

static void what_is_counted(void **unused)
{
	struct report *r = report_begin();
	const struct topn_key *key;

	(void)unused;
	connect_and_refuse(1);
	connect_and_refuse(2);
	open_flagged(3, ST_CLOSE, ST_SYN_SENT, 0, STEP_FIRST);
	later(MS);
	step(3, ST_SYN_SENT, ST_ESTABLISHED, MS);
	model_settle(&feed.m);
	model_summary(&feed.m, 10 * SEC);
	report_close(r, 0);
	assert_int_equal(r->transitions, feed.n);
	assert_int_equal(r->connections, 3);
	assert_int_equal(r->failed, 2);
	assert_int_equal(r->count[ST_SYN_SENT][ST_CLOSE], 2);
	assert_int_equal(r->ends[REASON_REFUSED][ST_SYN_SENT], 2);
	assert_int_equal(dwells_permille(&r->dwell[ST_SYN_SENT][ST_CLOSE], 500), 3 * MS);
	assert_int_equal(r->dwell[ST_CLOSE][ST_SYN_SENT].n, 0);
	assert_int_equal(r->at_end[ST_ESTABLISHED], 1);
	assert_int_equal(r->peak[ST_SYN_SENT], 1);
	assert_int_equal(r->end_ns - r->begin_ns, 10 * SEC);
	key = &r->failures.row[0].key;
	assert_int_equal(key->reason, REASON_REFUSED);
	assert_string_equal(key->comm, "curl");
	assert_int_equal(r->processes.n, 1);
	assert_int_equal(r->processes.row[0].connections, 3);
}

/* What a connection moved is told at its end, which comes after its TIMED_WAIT. */
static void what_waits_has_moved_its_bytes_too(void **unused)
{
	struct conn c = {.small = true, .end = {.bytes_sent = 10, .bytes_received = 2000}};
	struct report *r;

	(void)unused;
	r = report_begin();
	strcpy(c.ident.owner.comm, "client");
	report_waiting(r, &c);
	c.small = false;
	report_waiting(r, &c);
	report_close(r, feed.now_ns);
	assert_int_equal(r->processes.n, 1);
	assert_string_equal(r->processes.row[0].key.comm, "client");
	assert_int_equal(r->processes.row[0].sent, 10);
	assert_int_equal(r->peers.row[0].received, 2000);
}

static void stuck_until_the_end_or_not(void **unused)
{
	struct report *r;

	(void)unused;
	rules_default(&feed.m.rules);
	r = report_begin();
	for (__u64 cookie = 1; cookie <= 2; cookie++) {
		open_flagged(cookie, ST_CLOSE, ST_SYN_SENT, 0, STEP_FIRST);
		step(cookie, ST_SYN_SENT, ST_ESTABLISHED, 0);
		step(cookie, ST_ESTABLISHED, ST_CLOSE_WAIT, 0);
	}
	later(70 * SEC);
	model_tick(&feed.m, feed.now_ns);
	step(1, ST_CLOSE_WAIT, ST_LAST_ACK, 70 * SEC);
	later(30 * SEC);
	report_close(r, feed.now_ns);
	assert_int_equal(r->stuck_total, 2);
	assert_int_equal(r->n_stuck, 2);
	assert_int_equal(r->stuck[0].cookie, 2);
	assert_false(r->stuck[0].over);
	assert_int_equal(r->stuck[0].dwell_ns, 100 * SEC);
	assert_true(r->stuck[1].over);
	assert_int_equal(r->stuck[1].dwell_ns, 70 * SEC);
	assert_int_equal(r->stuck[1].threshold_ns, 60 * SEC);
	/* each is of another service */
	assert_int_equal(r->stuck_by.n, 2);
	assert_int_equal(r->stuck_by.row[0].stuck, 1);
	/* what is still stuck counts until the end there too */
	assert_int_equal(r->stuck_by.row[0].longest_ns + r->stuck_by.row[1].longest_ns, 170 * SEC);
}

static void failures_are_not_what_timed_wait_ends_with(void **unused)
{
	(void)unused;
	assert_true(report_is_failure(REASON_RESET_RECEIVED, ST_ESTABLISHED));
	assert_true(report_is_failure(REASON_TIMEOUT, ST_SYN_SENT));
	assert_false(report_is_failure(REASON_FIN, ST_LAST_ACK));
	assert_false(report_is_failure(REASON_EXPIRED, ST_TIME_WAIT));
	assert_false(report_is_failure(REASON_KILLED, ST_TIME_WAIT));
	assert_false(report_is_failure(REASON_UNKNOWN, ST_ESTABLISHED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_right_to_an_eighth),
		cmocka_unit_test(percentiles_of_few),
		cmocka_unit_test(full_tables_keep_what_is_frequent),
		cmocka_unit_test(columns_are_joined_when_there_are_too_many),
		cmocka_unit_test(what_is_told_late_is_counted_since_then),
		cmocka_unit_test(failures_are_not_what_timed_wait_ends_with),
		feed_test(what_is_counted),
		feed_test(what_waits_has_moved_its_bytes_too),
		feed_test(stuck_until_the_end_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
