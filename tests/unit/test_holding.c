// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sockets by their holders: chosen, grouped, and printed. */
#include "capture.h"
#include "has.h"
#include "out/escape.h"
#include "out/holders.h"

#define NOW (1000 * SEC)

static struct capture cap;
static struct obuf out;
static struct holding held;
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
	options = (struct out_options){.fd = cap.fd, .cgroup_path = cgroup_path};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	holding_free(&held);
	obuf_free(&out);
	capture_close(&cap);
	return 0;
}

static const char *printed(void)
{
	assert_int_equal(obuf_flush(&out), 0);
	return capture_take(&cap);
}

static struct row_sock row_of(__u64 cookie, __u64 stay_ns)
{
	struct conn c = client_conn();

	return (struct row_sock){
		.kind = ROW_FULL,
		.state = ST_CLOSE_WAIT,
		.flags = ROW_AT_LEAST,
		.cookie = cookie,
		.mono_ns = NOW,
		.since_ns = NOW - stay_ns,
		.ident = c.ident,
	};
}

static void add(const struct row_sock *row, const struct holder *h, __u32 n,
		enum diagnosis diagnosis)
{
	struct held_row r = {.row = row, .holder = h, .n_holders = n, .diagnosis = diagnosis};

	assert_int_equal(holding_add(&held, &r), 0);
}

/*
 * Which
 */

static const struct holder two[] = {
	{.pid = 5, .tid = 5, .fd = 3, .comm = "parent"},
	{.pid = 9, .tid = 12, .fd = 8, .comm = "a-thread", .flags = HOLDER_OWN_TABLE},
};

static void any_holder_will_do(void **unused)
{
	struct held_row r = {.holder = two, .n_holders = 2}, queued = {.listener = two};
	struct filter f = {0};

	(void)unused;
	assert_true(holding_wants(&f, &queued));
	f.n_pid = 1;
	f.pid[0] = 12;
	assert_true(holding_wants(&f, &r));
	assert_false(holding_wants(&f, &queued));
	queued.n_listener = 2;
	assert_true(holding_wants(&f, &queued));
	f.pid[0] = 3;
	assert_false(holding_wants(&f, &r));
	f = (struct filter){.n_comm = 1, .comm = {"parent"}};
	assert_true(holding_wants(&f, &r));
	/* one holder has to be both */
	f.n_pid = 1;
	f.pid[0] = 9;
	assert_false(holding_wants(&f, &r));
}

static struct row_sock listener(const char *addr, __u16 port)
{
	struct row_sock r = row_of(port, 0);

	r.state = ST_LISTEN;
	r.ident.lport = port;
	set_addr(r.ident.laddr, addr);
	return r;
}

static void whose_queue(void **unused)
{
	struct row_sock l[] = {listener("192.0.2.1", 80), listener("::", 81),
			       listener("192.0.2.9", 82), listener("0.0.0.0", 83),
			       listener("192.0.2.1", 83)};
	struct listing list = {.row = l, .n = N(l)};
	struct row_sock r = row_of(1, SEC);

	(void)unused;
	r.ident.lport = 80;
	assert_null(holding_listener(&list, &r));
	r.flags |= ROW_QUEUED;
	assert_ptr_equal(holding_listener(&list, &r), &l[0]);
	r.ident.lport = 81;
	assert_ptr_equal(holding_listener(&list, &r), &l[1]);
	r.ident.lport = 82;
	assert_null(holding_listener(&list, &r));
	r.ident.lport = 83; /* either */
	assert_null(holding_listener(&list, &r));
	r.kind = ROW_REQUEST;
	r.listener = 82;
	assert_ptr_equal(holding_listener(&list, &r), &l[2]);
}

/*
 * Groups
 */

static void groups(void **unused)
{
	struct row_sock a = row_of(1, SEC), b = row_of(2, 9 * SEC), c = row_of(3, 5 * SEC);
	const struct holder one = {.pid = 9, .tid = 12, .fd = 4};

	(void)unused;
	add(&c, NULL, 0, DIAG_IN_FLIGHT);
	add(&a, two, 2, DIAG_EOF_UNREAD);
	add(&b, &one, 1, DIAG_EOF_UNREAD);
	assert_int_equal(holding_group(&held), 0);
	assert_int_equal(held.n_groups, 3);
	assert_int_equal(held.n_items, 4);
	assert_int_equal(held.group[0].who->tid, 12);
	assert_int_equal(held.group[0].n, 2);
	/* the longest stay first */
	assert_ptr_equal(held.item[held.group[0].first].of->row, &b);
	assert_int_equal(held.group[1].who->pid, 5);
	assert_null(held.group[2].who);
	assert_int_equal(held.row[1].n_processes, 2);
}

static void no_groups(void **unused)
{
	(void)unused;
	assert_int_equal(holding_group(&held), 0);
	assert_int_equal(held.n_groups, 0);
	holders_text(&out, &held, &options, 0);
	assert_non_null(strstr(printed(), "STATE"));
}

static void many_groups(void **unused)
{
	static struct holder h[1000];
	struct row_sock r = row_of(1, SEC);

	(void)unused;
	for (__u32 i = 0; i < N(h); i++)
		h[i] = (struct holder){.pid = 2 * i + 1, .tid = 2 * i + 1, .fd = i};
	add(&r, h, N(h), DIAG_NONE);
	add(&r, h, N(h) / 2, DIAG_NONE);
	assert_int_equal(holding_group(&held), 0);
	assert_int_equal(held.n_groups, N(h));
	for (__u32 i = 0; i < N(h); i++) {
		assert_int_equal(held.group[i].n, i < N(h) / 2 ? 2 : 1);
		assert_int_equal(held.item[held.group[i].first].holder->pid,
				 held.group[i].who->pid);
		if (i)
			assert_true(held.group[i].first ==
				    held.group[i - 1].first + held.group[i - 1].n);
	}
}

