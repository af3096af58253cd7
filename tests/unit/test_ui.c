// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The keys of `top`, where things stand, and how wide its lines are. */
#include "tui.h"
#include "tui/layout.h"
#include "tui/ui.h"

static struct ui ui;

static int begin_ui(void **state)
{
	memset(&ui, 0, sizeof(ui));
	ui.n = 100;
	ui.page = 10;
	return begin(state);
}

static void test_moving(void **unused)
{
	(void)unused;
	ui_key(&ui, UI_UP);
	assert_int_equal(ui.cursor, 0);
	assert_false(ui.moved);
	ui_key(&ui, UI_PAGE_DOWN);
	assert_int_equal(ui.cursor, 10);
	assert_int_equal(ui.offset, 1);
	assert_true(ui.moved);
	ui_key(&ui, UI_END);
	assert_int_equal(ui.cursor, 99);
	assert_int_equal(ui.offset, 90);
	ui_key(&ui, UI_DOWN);
	assert_int_equal(ui.cursor, 99);
	ui_key(&ui, 'k');
	assert_int_equal(ui.cursor, 98);
	/* rows go away below it */
	ui.n = 5;
	ui_settle(&ui);
	assert_int_equal(ui.cursor, 4);
	assert_int_equal(ui.offset, 0);
	ui.n = 0;
	ui_settle(&ui);
	assert_int_equal(ui.cursor, 0);
	assert_int_equal(ui_key(&ui, UI_ENTER), 0);
	ui_key(&ui, UI_END);
	assert_int_equal(ui.cursor, 0);
}

static void test_typing(void **unused)
{
	(void)unused;
	assert_int_equal(ui_key(&ui, '/'), 0);
	assert_int_equal(ui_key(&ui, 'q'), ASK_SCAN);
	assert_int_equal(ui_key(&ui, '?'), ASK_SCAN);
	assert_string_equal(ui.query.text, "q?");
	assert_int_equal(ui_key(&ui, UI_OTHER), 0);
	ui_key(&ui, UI_BACKSPACE);
	assert_string_equal(ui.query.text, "q");
	ui_key(&ui, UI_ENTER);
	assert_int_equal(ui.mode, UI_LIST);
	assert_string_equal(ui.query.text, "q");
	assert_int_equal(ui_key(&ui, UI_ESCAPE), ASK_SCAN);
	assert_int_equal(ui.query.len, 0);
	assert_int_equal(ui_key(&ui, 'q'), ASK_QUIT);
}

static void test_order(void **unused)
{
	(void)unused;
	assert_int_equal(ui_key(&ui, 'S'), ASK_SCAN);
	assert_int_equal(ui.sort, VIEW_SORTS - 1);
	ui_key(&ui, 's');
	ui_key(&ui, 's');
	assert_int_equal(ui.sort, VIEW_DWELL);
	ui_key(&ui, 'r');
	assert_true(ui.reverse);
	assert_int_equal(ui_key(&ui, 'f'), ASK_FREEZE);
	assert_int_equal(ui_key(&ui, ' '), ASK_FREEZE);
}

static void test_into_a_group_and_back(void **unused)
{
	struct bunch_id key = {{7, 0}};

	(void)unused;
	for (int by = 1; by < GROUPINGS; by++) {
		ui_key(&ui, 'g');
		assert_int_equal(ui.grouping, by);
	}
	assert_int_equal(ui_key(&ui, UI_ENTER), ASK_OPEN);
	ui_into_group(&ui, BY_PORT, &key);
	assert_int_equal(ui.grouping, BY_NONE);
	ui_key(&ui, UI_ESCAPE);
	assert_int_equal(ui.grouping, BY_PORT);
	assert_int_equal(ui.query.by, BY_NONE);
	ui_key(&ui, UI_ESCAPE);
	assert_int_equal(ui.grouping, BY_NONE);
}

static void test_help(void **unused)
{
	(void)unused;
	ui.mode = UI_DETAIL;
	ui_key(&ui, '?');
	assert_int_equal(ui.mode, UI_HELP);
	assert_int_equal(ui_key(&ui, 'r'), 0);
	ui_key(&ui, '?');
	assert_int_equal(ui.mode, UI_DETAIL);
	assert_int_equal(ui_key(&ui, 'r'), ASK_READ);
	ui_key(&ui, UI_ESCAPE);
	assert_int_equal(ui.mode, UI_LIST);
}

/* Whatever the size, nothing is outside, and nothing is on top of something else. */
static void check_areas(const struct layout *l, int height, int width)
{
	const struct area *areas[] = {&l->head,	 &l->machine, &l->processes,
				      &l->peers, &l->list,    &l->foot};

	for (size_t i = 0; i < N(areas); i++) {
		const struct area *a = areas[i];

		assert_true(a->height >= 0 && a->line + a->height <= height);
		assert_true(a->column + a->width <= width);
		for (size_t j = 0; j < i; j++) {
			const struct area *b = areas[j];
			bool apart = a->line >= b->line + b->height ||
				     b->line >= a->line + a->height ||
				     a->column >= b->column + b->width ||
				     b->column >= a->column + a->width;

			assert_true(apart || !a->height || !b->height);
		}
	}
}

