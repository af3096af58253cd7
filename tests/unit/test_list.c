// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What `tcpdwell list` prints: JSON through a parser, text against the width of the terminal. */
#include "capture.h"
#include "has.h"
#include "out/escape.h"
#include "out/list.h"

#define NOW (1000 * SEC)

static struct capture cap;
static struct listing list;
static struct obuf out;
static struct out_options options;

static const char *cgroup_path(__u64 id)
{
	return id == 77 ? "/system.slice/odd\x1b[1m.service" : NULL;
}

static int setup(void **unused)
{
	(void)unused;
	capture_open(&cap);
	assert_int_equal(obuf_init(&out, cap.fd), 0);
	options = (struct out_options){.fd = cap.fd,
				       .mono_to_real_ns = 1700000000 * (__s64)SEC,
				       .cgroup_path = cgroup_path};
	return listing_init(&list);
}

static int teardown(void **unused)
{
	(void)unused;
	listing_free(&list);
	obuf_free(&out);
	capture_close(&cap);
	return 0;
}

static struct row_sock row_of(const struct conn *c, __u8 kind, __u8 state)
{
	return (struct row_sock){
		.kind = kind,
		.state = state,
		.roles = c->roles,
		.flags = ROW_AT_LEAST,
		.cookie = c->cookie,
		.mono_ns = NOW,
		.recv_q = 17,
		.send_q = 4096,
		.ident = c->ident,
	};
}

static void add(const struct row_sock *r)
{
	struct filter all = {0};

	listing_add(&list, r);
	assert_int_equal(listing_choose(&list, &all), 0);
	assert_int_equal(listing_sort(&list, SORT_STATE), 0);
}

static void add_ordinary(void)
{
	struct conn c = client_conn();
	struct row_sock r = row_of(&c, ROW_FULL, ST_CLOSE_WAIT);

	r.since_ns = NOW - 90 * SEC;
	add(&r);
}

static void add_small(__u8 state, __s64 left_ns)
{
	struct conn c = client_conn();
	struct row_sock r;

	c.cookie += state;
	memset(&c.ident.owner, 0, sizeof(c.ident.owner));
	c.ident.cgroup = 0;
	r = row_of(&c, ROW_SMALL, state);
	r.left_ns = left_ns;
	r.recv_q = r.send_q = 0;
	add(&r);
}

static void add_nasty(void)
{
	struct conn c = nasty_conn();
	struct row_sock r = row_of(&c, ROW_FULL, ST_ESTABLISHED);

	r.since_ns = 1;
	r.recv_q = r.send_q = UINT32_MAX;
	add(&r);
}

static const char *taken(void)
{
	assert_int_equal(obuf_flush(&out), 0);
	return capture_take(&cap);
}

static json_t *json_line(const char *text)
{
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);

	if (!line)
		fail_msg("not JSON: %s", text);
	return line;
}

static void a_json_row(void **unused)
{
	json_t *line;

	(void)unused;
	add_ordinary();
	list_json_rows(&out, &list, &options, NULL);
	line = json_line(taken());
	has_string(line, "type", "socket");
	has_string(line, "time", "2023-11-14T22:30:00.000000000Z");
	has_string(line, "sk", "1a2b");
	has_string(line, "state", "CLOSE_WAIT");
	has_int(line, "dwell_ns", 90 * SEC);
	has_string(line, "dwell", "at_least");
	has_string(line, "dwell_by", "last_segment");
	has_int(line, "recv_q", 17);
	has_int(line, "send_q", 4096);
	has_int(line, "lport", 54321);
	has_int(json_object_get(line, "owner"), "pid", 1234);
	has_not(line, "remaining_ns");
	json_decref(line);
}

static void json_of_small_ones(void **unused)
{
	json_t *line;
	const char *text;

	(void)unused;
	add_small(ST_TIME_WAIT, 20 * SEC);
	add_small(ST_FIN_WAIT2, 30 * SEC);
	options.names = NAMES_RFC;
	list_json_rows(&out, &list, &options, NULL);
	text = taken();
	line = json_line(text);
	has_string(line, "state", "FIN-WAIT-2");
	has_string(line, "dwell_by", "unknown");
	has_string(line, "dwell", "at_least");
	has_int(line, "remaining_ns", 30 * SEC);
	has_not(line, "owner");
	json_decref(line);
	line = json_line(strchr(text, '\n') + 1);
	has_string(line, "state", "TIME-WAIT");
	has_string(line, "dwell", "exact");
	has_string(line, "dwell_by", "timer");
	has_int(line, "dwell_ns", 40 * SEC);
	has_int(line, "remaining_ns", 20 * SEC);
	json_decref(line);
}

