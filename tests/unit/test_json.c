// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each line goes through a parser and is held against what it was made from. */
#include "capture.h"
#include "has.h"
#include "model/rules.h"
#include "out/out.h"

static struct capture out;
static struct sink *sink;
static struct conn conn;
static struct rules rules;
static json_t *line;

#define ID "3f4e5d6c7b8a99887766554433221100ffeeddccbbaa00112233445566778899"

static const char *cgroup_path(__u64 id)
{
	if (id == 79)
		return "/kubepods.slice/kubepods-pod2d3f9a10_0b1c_4d5e_8f60_718293a4b5c6.slice/"
		       "cri-containerd-" ID ".scope";
	if (id == 80) /* the longest name, and each byte of it escaped */
		return "/lxc/\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
		       "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
		       "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
		       "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01";
	return id == 77 ? "/system.slice/\"quoted\"\x01.service" : NULL;
}

static void new_sink(enum name_set names)
{
	struct out_options o = {
		.fd = out.fd,
		.talk_fd = -1,
		.names = names,
		.mono_to_real_ns = 1700000000 * (__s64)SEC,
		.cgroup_path = cgroup_path,
	};

	sink = json_sink_new(&o);
	assert_non_null(sink);
}

static int setup(void **unused)
{
	(void)unused;
	capture_open(&out);
	new_sink(NAMES_ARTICLE);
	conn = client_conn();
	rules_default(&rules);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	json_decref(line);
	line = NULL;
	sink->ops->free(sink);
	capture_close(&out);
	return 0;
}

/* The one line that was printed, with each key once. */
static void take_line(void)
{
	const char *text;

	assert_int_equal(sink->ops->flush(sink), 0);
	text = capture_take(&out);
	assert_non_null(strchr(text, '\n'));
	assert_string_equal(strchr(text, '\n'), "\n");
	json_decref(line);
	line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (!line)
		fail_msg("not JSON: %s", text);
}

static void print(struct transition *t)
{
	t->conn = &conn;
	sink->ops->transition(sink, t);
	take_line();
	has_string(line, "type", "transition");
}

static void a_transition(void **unused)
{
	struct transition t = {
		.mono_ns = 5 * SEC + 6,
		.from = ST_SYN_SENT,
		.to = ST_ESTABLISHED,
		.dwell_ns = 12345,
	};
	const json_t *owner;

	(void)unused;
	print(&t);
	has_string(line, "time", "2023-11-14T22:13:25.000000006Z");
	has_int(line, "mono_ns", 5 * SEC + 6);
	has_string(line, "sk", "1a2b");
	has_int(line, "netns", 4026531840);
	has_string(line, "proto", "tcp");
	has_int(line, "family", 4);
	has_string(line, "laddr", "192.0.2.1");
	has_int(line, "lport", 54321);
	has_string(line, "raddr", "198.51.100.7");
	has_int(line, "rport", 443);
	has_string(line, "open", "active");
	has_string(line, "from", "SYN_SEND");
	has_string(line, "to", "ESTABLISHED");
	has_int(line, "dwell_ns", 12345);
	has_string(line, "dwell", "exact");
	has_string(line, "via", "tracepoint");
	owner = json_object_get(line, "owner");
	has_int(owner, "pid", 1234);
	has_int(owner, "tid", 1234);
	has_int(owner, "uid", 33);
	has_string(owner, "comm", "curl");
	has_string(owner, "known_by", "open");
	has_string(owner, "cgroup", "/system.slice/\"quoted\"\x01.service");
	assert_int_equal(json_object_size(line), 18);
	assert_int_equal(json_object_size(owner), 6);
}

static void the_first_of_a_connection(void **unused)
{
	struct transition t = {.from = ST_CLOSE, .to = ST_SYN_SENT, .first = true};

	(void)unused;
	conn.ident.lport = 0;
	print(&t);
	has_int(line, "lport", 0);
	has_int(line, "dwell_ns", 0);
	assert_true(json_is_true(json_object_get(line, "first")));
}