static void test_layout(void **unused)
{
	struct layout l;

	(void)unused;
	for (int height = 0; height < 120; height++)
		for (int width = 0; width < 600; width++) {
			layout_fit(&l, height, width);
			assert_int_equal(l.too_small, height < 15 || width < 60);
			check_areas(&l, height, width);
			assert_true(l.too_small || l.list.height >= 5);
		}
	layout_fit(&l, 24, 80);
	assert_int_equal(l.form, MACHINE_SMALL);
	assert_true(l.processes.height > 3 && l.list.height >= 12);
	assert_true(l.peers.height > 3 && l.peers.width >= 36);
	layout_fit(&l, 24, 60);
	assert_true(l.processes.height > 3 && l.processes.width == 60 && !l.peers.height);
	layout_fit(&l, 60, 80);
	assert_int_equal(l.form, MACHINE_BIG);
	layout_fit(&l, 40, 160);
	assert_int_equal(l.form, MACHINE_BIG);
	layout_fit(&l, 15, 60);
	assert_int_equal(l.form, MACHINE_BAR);
}

static void assert_rate(double rate, const char *text)
{
	char out[32];

	*put_rate(out, rate) = '\0';
	assert_string_equal(out, text);
	assert_true(strlen(out) <= 5);
}

static void test_rates(void **unused)
{
	char out[32];

	(void)unused;
	assert_rate(0, "0");
	assert_rate(0.001, "0.1");
	assert_rate(0.96, "1");
	assert_rate(9.94, "9.9");
	assert_rate(9.96, "10");
	assert_rate(9999.4, "9999");
	assert_rate(9999.6, "10k");
	assert_rate(99960, "100k");
	assert_rate(999499, "999k");
	assert_rate(999600, "1M");
	assert_rate(1234567, "1.2M");
	*put_count(out, 99999) = '\0';
	assert_string_equal(out, "99999");
	*put_count(out, UINT64_MAX) = '\0';
	assert_string_equal(out, "18E");
}

static void test_flow(void **unused)
{
	struct conn c = client_conn();
	struct transition t = {.conn = &c, .from = ST_CLOSE, .to = ST_SYN_SENT, .first = true};
	struct flow_counts before = {0}, now = {0};
	struct flow_rates r;

	(void)unused;
	flow_count(&now, &t);
	flow_count(&now, &t);
	t.from = ST_LISTEN;
	t.to = ST_NEW_SYN_RECV;
	flow_count(&now, &t);
	flow_rates(&r, &now, &before, SEC / 2);
	assert_true(r.arrow[ARROW_ACTIVE_OPEN] == 4 && r.into[ST_SYN_SENT] == 4);
	assert_true(r.into[ST_SYN_RECV] == 2 && r.into[ST_NEW_SYN_RECV] == 0 && r.total == 6);
	flow_rates(&r, &now, &before, 0);
	assert_true(r.total == 0);
	flow_rates(&r, &now, &now, SEC);
	assert_true(r.total == 0);
}

/* Each line takes the columns that it has, whatever is in it. */
static void test_widths(void **unused)
{
	static struct tally g;
	struct conn nasty = nasty_conn();
	struct row_columns columns;
	char text[LINE_ROOM];
	struct bunch group = {.sockets = UINT32_MAX, .stuck = UINT32_MAX};
	unsigned int full;

	(void)unused;
	memcpy(group.comm, nasty.ident.owner.comm, COMM_LEN);
	group.key.word[0] = UINT32_MAX;
	for (int i = 1; i < ST_MAX; i++)
		group.by_state[i] = UINT32_MAX;
	g.by = BY_PROCESS;
	for (unsigned int width = 60; width <= SCREEN_WIDTH_MAX; width++) {
		row_columns_fit(&columns, &source, width);
		full = term_columns(text, put_row(text, &source, &nasty, &columns) - text);
		assert_true(full <= width + 1);
		assert_true(put_row_title(text, &columns) - text <= width + 1);
		full = term_columns(text, put_group(text, &source, &g, &group, width) - text);
		assert_true(full <= width);
	}
}

static const char *machine(unsigned int line)
{
	static char text[LINE_ROOM];
	__u32 by_state[ST_MAX] = {0};
	struct flow_rates r = {0};

	by_state[ST_CLOSE_WAIT] = 42;
	by_state[ST_TIME_WAIT] = 262144;
	r.into[ST_TIME_WAIT] = 20000;
	*put_machine(text, &source, by_state, &r, line) = '\0';
	return text;
}

static void test_machine(void **unused)
{
	(void)unused;
	for (int names = 0; names < NAME_SETS; names++) {
		source.names = names;
		for (int line = 0; line < MACHINE_SMALL_LINES; line++)
			assert_true(strlen(machine(line)) <= MACHINE_SMALL_WIDTH);
	}
	source.names = NAMES_ARTICLE;
	assert_non_null(strstr(machine(0), "ESTABLISHED -> CLOSE_WAIT -> LAST_ACK"));
	assert_non_null(strstr(machine(1), "42 0/s"));
	assert_non_null(strstr(machine(2), "FIN_WAIT_2 -> TIMED_WAIT -^"));
	assert_non_null(strstr(machine(3), "262k 20k/s"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_ui, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_moving), TEST(test_typing),
		TEST(test_order),  TEST(test_into_a_group_and_back),
		TEST(test_help),   TEST(test_layout),
		TEST(test_rates),  TEST(test_flow),
		TEST(test_widths), TEST(test_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