/*
 * Output
 */

static void a_json_line(void **unused)
{
	const struct holder h = {.pid = 5,
				 .tid = 6,
				 .fd = 3,
				 .comm = "o\"dd",
				 .ppid = 4,
				 .uid = 33,
				 .flags =
					 HOLDER_OWN_TABLE | HOLDER_PARENT_OPENED | HOLDER_INHERITED,
				 .cgroup = 77,
				 .start_ns = 42,
				 .cmdline = "/bin/odd --name \x1b[31m\"\xff"};
	struct row_sock r = row_of(0x1a, SEC);
	json_t *line;
	const json_t *o;

	(void)unused;
	r.unread = 1;
	add(&r, &h, 1, DIAG_EOF_UNREAD);
	holders_json(&out, &held, &options);
	line = json_loads(printed(), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(line);
	has_string(line, "type", "socket");
	has_string(line, "sk", "1a");
	has_string(line, "diagnosis", "eof_unread");
	has_int(line, "unread", 1);
	o = json_array_get(json_object_get(line, "holders"), 0);
	has_int(o, "pid", 5);
	has_int(o, "tid", 6);
	has_int(o, "fd", 3);
	has_int(o, "ppid", 4);
	has_int(o, "uid", 33);
	has_int(o, "start_boottime_ns", 42);
	has_string(o, "comm", "o\"dd");
	has_string(o, "opened_by", "parent");
	has_string(o, "cgroup", "/system.slice/odd\x1b[1m.service");
	has_string(o, "cmdline", "/bin/odd --name \x1b[31m\"\xc3\xbf");
	assert_true(json_is_true(json_object_get(o, "inherited")));
	assert_true(json_is_true(json_object_get(o, "own_table")));
	json_decref(line);
}

static void text_is_for_people(void **unused)
{
	const struct holder h[] = {
		{.pid = 5,
		 .tid = 5,
		 .fd = 3,
		 .comm = "nginx",
		 .uid = 33,
		 .ppid = 1,
		 .cmdline = "nginx: worker"},
		{.pid = 6,
		 .tid = 6,
		 .fd = 3,
		 .comm = "help\x1b[31m",
		 .uid = 33,
		 .ppid = 5,
		 .flags = HOLDER_INHERITED},
	};
	struct row_sock r = row_of(1, 65 * SEC);

	(void)unused;
	add(&r, h, 2, DIAG_EOF_READ_NOT_CLOSED);
	assert_int_equal(holding_group(&held), 0);
	holders_text(&out, &held, &options, 0);
	assert_string_equal(
		printed(),
		"      FD STATE              FOR LOCAL                    REMOTE                   "
		"NOTE\n"
		"nginx/5  uid 33, child of 1\n"
		"  nginx: worker\n"
		"  1 socket: The program has read the end of file and never closed the socket: a "
		"leak.\n"
		"       3 CLOSE_WAIT     >=1m05s 192.0.2.1:54321          198.51.100.7:443         "
		"held by 1 other too\n"
		"help\\x1b[31m/6  uid 33, child of 5\n"
		"  1 socket: The program has read the end of file and never closed the socket: a "
		"leak.\n"
		"       3 CLOSE_WAIT     >=1m05s 192.0.2.1:54321          198.51.100.7:443         "
		"inherited from 5, held by 1 other too\n");
}

static void the_rest_is_counted(void **unused)
{
	struct row_sock r[30];

	(void)unused;
	for (__u32 i = 0; i < N(r); i++) {
		r[i] = row_of(i + 1, SEC);
		add(&r[i], two, 1, DIAG_EOF_UNREAD);
	}
	assert_int_equal(holding_group(&held), 0);
	holders_text(&out, &held, &options, 20);
	assert_non_null(strstr(printed(), "\n  ... 10 more (--all)\n"));
	holders_text(&out, &held, &options, 0);
	assert_null(strstr(printed(), "more"));
}

static void all_narrower(const char *text, unsigned int width)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		assert_true(term_columns(text, end - text) <= width);
}

static void text_fits_every_terminal(void **unused)
{
	static char cmdline[1024];
	struct holder h = {.pid = UINT32_MAX,
			   .tid = UINT32_MAX - 1,
			   .fd = UINT32_MAX,
			   .ppid = UINT32_MAX,
			   .uid = UINT32_MAX,
			   .flags = 0xff,
			   .cgroup = 77,
			   .cmdline = cmdline};
	struct conn c = nasty_conn();
	struct row_sock r = row_of(1, UINT32_MAX * SEC);

	(void)unused;
	memset(cmdline, 0x1b, sizeof(cmdline) - 1);
	memset(h.comm, 0x9b, sizeof(h.comm));
	r.ident = c.ident;
	add(&r, &h, 1, DIAG_IN_FLIGHT);
	add(&r, NULL, 0, DIAG_NOT_ACCEPTED);
	held.row[1].listener = &h;
	held.row[1].n_listener = 1;
	assert_int_equal(holding_group(&held), 0);
	for (options.width = 1; options.width < 250; options.width++)
		for (int set = 0; set < NAME_SETS; set++) {
			options.names = set;
			holders_text(&out, &held, &options, 20);
			all_narrower(printed(), options.width);
		}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_holder_will_do), TEST(whose_queue),	     TEST(groups),
		TEST(no_groups),	  TEST(many_groups),	     TEST(a_json_line),
		TEST(text_is_for_people), TEST(the_rest_is_counted), TEST(text_fits_every_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
