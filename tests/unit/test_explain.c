// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The states in words, the arrows between them, and what is printed of both. */
#include "capture.h"
#include <stdio.h>
#include "has.h"
#include "out/states.h"

static struct capture cap;
static struct obuf out;
static struct out_options options;
static struct arrow_counts counts;
static __u32 sockets[ST_MAX];
static struct conn conn;

static int setup(void **unused)
{
	(void)unused;
	capture_open(&cap);
	options = (struct out_options){.fd = cap.fd};
	memset(&counts, 0, sizeof(counts));
	memset(sockets, 0, sizeof(sockets));
	conn = client_conn();
	return obuf_init(&out, cap.fd);
}

static int teardown(void **unused)
{
	(void)unused;
	obuf_free(&out);
	capture_close(&cap);
	return 0;
}

static const char *taken(void)
{
	assert_int_equal(obuf_flush(&out), 0);
	return capture_take(&cap);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

/* Those of the article in the article's order, then what it leaves out. */
static void the_articles_order(void **unused)
{
	static const char *const order[] = {
		"SYN_SEND",   "SYN_RECEIVED", "ESTABLISHED", "LISTEN", "FIN_WAIT_1", "TIMED_WAIT",
		"CLOSE_WAIT", "FIN_WAIT_2",   "LAST_ACK",    "CLOSED", "CLOSING",
	};

	(void)unused;
	for (unsigned int i = 0; i < N(order); i++) {
		const struct explanation *e = explain_at(i);

		assert_non_null(e);
		assert_string_equal(state_name(NAMES_ARTICLE, e->state), order[i]);
		assert_int_equal(e->in_article, e->state != ST_CLOSING);
		assert_true(strlen(e->meaning) > 20);
	}
	assert_null(explain_at(N(order)));
	assert_non_null(explain_at(5)->example);
	assert_non_null(explain_at(6)->example);
}

static void how_each_is_seen(void **unused)
{
	(void)unused;
	assert_int_equal(explain_via(ST_ESTABLISHED, VIA_FENTRY), 1 << VIA_TRACEPOINT);
	assert_int_equal(explain_via(ST_TIME_WAIT, VIA_FENTRY), 1 << VIA_FENTRY);
	assert_int_equal(explain_via(ST_TIME_WAIT, VIA_SWEEP), 1 << VIA_SWEEP);
	assert_int_equal(explain_via(ST_FIN_WAIT2, VIA_TIMER),
			 1 << VIA_TRACEPOINT | 1 << VIA_TIMER);
	assert_int_equal(explain_via(ST_SYN_RECV, VIA_FENTRY),
			 1 << VIA_TRACEPOINT | 1 << VIA_TIMER);
	assert_int_equal(explain_via(ST_SYN_RECV, VIA_SWEEP), 1 << VIA_TRACEPOINT | 1 << VIA_SWEEP);
}

static void step(unsigned int from, unsigned int to, enum reason reason)
{
	struct transition t = {.conn = &conn, .from = from, .to = to, .reason = reason};

	arrow_count(&counts, &t);
}

static void every_arrow_counts(void **unused)
{
	(void)unused;
	for (int i = 0; i < ARROWS; i++) {
		const struct arrow_text *a = arrow_text(i);
		bool aborted = i == ARROW_SYN_SENT_CLOSE;

		assert_true(strlen(a->event) <= 11);
		if (i == ARROW_RST_IN) {
			conn.half_open = true;
			step(ST_SYN_RECV, ST_CLOSE, REASON_RESET_RECEIVED);
			conn.half_open = false;
		} else {
			step(a->from, a->to, aborted ? REASON_ABORTED : REASON_NONE);
		}
		assert_int_equal(counts.arrow[i], 1);
	}
	assert_null(arrow_text(ARROWS));
	assert_int_equal(counts.total, ARROWS);
}

static void other_ends_have_no_arrow(void **unused)
{
	(void)unused;
	step(ST_LAST_ACK, ST_CLOSE, REASON_FIN);
	step(ST_LAST_ACK, ST_CLOSE, REASON_TIMEOUT);
	step(ST_TIME_WAIT, ST_CLOSE, REASON_EXPIRED);
	step(ST_TIME_WAIT, ST_CLOSE, REASON_KILLED);
	step(ST_ESTABLISHED, ST_CLOSE, REASON_RESET_RECEIVED);
	step(ST_SYN_SENT, ST_CLOSE, REASON_REFUSED);
	step(ST_FIN_WAIT2, ST_CLOSE, REASON_EXPIRED);
	assert_int_equal(counts.arrow[ARROW_LAST_ACKED], 1);
	assert_int_equal(counts.arrow[ARROW_TIME_OVER], 1);
	assert_int_equal(counts.arrow[ARROW_SYN_SENT_CLOSE], 0);
	assert_int_equal(counts.other[ST_LAST_ACK][ST_CLOSE], 1);
	assert_int_equal(counts.other[ST_TIME_WAIT][ST_CLOSE], 1);
	assert_int_equal(counts.other[ST_ESTABLISHED][ST_CLOSE], 1);
	assert_int_equal(counts.other[ST_SYN_SENT][ST_CLOSE], 1);
	assert_int_equal(counts.total, 7);
	/* the kernel's second number of SYN_RECEIVED */
	step(ST_NEW_SYN_RECV, ST_ESTABLISHED, REASON_NONE);
	assert_int_equal(counts.arrow[ARROW_SYN_ACK_ACKED], 1);
}

static struct states_now now_with_all(void)
{
	return (struct states_now){.sockets = sockets,
				   .tier = "timer",
				   .small = VIA_TIMER,
				   .arrows = &counts,
				   .duration_ns = 5 * SEC};
}

/* In the drawing each node and each label is whole, whatever the numbers. */
static void the_drawing(void **unused)
{
	struct states_now now = {0};
	const char *text;

	(void)unused;
	machine_text(&out, &now, &options);
	text = taken();
	for (int i = 0; i < ARROWS; i++)
		has(text, arrow_text(i)->event);
	for (unsigned int i = 0; explain_at(i); i++)
		has(text, state_name(NAMES_ARTICLE, explain_at(i)->state));
	assert_null(strchr(text, '~'));
	/* a number of its own for each arrow and each node */
	for (int i = 0; i < ARROWS; i++)
		counts.arrow[i] = 1001 + i;
	for (int i = 0; i < ST_MAX; i++)
		sockets[i] = 2001 + i;
	sockets[ST_NEW_SYN_RECV] = 0;
	now = now_with_all();
	machine_text(&out, &now, &options);
	text = taken();
	for (int i = 0; i < ARROWS; i++) {
		char number[16];

		snprintf(number, sizeof(number), " %d", 1001 + i);
		has(text, number);
	}
	has(text, " ESTABLISHED 2002 ");
	has(text, " CLOSING 2012 ");
	assert_null(strchr(text, '~'));
}

static void check_width(const char *text, unsigned int width)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > width)
			fail_msg("%zu columns of %u: %.*s", len, width, (int)len, text);
		text += len + 1;
	}
}