static void the_end_of_a_connection(void **unused)
{
	struct sock_end end = {
		.bytes_sent = 1,
		.bytes_received = UINT32_MAX + 2ULL,
		.age_ns = 3,
		.retransmits = 4,
		.srtt_us = 5,
	};
	struct transition t = {
		.from = ST_LAST_ACK,
		.to = ST_CLOSE,
		.end = &end,
		.reason = REASON_RESET_RECEIVED,
		.at_least = true,
	};

	(void)unused;
	conn.roles = ROLES(ROLE_SIMULTANEOUS, ROLE_PASSIVE);
	print(&t);
	has_string(line, "open", "simultaneous");
	has_string(line, "close", "passive");
	has_string(line, "dwell", "at_least");
	has_string(line, "reason", "reset_received");
	has_int(line, "bytes_sent", 1);
	has_int(line, "bytes_received", UINT32_MAX + 2ULL);
	has_int(line, "age_ns", 3);
	has_int(line, "retransmits", 4);
	has_int(line, "srtt_us", 5);
	has_not(line, "rearms");
	end.age_ns = 0;
	print(&t);
	has_not(line, "age_ns");
	end.facts = END_NO_TCP;
	conn.ident.mptcp = 1;
	print(&t);
	has_string(line, "proto", "mptcp");
	has_not(line, "bytes_sent");
	has_not(line, "srtt_us");
}

static void the_end_of_timed_wait(void **unused)
{
	struct transition t = {
		.from = ST_TIME_WAIT,
		.to = ST_CLOSE,
		.reason = REASON_EXPIRED,
		.via = VIA_TIMER,
	};

	(void)unused;
	print(&t);
	has_string(line, "from", "TIMED_WAIT");
	has_string(line, "via", "timer");
	has_string(line, "reason", "expired");
	has_int(line, "rearms", 0);
	has_not(line, "reused_by");
	t.rearms = 3;
	t.reused_by = 0xabcdef;
	t.reason = REASON_REUSED;
	t.over = &rules.rule[1];
	print(&t);
	has_int(line, "rearms", 3);
	has_string(line, "reused_by", "abcdef");
	has_string(line, "over", "timed_wait");
	has_int(line, "threshold_ns", 61 * SEC);
}

static void every_value_of_every_kind(void **unused)
{
	struct transition t = {0};

	(void)unused;
	for (int set = 0; set < NAME_SETS; set++) {
		sink->ops->free(sink);
		new_sink(set);
		for (int i = 0; i < ST_MAX * 16; i++) {
			t.from = i % ST_MAX;
			t.to = i / 16;
			t.reason = i % REASON_MAX;
			t.via = i % VIA_MAX;
			conn.roles = i % 16;
			conn.ident.owner.how = i % (OWNER_OPEN + 1);
			print(&t);
			has_string(line, "from", state_name(set, t.from));
			has_string(line, "to", state_name(set, t.to));
		}
	}
}

static void owners(void **unused)
{
	struct transition t = {.from = ST_CLOSE, .to = ST_SYN_SENT};
	const json_t *owner;

	(void)unused;
	conn.ident.owner.how = OWNER_UNKNOWN;
	print(&t);
	owner = json_object_get(line, "owner");
	assert_int_equal(json_object_size(owner), 1);
	has_string(owner, "cgroup", "/system.slice/\"quoted\"\x01.service");
	conn.ident.cgroup = 78;
	print(&t);
	owner = json_object_get(line, "owner");
	assert_int_equal(json_object_size(owner), 1);
	has_int(owner, "cgroup_id", 78);
	conn.ident.cgroup = 0;
	print(&t);
	has_not(line, "owner");
	conn.ident.owner.how = OWNER_LISTENER;
	print(&t);
	owner = json_object_get(line, "owner");
	has_string(owner, "known_by", "listener");
	has_not(owner, "cgroup");
	has_not(owner, "cgroup_id");
}

static void containers(void **unused)
{
	struct transition t = {.from = ST_CLOSE, .to = ST_SYN_SENT};
	const json_t *owner;

	(void)unused;
	conn.ident.cgroup = 79;
	print(&t);
	owner = json_object_get(line, "owner");
	has_string(owner, "container", "3f4e5d6c7b8a");
	has_string(owner, "runtime", "containerd");
	has_string(owner, "pod", "2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6");
	conn.ident.cgroup = 80;
	print(&t);
	owner = json_object_get(line, "owner");
	assert_int_equal(json_string_length(json_object_get(owner, "container")), 64);
	has_string(owner, "runtime", "lxc");
	has_not(owner, "pod");
	conn.ident.cgroup = 77;
	print(&t);
	has_not(json_object_get(line, "owner"), "container");
}

