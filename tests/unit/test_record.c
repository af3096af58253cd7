// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records that are none, anything at all, and what is told twice. */
#include <errno.h>

#include "feed.h"

#define A 7ULL
#define B 8ULL

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
		feed_test(told_by_the_second_program),
		feed_test(end_told_by_the_second_program),
		feed_test(records_that_are_none),
		feed_test(survives_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