static void a_nasty_json_row(void **unused)
{
	json_t *line;

	(void)unused;
	add_nasty();
	list_json_rows(&out, &list, &options, NULL);
	line = json_line(taken());
	has_int(line, "recv_q", UINT32_MAX);
	json_decref(line);
}

static void a_json_summary(void **unused)
{
	struct listing_counts c;
	const json_t *processes;
	json_t *line;

	(void)unused;
	add_ordinary();
	add_nasty();
	add_small(ST_TIME_WAIT, 20 * SEC);
	assert_int_equal(listing_count(&list, &c, true), 0);
	list_json_summary(&out, &c, NAMES_ARTICLE, true, 5);
	line = json_line(taken());
	has_string(line, "type", "summary");
	has_int(line, "transitions", 0);
	has_int(line, "lost", 0);
	has_int(line, "sockets", 3);
	has_int(json_object_get(line, "states"), "TIMED_WAIT", 1);
	processes = json_object_get(line, "processes");
	assert_int_equal(json_array_size(processes), 3);
	has_not(json_array_get(processes, 0), "pid");
	has_int(json_array_get(processes, 1), "pid", 1234);
	json_decref(line);
	list_json_summary(&out, &c, NAMES_ARTICLE, false, 5);
	line = json_line(taken());
	has_not(line, "processes");
	json_decref(line);
	listing_counts_free(&c);
}

/* No byte that a terminal would act on, and no line wider than it. */
static void check_text(const char *text, unsigned int width)
{
	while (*text) {
		const char *end = strchr(text, '\n');

		assert_non_null(end);
		for (const char *p = text; p < end; p++)
			if ((unsigned char)*p < ' ')
				fail_msg("control character %d at width %u", *p, width);
		if (width && term_columns(text, end - text) > width)
			fail_msg("too wide for %u: %.*s", width, (int)(end - text), text);
		text = end + 1;
	}
}

static void text_fits_every_terminal(void **unused)
{
	struct listing_counts c;

	(void)unused;
	add_ordinary();
	add_nasty();
	add_small(ST_TIME_WAIT, 20 * SEC);
	add_small(ST_FIN_WAIT2, 30 * SEC);
	assert_int_equal(listing_count(&list, &c, true), 0);
	for (options.width = 1; options.width < 250; options.width++)
		for (options.names = 0; options.names < NAME_SETS; options.names++) {
			list_text_rows(&out, &list, &options, 2, NULL);
			check_text(taken(), options.width);
		}
	options.width = 0;
	list_text_rows(&out, &list, &options, 2, NULL);
	check_text(taken(), 0);
	for (options.width = 60; options.width < 150; options.width++) {
		list_text_counts(&out, &c, &options);
		check_text(taken(), options.width);
	}
	listing_counts_free(&c);
}

static void a_text_row(void **unused)
{
	const char *text;

	(void)unused;
	add_ordinary();
	list_text_rows(&out, &list, &options, 1, NULL);
	text = taken();
	assert_non_null(strstr(text, "CLOSE_WAIT"));
	assert_non_null(strstr(text, " >=1m30s "));
	assert_non_null(strstr(text, " 17 "));
	assert_non_null(strstr(text, "192.0.2.1:54321 "));
	assert_non_null(strstr(text, "curl/1234\n"));
	assert_null(strstr(text, "LEFT"));
	assert_null(strstr(text, "NETNS"));
	list_text_rows(&out, &list, &options, 2, NULL);
	assert_non_null(strstr(taken(), " 4026531840 "));
	add_small(ST_TIME_WAIT, 20 * SEC);
	options.width = 90;
	list_text_rows(&out, &list, &options, 1, NULL);
	text = taken();
	assert_non_null(strstr(text, "LEFT"));
	assert_non_null(strstr(text, " 40s  20s "));
	assert_null(strchr(text, '\033'));
	options.color = true;
	list_text_rows(&out, &list, &options, 1, NULL);
	assert_non_null(strstr(taken(), "\033[33mCLOSE_WAIT"));
}

/*
 * Lines made ahead
 */