static void addresses(void **unused)
{
	struct transition t = {.from = ST_CLOSE, .to = ST_LISTEN};

	(void)unused;
	conn.ident.family = 6;
	print(&t);
	has_int(line, "family", 6);
	has_string(line, "laddr", "192.0.2.1");
	set_addr(conn.ident.laddr, "::");
	set_addr(conn.ident.raddr, "2001:db8::1");
	print(&t);
	has_string(line, "laddr", "::");
	has_string(line, "raddr", "2001:db8::1");
}

/* The largest that there can be: the sanitizer watches the room for a line. */
static void the_worst(void **unused)
{
	struct sock_end end = {
		.bytes_sent = UINT64_MAX,
		.bytes_received = UINT64_MAX,
		.age_ns = UINT64_MAX,
		.retransmits = UINT32_MAX,
		.srtt_us = UINT32_MAX,
	};
	struct transition t = {
		.mono_ns = INT64_MAX / 2,
		.dwell_ns = UINT64_MAX >> 1,
		.from = ST_TIME_WAIT,
		.to = ST_NEW_SYN_RECV,
		.end = &end,
		.over = &rules.rule[0],
		.reason = REASON_TIME_WAIT_OVERFLOW,
		.rearms = UINT32_MAX,
		.reused_by = UINT64_MAX,
		.at_least = true,
		.first = true,
	};

	(void)unused;
	end.bytes_sent = end.bytes_received = end.age_ns = INT64_MAX;
	memset(rules.rule[0].name, 1, RULE_NAME_LEN);
	conn = nasty_conn();
	memset(conn.ident.owner.comm, 0x9f, COMM_LEN);
	print(&t);
	/* what is above COOKIE_MASK is the model's own */
	has_string(line, "sk", "ffffffffff");
	assert_int_equal(json_string_length(json_object_get(line, "over")), RULE_NAME_LEN);
	sink->ops->free(sink);
	new_sink(NAMES_KERNEL);
	print(&t);
}

static void hostile_names(void **unused)
{
	struct transition t = {.from = ST_CLOSE, .to = ST_SYN_SENT};
	uint64_t seed = 7;

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		for (int k = 0; k < COMM_LEN; k++)
			conn.ident.owner.comm[k] = (char)next_random(&seed);
		print(&t);
	}
}

static void a_socket(void **unused)
{
	(void)unused;
	conn.state = ST_TIME_WAIT;
	conn.at_least = true;
	conn.until_ns = 60 * SEC;
	sink->ops->socket(sink, &conn, 7 * SEC);
	take_line();
	has_string(line, "type", "socket");
	has_string(line, "state", "TIMED_WAIT");
	has_int(line, "dwell_ns", 2 * SEC);
	has_string(line, "dwell", "at_least");
	has_int(line, "remaining_ns", 53 * SEC);
	has_string(line, "sk", "1a2b");
	has_not(line, "from");
	/* the row is older than what is known since */
	sink->ops->socket(sink, &conn, 4 * SEC);
	take_line();
	has_int(line, "dwell_ns", 0);
}

static void an_alert(void **unused)
{
	static struct holder many[3000];
	struct holder holders[2] = {{.pid = 1, .tid = 2, .fd = 3, .comm = "a\"b"},
				    {.pid = 4, .tid = 5, .fd = 6}};
	struct alert a = {
		.conn = &conn,
		.rule = &rules.rule[0],
		.mono_ns = 65 * SEC,
		.dwell_ns = 60 * SEC,
		.holders = holders,
		.n_holders = 2,
		.diagnosis = DIAG_EOF_READ_NOT_CLOSED,
		.state = ST_CLOSE_WAIT,
	};
	const json_t *h;

	(void)unused;
	sink->ops->alert(sink, &a);
	take_line();
	has_string(line, "type", "alert");
	has_string(line, "status", "firing");
	has_string(line, "rule", "close_wait");
	has_string(line, "state", "CLOSE_WAIT");
	has_int(line, "threshold_ns", 60 * SEC);
	has_int(line, "dwell_ns", 60 * SEC);
	has_string(line, "diagnosis", "eof_read_not_closed");
	h = json_array_get(json_object_get(line, "holders"), 0);
	has_int(h, "pid", 1);
	has_int(h, "tid", 2);
	has_int(h, "fd", 3);
	has_string(h, "comm", "a\"b");
	has_string(json_array_get(json_object_get(line, "holders"), 1), "comm", "");
	memset(many, 0xff, sizeof(many));
	for (size_t i = 0; i < N(many); i++) {
		many[i].cmdline = NULL;
		many[i].cgroup = many[i].start_ns =
			INT64_MAX; /* more is not an integer to jansson */
	}
	a.holders = many;
	a.n_holders = N(many);
	a.status = ALERT_RESOLVED;
	a.diagnosis = DIAG_NONE;
	sink->ops->alert(sink, &a);
	take_line();
	has_string(line, "status", "resolved");
	has_not(line, "diagnosis");
	assert_int_equal(json_array_size(json_object_get(line, "holders")), N(many));
}