static unsigned int lines_of(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void it_fits(void **unused)
{
	struct states_now now = now_with_all();

	(void)unused;
	memset(&counts, 0xff, sizeof(counts));
	memset(sockets, 0x7f, sizeof(sockets));
	for (options.names = 0; options.names < NAME_SETS; options.names++) {
		options.width = 0;
		machine_text(&out, &now, &options);
		check_width(taken(), MACHINE_WIDTH);
		for (options.width = 10; options.width < 130; options.width++) {
			const char *text;

			machine_text(&out, &now, &options);
			machine_rest_text(&out, &now, &options);
			text = taken();
			assert_int_equal(lines_of(text), MACHINE_LINES + 2);
			check_width(text, options.width);
			states_text(&out, &now, &options);
			check_width(taken(), options.width);
		}
	}
}

static void the_rest(void **unused)
{
	struct states_now now = now_with_all();

	(void)unused;
	step(ST_LAST_ACK, ST_CLOSE, REASON_FIN);
	machine_rest_text(&out, &now, &options);
	assert_string_equal(taken(), "1 transition in 5s\n");
	step(ST_ESTABLISHED, ST_CLOSE, REASON_RESET_RECEIVED);
	now.lost = 3;
	machine_rest_text(&out, &now, &options);
	assert_string_equal(taken(), "2 transitions in 5s, 3 lost\n"
				     "not as drawn: ESTABLISHED -> CLOSED 1\n");
	now.arrows = NULL;
	machine_rest_text(&out, &now, &options);
	assert_string_equal(taken(), "");
}

static void the_table(void **unused)
{
	struct states_now now = now_with_all();
	const char *text;

	(void)unused;
	sockets[ST_SYN_RECV] = 2;
	sockets[ST_NEW_SYN_RECV] = 3;
	states_text(&out, &now, &options);
	text = taken();
	has(text, "\nSYN_RECEIVED        5  tracepoint, timer\n");
	has(text, "\nTIMED_WAIT          0  timer\n");
	has(text, "\nCLOSED              -  tracepoint\n");
	now = (struct states_now){.why_not = "not allowed"};
	states_text(&out, &now, &options);
	text = taken();
	has(text, "\nSYN_RECEIVED        -  -\n");
	has(text, "\n-: not allowed\n");
}

static json_t *json_lines(const char *text)
{
	json_t *lines = json_array();

	while (*text) {
		json_t *line =
			json_loads(text, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);

		if (!line)
			fail_msg("not JSON: %s", text);
		json_array_append_new(lines, line);
		text = strchr(text, '\n') + 1;
	}
	return lines;
}

static void in_json(void **unused)
{
	struct states_now now = now_with_all();
	json_t *lines;

	(void)unused;
	sockets[ST_SYN_SENT] = 4;
	step(ST_ESTABLISHED, ST_CLOSE, REASON_RESET_RECEIVED);
	step(ST_CLOSE, ST_LISTEN, REASON_NONE);
	states_json(&out, &now, NAMES_RFC);
	lines = json_lines(taken());
	assert_int_equal(json_array_size(lines), 11 + ARROWS + 1);
	has_string(json_array_get(lines, 0), "type", "state");
	has_string(json_array_get(lines, 0), "state", "SYN-SENT");
	has_int(json_array_get(lines, 0), "count", 4);
	has_not(json_array_get(lines, 9), "count");
	assert_non_null(json_object_get(json_array_get(lines, 9), "count_unknown"));
	has_string(json_array_get(lines, 11), "type", "arrow");
	has_string(json_array_get(lines, 11), "event", "listen()");
	has_int(json_array_get(lines, 11), "count", 1);
	has_string(json_array_get(lines, 11 + ARROWS), "from", "ESTABLISHED");
	has_not(json_array_get(lines, 11 + ARROWS), "event");
	json_decref(lines);
	now = (struct states_now){.why_not = "\"not\" allowed"};
	states_json(&out, &now, NAMES_ARTICLE);
	lines = json_lines(taken());
	assert_int_equal(json_array_size(lines), 11 + ARROWS);
	has_string(json_array_get(lines, 0), "count_unknown", "\"not\" allowed");
	has_not(json_array_get(lines, 11), "count");
	json_decref(lines);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_articles_order),
		TEST(how_each_is_seen),
		TEST(every_arrow_counts),
		TEST(other_ends_have_no_arrow),
		TEST(the_drawing),
		TEST(it_fits),
		TEST(the_rest),
		TEST(the_table),
		TEST(in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