/* Rows of which the first column to come later, and a socket that belongs to a listener. */
static void come(unsigned int step)
{
	struct conn c = client_conn();
	struct row_sock r;

	c.cookie = 100 + step;
	r = row_of(&c, step % 7 == 3 ? ROW_SMALL : ROW_FULL, ST_ESTABLISHED);
	if (r.kind == ROW_SMALL)
		r.state = ST_TIME_WAIT;
	r.left_ns = step * SEC;
	r.since_ns = NOW - (1 + step * 37 % 101) * SEC;
	if (!step)
		r.state = ST_LISTEN;
	if (step == 5) {
		r.kind = ROW_REQUEST;
		r.state = ST_NEW_SYN_RECV;
		r.listener = 100;
		memset(&r.ident.owner, 0, sizeof(r.ident.owner));
	}
	listing_add(&list, &r);
}

static void ahead_is_the_same(bool json, unsigned int batch, unsigned int n_netns)
{
	struct filter most = {.states = ~(1U << ST_TIME_WAIT)};
	struct filter f = batch % 2 ? most : (struct filter){0};
	struct list_lines lines;
	char *plain;

	listing_free(&list);
	assert_int_equal(listing_init(&list), 0);
	assert_int_equal(list_lines_init(&lines), 0);
	for (unsigned int i = 0; i < 200; i++) {
		come(i);
		if (i % batch || i > 150)
			continue;
		if (json)
			list_json_ahead(&lines, &list, &f, &options);
		else
			list_text_ahead(&lines, &list, &f, &options, n_netns);
	}
	assert_int_equal(listing_choose(&list, &f), 0);
	assert_int_equal(listing_sort(&list, SORT_STATE), 0);
	if (json)
		list_json_rows(&out, &list, &options, NULL);
	else
		list_text_rows(&out, &list, &options, n_netns, NULL);
	plain = strdup(taken());
	/* which would show where they come from */
	for (__u32 i = 0; i < lines.n; i++)
		list.row[i].recv_q = lines.line[i].len ? 99999 : 17;
	if (json)
		list_json_rows(&out, &list, &options, &lines);
	else
		list_text_rows(&out, &list, &options, n_netns, &lines);
	assert_string_equal(taken(), plain);
	assert_true(lines.n > 100);
	free(plain);
	list_lines_free(&lines);
}

static void lines_made_ahead(void **unused)
{
	(void)unused;
	for (unsigned int batch = 1; batch < 70; batch += 17)
		for (unsigned int n_netns = 1; n_netns < 3; n_netns++) {
			ahead_is_the_same(false, batch, n_netns);
			ahead_is_the_same(true, batch, n_netns);
		}
}

/* Of one namespace, as far as was known: there turned out to be two. */
static void lines_of_another_table(void **unused)
{
	struct list_lines lines;
	struct filter all = {0};

	(void)unused;
	assert_int_equal(list_lines_init(&lines), 0);
	add_ordinary();
	list_text_ahead(&lines, &list, &all, &options, 1);
	list_text_rows(&out, &list, &options, 2, &lines);
	assert_non_null(strstr(taken(), " 4026531840 "));
	list_lines_free(&lines);
}

static void talk(void **unused)
{
	const char *text;

	(void)unused;
	list_talk(&out, &list, 1);
	assert_string_equal(taken(), "0 TCP sockets in 1 network namespace\n");
	add_small(ST_TIME_WAIT, 20 * SEC);
	list_talk(&out, &list, 3);
	assert_string_equal(taken(), "1 TCP socket in 3 network namespaces\n");
	add_ordinary();
	add_small(ST_FIN_WAIT2, 30 * SEC);
	list_talk(&out, &list, 3);
	text = taken();
	assert_non_null(strstr(text, "\n>= "));
	assert_non_null(strstr(text, "\n- "));
}

static void counts_by_name(void **unused)
{
	__u32 n[ST_MAX] = {[ST_SYN_RECV] = 2, [ST_NEW_SYN_RECV] = 3, [ST_LISTEN] = 1};

	(void)unused;
	assert_int_equal(list_count_named(n, NAMES_ARTICLE, ST_SYN_RECV), 5);
	assert_int_equal(list_count_named(n, NAMES_ARTICLE, ST_NEW_SYN_RECV), 0);
	assert_int_equal(list_count_named(n, NAMES_KERNEL, ST_NEW_SYN_RECV), 3);
	assert_int_equal(list_count_named(n, NAMES_ARTICLE, ST_LISTEN), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_json_row),
		TEST(json_of_small_ones),
		TEST(a_nasty_json_row),
		TEST(a_json_summary),
		TEST(a_text_row),
		TEST(text_fits_every_terminal),
		TEST(talk),
		TEST(counts_by_name),
		TEST(lines_made_ahead),
		TEST(lines_of_another_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