static void a_greeting(void **unused)
{
	struct hello h = {
		.version = "0.1.0",
		.kernel = "6.1.0-18-amd64",
		.tier = "timer",
		.tier_reason = "no \"fentry\"",
		.mono_ns = 1,
		.n_netns = 3,
	};
	const json_t *sockets;

	(void)unused;
	h.sockets[ST_SYN_RECV] = 1;
	h.sockets[ST_NEW_SYN_RECV] = 2;
	h.sockets[ST_LISTEN] = 4;
	sink->ops->hello(sink, &h);
	take_line();
	has_string(line, "type", "hello");
	has_string(line, "version", "0.1.0");
	has_string(line, "kernel", "6.1.0-18-amd64");
	has_string(line, "tier", "timer");
	has_string(line, "reason", "no \"fentry\"");
	has_not(line, "filter");
	has_int(line, "netns_count", 3);
	sockets = json_object_get(line, "sockets");
	assert_int_equal(json_object_size(sockets), 2);
	has_int(sockets, "SYN_RECEIVED", 3);
	has_int(sockets, "LISTEN", 4);
	h = (struct hello){.filter = "port 80"};
	sink->ops->hello(sink, &h);
	take_line();
	has_string(line, "filter", "port 80");
	has_not(line, "version");
	has_not(line, "sk_ids");
	assert_int_equal(json_object_size(json_object_get(line, "sockets")), 0);
}

/* Kernels before 5.12 give a tracer no cookies: what is printed as sk is a value with a reason. */
static void ids_of_its_own(void **unused)
{
	struct hello h = {.own_ids = true};

	(void)unused;
	sink->ops->hello(sink, &h);
	take_line();
	has_string(line, "sk_ids", "own");
	assert_non_null(json_object_get(line, "sk_ids_reason"));
}

static void what_was_lost(void **unused)
{
	(void)unused;
	sink->ops->lost(sink, LOST_STORAGE, 17, SEC);
	take_line();
	has_string(line, "type", "lost");
	has_int(line, "count", 17);
	has_string(line, "cause", "storage");
}

static void a_summary(void **unused)
{
	struct summary s = {.transitions = 1, .duration_ns = 2, .half_open = 3, .alerts = 4};
	const json_t *by_cause;

	(void)unused;
	s.lost[LOST_RING_FULL] = 10;
	s.lost[LOST_STORAGE] = 20;
	sink->ops->summary(sink, &s);
	take_line();
	has_string(line, "type", "summary");
	has_int(line, "transitions", 1);
	has_int(line, "duration_ns", 2);
	has_int(line, "half_open", 3);
	has_int(line, "alerts", 4);
	has_int(line, "lost", 30);
	by_cause = json_object_get(line, "lost_by_cause");
	has_int(by_cause, "ring_full", 10);
	has_int(by_cause, "storage", 20);
	s.half_open_unseen = true;
	sink->ops->summary(sink, &s);
	take_line();
	assert_null(json_object_get(line, "half_open"));
}

static void another_clock(void **unused)
{
	struct transition t = {.mono_ns = 5 * SEC};

	(void)unused;
	print(&t);
	has_string(line, "time", "2023-11-14T22:13:25.000000000Z");
	sink->ops->clock(sink, 0);
	print(&t);
	has_string(line, "time", "1970-01-01T00:00:05.000000000Z");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_transition),
		TEST(the_first_of_a_connection),
		TEST(the_end_of_a_connection),
		TEST(the_end_of_timed_wait),
		TEST(every_value_of_every_kind),
		TEST(owners),
		TEST(containers),
		TEST(addresses),
		TEST(the_worst),
		TEST(hostile_names),
		TEST(a_socket),
		TEST(an_alert),
		TEST(a_greeting),
		TEST(ids_of_its_own),
		TEST(what_was_lost),
		TEST(a_summary),
		TEST(another_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
