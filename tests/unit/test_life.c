// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tui.h"
#include "tui/detail.h"

static void step(const struct conn *c, __u8 from, __u8 to, __u64 at, bool first)
{
	struct transition t = {.conn = c, .from = from, .to = to, .mono_ns = at, .first = first};

	t.dwell_ns = 7;
	life_push(&lives, &t);
}

static void test_steps(void **unused)
{
	struct conn *c = add_conn(5, ST_SYN_SENT, 0);
	const struct life *life;

	(void)unused;
	assert_null(life_of(&lives, c));
	step(c, ST_CLOSE, ST_SYN_SENT, 1, true);
	step(c, ST_SYN_SENT, ST_ESTABLISHED, 2, false);
	life = life_of(&lives, c);
	assert_non_null(life);
	assert_int_equal(life->n, 2);
	assert_false(life->cut);
	assert_int_equal(life->step[1].to, ST_ESTABLISHED);
	assert_int_equal(life->step[1].dwell_ns, 7);
}

static void test_more_than_there_is_room_for(void **unused)
{
	struct conn *c = add_conn(5, ST_SYN_SENT, 0);
	const struct life *life;

	(void)unused;
	step(c, ST_CLOSE, ST_SYN_SENT, 0, true);
	for (int i = 1; i < 20; i++)
		step(c, ST_TIME_WAIT, ST_TIME_WAIT, i, false);
	life = life_of(&lives, c);
	assert_int_equal(life->n, LIFE_STEPS);
	assert_true(life->cut);
	assert_int_equal(life->step[0].mono_ns, 20 - LIFE_STEPS);
	assert_int_equal(life->step[LIFE_STEPS - 1].mono_ns, 19);
}

/* The slot's next socket must not have the steps of the one before. */
static void test_slot_used_again(void **unused)
{
	struct conn *c = add_conn(5, ST_SYN_SENT, 0);
	__u32 slot = table_slot(c);

	(void)unused;
	step(c, ST_CLOSE, ST_SYN_SENT, 1, true);
	table_del(&table, c);
	c = add_conn(6, ST_ESTABLISHED, 0);
	assert_int_equal(table_slot(c), slot);
	assert_null(life_of(&lives, c));
	step(c, ST_ESTABLISHED, ST_CLOSE_WAIT, 2, false);
	assert_int_equal(life_of(&lives, c)->n, 1);
	assert_true(life_of(&lives, c)->cut);
	/* the same socket connects again */
	step(c, ST_CLOSE, ST_SYN_SENT, 3, true);
	assert_int_equal(life_of(&lives, c)->n, 1);
	assert_false(life_of(&lives, c)->cut);
}

static void test_beyond_what_is_kept(void **unused)
{
	struct conn c = client_conn();

	(void)unused;
	c.slot = LIVES_MAX;
	step(&c, ST_CLOSE, ST_SYN_SENT, 1, true);
	assert_null(life_of(&lives, &c));
	c.slot = LIVES_MAX - 1;
	step(&c, ST_CLOSE, ST_SYN_SENT, 1, true);
	assert_non_null(life_of(&lives, &c));
}

/* What stands still does, whatever becomes of the sockets. */
static void test_still(void **unused)
{
	struct conn *c = add_conn(5, ST_CLOSE_WAIT, 0);
	struct source copy = source;
	const struct conn *same;
	struct still still;

	(void)unused;
	add_conn(9, ST_LISTEN, 0);
	step(c, ST_ESTABLISHED, ST_CLOSE_WAIT, 2, false);
	assert_int_equal(still_take(&still, &source), 0);
	c->state = ST_LAST_ACK;
	table_del(&table, c);
	copy.table = &still.table;
	copy.lives = &still.lives;
	assert_int_equal(still.table.n, 2);
	same = table_find(copy.table, 5);
	assert_int_equal(same->state, ST_CLOSE_WAIT);
	assert_int_equal(life_of(copy.lives, same)->n, 1);
	assert_null(life_of(copy.lives, table_find(copy.table, 9)));
	still_free(&still);
}

static const char *page_text(const struct page *p)
{
	static char text[PAGE_ROOM + PAGE_LINES + 1];
	char *to = text;

	for (size_t i = 0; i < p->n; i++) {
		to = mempcpy(to, p->text + p->line[i].at, p->line[i].len);
		*to++ = '\n';
	}
	*to = '\0';
	return text;
}

#define assert_has(text, what) assert_non_null(strstr(text, what))

static void test_detail(void **unused)
{
	struct conn *c = add_conn(0x1a2b, ST_CLOSE_WAIT, 61 * SEC);
	struct sock_end left = {.bytes_sent = 4096, .srtt_us = 1500};
	struct transition over = {.conn = c,
				  .from = ST_CLOSE_WAIT,
				  .to = ST_CLOSE,
				  .mono_ns = 1000 * SEC,
				  .end = &left,
				  .reason = REASON_RESET_SENT};
	static struct detail d;
	static struct page p;
	const char *text;

	(void)unused;
	step(c, ST_ESTABLISHED, ST_CLOSE_WAIT, 939 * SEC, false);
	detail_open(&d, &source, c);
	d.have_holders = true;
	d.n_holders = 1;
	d.holder[0] = (struct holder){.pid = 77, .tid = 78, .fd = 9, .comm = "\x1b[31mx"};
	detail_page(&p, &d, &source, 0, 80);
	text = page_text(&p);
	assert_has(text, "192.0.2.1:54321 - 198.51.100.7:443   sk:1a2b");
	assert_has(text, "state     CLOSE_WAIT for 1m01s  ! over 60s");
	assert_has(text, "what was before is not known");
	assert_has(text, "ESTABLISHED      -> CLOSE_WAIT");
	assert_has(text, "\\x1b[31mx/77 thread 78  descriptor 9");
	assert_null(strchr(text, '\x1b'));
	detail_step(&d, &over);
	detail_page(&p, &d, &source, 0, 80);
	text = page_text(&p);
	assert_has(text, "state     CLOSED");
	assert_has(text, "reset_sent");
	assert_has(text, "sent 4.0K, received 0, retransmits 0, rtt 1.5ms");
}

/* Its row is gone without a word. */
static void test_detail_lost(void **unused)
{
	struct conn *c = add_conn(5, ST_ESTABLISHED, SEC);
	static struct detail d;
	static struct page p;

	(void)unused;
	detail_open(&d, &source, c);
	c->state = ST_FIN_WAIT2;
	detail_follow(&d, &source);
	assert_int_equal(d.conn.state, ST_FIN_WAIT2);
	table_del(&table, c);
	detail_follow(&d, &source);
	detail_page(&p, &d, &source, 0, 80);
	assert_has(page_text(&p), "gone, its end was not seen; last FIN_WAIT_2");
	assert_has(page_text(&p), "Holders: not known");
}

/* Everything at its longest, in a page that is too small for it. */
static void test_detail_full(void **unused)
{
	struct conn nasty = nasty_conn();
	static struct detail d;
	static struct page p;
	char path[4096];

	(void)unused;
	memset(path, '\x1b', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	detail_open(&d, &source, &nasty);
	d.cgroup = path;
	d.have_holders = true;
	d.n_holders = UINT32_MAX;
	for (int i = 0; i < DETAIL_HOLDERS; i++)
		memset(d.holder[i].comm, '\xff', COMM_LEN);
	d.n_steps = DETAIL_STEPS;
	for (int i = 0; i < DETAIL_STEPS; i++)
		d.step[i] = (struct life_step){UINT64_MAX, UINT64_MAX, 255, 255, 255, 255, true, 0};
	detail_page(&p, &d, &source, 0, 80);
	assert_true(p.n <= PAGE_LINES);
	assert_has(page_text(&p), "and 4294967231 more");
	source.utf8 = false;
	detail_page(&p, &d, &source, 0, 80);
	for (const char *at = page_text(&p); *at; at++)
		assert_true((unsigned char)*at < 0x80);
}

static void test_wrap(void **unused)
{
	static struct page p;

	(void)unused;
	page_clear(&p);
	page_wrap(&p, "one two three fourteen", STYLE_PLAIN, 9);
	assert_string_equal(page_text(&p), "one two\n  three\n  fourtee\n  n\n");
	page_clear(&p);
	page_wrap(&p, "", STYLE_PLAIN, 9);
	assert_int_equal(p.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps),
		TEST(test_more_than_there_is_room_for),
		TEST(test_slot_used_again),
		TEST(test_beyond_what_is_kept),
		TEST(test_still),
		TEST(test_detail),
		TEST(test_detail_lost),
		TEST(test_detail_full),
		TEST(test_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
