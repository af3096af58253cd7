// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture.h"
#include <time.h>
#include "model/rules.h"
#include "out/escape.h"
#include "out/out.h"

static struct capture out, talk;
static struct conn conn;
static struct rules rules;

static const char *cgroup_path(__u64 id)
{
	if (id == 79)
		return "/system.slice/docker-3f4e5d6c7b8a99887766554433221100.scope";
	return id == 77 ? "/system.slice/a-service-with-a-long-name\x1b.service" : NULL;
}

static struct sink *new_sink(unsigned int width, enum name_set names, bool color)
{
	struct out_options o = {
		.fd = out.fd,
		.talk_fd = talk.fd,
		.names = names,
		.width = width,
		.color = color,
		.cgroup_path = cgroup_path,
	};
	struct sink *s = text_sink_new(&o);

	assert_non_null(s);
	return s;
}

static int setup(void **unused)
{
	(void)unused;
	setenv("TZ", "UTC", 1);
	tzset();
	capture_open(&out);
	capture_open(&talk);
	conn = client_conn();
	rules_default(&rules);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	capture_close(&out);
	capture_close(&talk);
	return 0;
}

/* One transition as the text has it. */
static const char *printed(unsigned int width, struct transition t)
{
	struct sink *s = new_sink(width, NAMES_ARTICLE, false);

	t.conn = &conn;
	t.mono_ns = 45296789 * (SEC / 1000);
	s->ops->transition(s, &t);
	assert_int_equal(s->ops->flush(s), 0);
	s->ops->free(s);
	return capture_take(&out);
}

static void expect(unsigned int width, struct transition t, const char *want)
{
	const char *got = printed(width, t);

	if (strncmp(got, want, strlen(want)) || strcmp(got + strlen(want), "\n"))
		fail_msg("\n got %swant %s", got, want);
}

static struct transition step(unsigned int from, unsigned int to, __u64 dwell_ns)
{
	return (struct transition){.from = from, .to = to, .dwell_ns = dwell_ns};
}

static struct transition opening(void)
{
	struct transition t = step(ST_CLOSE, ST_SYN_SENT, 0);

	t.first = true;
	return t;
}

static const struct sock_end end = {
	.bytes_sent = 300,
	.bytes_received = 123456,
	.age_ns = 4210 * (SEC / 1000),
	.retransmits = 2,
};

static struct transition ending(void)
{
	struct transition t = step(ST_LAST_ACK, ST_CLOSE, 99900);

	t.reason = REASON_FIN;
	t.end = &end;
	return t;
}

static struct transition leaked(void)
{
	struct transition t = step(ST_CLOSE_WAIT, ST_LAST_ACK, 252 * SEC);

	t.at_least = true;
	t.over = &rules.rule[0];
	return t;
}

static void no_terminal(void **unused)
{
	(void)unused;
	expect(0, opening(),
	       "12:34:56.789 curl/1234                192.0.2.1:54321              "
	       "198.51.100.7:443             CLOSED       -> SYN_SEND             - active open");
	conn.roles = ROLES(ROLE_ACTIVE, ROLE_PASSIVE);
	expect(0, ending(),
	       "12:34:56.789 curl/1234                192.0.2.1:54321              "
	       "198.51.100.7:443             LAST_ACK     -> CLOSED          99.9us fin, "
	       "passive close, sent 300 got 120K, age 4.21s, retransmits 2");
}

/* Nothing is cut, whatever it does to the columns. */
static void no_terminal_cuts_nothing(void **unused)
{
	(void)unused;
	conn = nasty_conn();
	expect(0, step(ST_SYN_RECV, ST_ESTABLISHED, 0),
	       "12:34:56.789 \\x1b[31m\"\\\\x0a\\xff\xe4\xb8\xad\\xe2\\x80\\xae/4294967295/4294967294 "
	       "[2001:db8:1111:2222:3333:4444:5555:6666]:65535 "
	       "[fe80:aaaa:bbbb:cccc:dddd:eeee:ffff:1234]:65535 "
	       "SYN_RECEIVED -> ESTABLISHED          0 simultaneous close, mptcp");
}

static void wide_terminal(void **unused)
{
	(void)unused;
	set_addr(conn.ident.laddr, "2001:db8::1");
	set_addr(conn.ident.raddr, "2001:db8:1234:5678:9abc:def0:1234:5678");
	expect(160, step(ST_SYN_SENT, ST_ESTABLISHED, 12345),
	       "12:34:56.789 curl/1234        [2001:db8::1]:54321              "
	       "[2001:db8:1234~f0:1234:5678]:443 SYN_SEND     -> ESTABLISHED     12.3us active open");
}

static void narrow_terminal(void **unused)
{
	(void)unused;
	expect(80, opening(),
	       "12:34:56 curl/1234 198.5~00.7:443 CLOSED       -> SYN_SEND             - active");
	expect(80, ending(),
	       "12:34:56 curl/1234 198.5~00.7:443 LAST_ACK     -> CLOSED          99.9us fin");
	expect(80, leaked(),
	       "12:34:56 curl/1234 198.5~00.7:443 CLOSE_WAIT   -> LAST_ACK       >=4m12s ! over");
}

/* Where only one end has room, a listener shows its own. */
static void narrow_listener(void **unused)
{
	struct transition t = step(ST_CLOSE, ST_LISTEN, 0);
	struct hello h = {0};
	struct sink *s;

	(void)unused;
	t.first = true;
	conn = (struct conn){.ident = {.lport = 8080}};
	set_addr(conn.ident.laddr, "192.0.2.1");
	set_addr(conn.ident.raddr, "0.0.0.0");
	expect(80, t, "12:34:56 -         192.0.2.1:8080 CLOSED       -> LISTEN               -");
	s = new_sink(80, NAMES_ARTICLE, false);
	s->ops->hello(s, &h);
	s->ops->flush(s);
	s->ops->free(s);
	assert_non_null(strstr(capture_take(&out), " REMOTE/LISTEN  FROM -> TO "));
}

static void a_note_gives_what_fits(void **unused)
{
	struct transition t = leaked();

	(void)unused;
	conn.roles = ROLES(ROLE_ACTIVE, ROLE_PASSIVE);
	assert_non_null(strstr(printed(0, t), "! over 60s, passive close"));
	t.over = &rules.rule[2];
	assert_non_null(strstr(printed(0, t), "!! over 4m, passive close"));
	t = step(ST_TIME_WAIT, ST_CLOSE, 60 * SEC);
	t.reason = REASON_REUSED;
	t.rearms = 2;
	t.reused_by = 0xbeef;
	assert_non_null(
		strstr(printed(0, t), "1m00s reused, passive close, re-armed 2x, by sk:beef"));
}

static void a_note_says_nothing_twice(void **unused)
{
	struct sock_end none = {.age_ns = 71500};
	struct transition t = step(ST_SYN_SENT, ST_CLOSE, 71500);

	(void)unused;
	t.reason = REASON_REFUSED;
	t.end = &none;
	assert_non_null(strstr(printed(0, t), "71.5us refused\n"));
}

static void owners(void **unused)
{
	(void)unused;
	conn.ident.owner.tid = 1250;
	assert_non_null(strstr(printed(0, opening()), " curl/1234/1250 "));
	conn.ident.owner.how = OWNER_UNKNOWN;
	assert_non_null(
		strstr(printed(0, opening()), " [a-service-with-a-long-name\\x1b.service] "));
	conn.ident.cgroup = 79;
	assert_non_null(strstr(printed(0, opening()), " [docker:3f4e5d6c7b8a] "));
	conn.ident.cgroup = 0;
	assert_non_null(strstr(printed(0, opening()), " -                        192"));
}

/*
 * Widths
 */

static const char nasty_comms[][COMM_LEN + 1] = {
	"\x1b[31m\"\\\n\xff\xe4\xb8\xad\xe2\x80\xae",
	"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad!",
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	"a-plain-name-15",
	"",
};

static void all_narrower(const char *text, unsigned int width)
{
	while (*text) {
		const char *nl = strchr(text, '\n');

		assert_non_null(nl);
		if (width && term_columns(text, nl - text) > width)
			fail_msg("%u: %.*s", width, (int)(nl - text), text);
		assert_true(nl == text || nl[-1] != ' ');
		text = nl + 1;
	}
}

static void print_steps(struct sink *s)
{
	for (int i = 0; i < 3 * ST_MAX * ST_MAX; i++) {
		struct transition t = step(i % ST_MAX, i / ST_MAX % ST_MAX, UINT64_MAX);

		t.conn = &conn;
		t.mono_ns = i * SEC;
		t.at_least = true;
		t.over = i % 2 ? &rules.rule[i % 3] : NULL;
		t.reason = i % REASON_MAX;
		t.rearms = UINT32_MAX;
		t.reused_by = UINT64_MAX;
		t.end = i % 5 ? NULL : &end;
		t.first = i % 7 == 0;
		conn.roles = i % 16;
		conn.ident.owner.how = i % 11 ? OWNER_OPEN : OWNER_UNKNOWN;
		memcpy(conn.ident.owner.comm, nasty_comms[i % N(nasty_comms)], COMM_LEN);
		s->ops->transition(s, &t);
	}
}

static void print_rest(struct sink *s)
{
	static struct holder holders[9];
	struct alert a = {
		.conn = &conn,
		.dwell_ns = 4000 * SEC,
		.holders = holders,
		.state = ST_CLOSE_WAIT,
		.at_least = true,
	};

	memset(holders, 0xff, sizeof(holders));
	for (size_t i = 0; i < N(holders); i++)
		holders[i].cmdline = NULL;
	for (int i = 0; i < 60; i++) {
		a.rule = &rules.rule[i % 3];
		a.n_holders = i % 10;
		a.diagnosis = i % DIAG_MAX;
		a.status = i % 2;
		memcpy(conn.ident.owner.comm, nasty_comms[i % N(nasty_comms)], COMM_LEN);
		s->ops->alert(s, &a);
	}
	s->ops->lost(s, LOST_RING_FULL, UINT64_MAX, 0);
}

static void width_is_never_exceeded(void **unused)
{
	(void)unused;
	conn = nasty_conn();
	for (unsigned int width = 1; width <= 250; width++)
		for (int set = 0; set < NAME_SETS; set++) {
			struct hello h = {0};
			struct sink *s = new_sink(width, set, false);

			s->ops->hello(s, &h);
			print_steps(s);
			print_rest(s);
			assert_int_equal(s->ops->flush(s), 0);
			s->ops->free(s);
			all_narrower(capture_take(&out), width);
		}
}

/* Without the colours the lines are the same. */
static void colour_changes_nothing_else(void **unused)
{
	(void)unused;
	for (unsigned int width = 0; width <= 200; width += 40) {
		char *plain, *p;
		struct sink *s = new_sink(width, NAMES_ARTICLE, false);

		print_steps(s);
		print_rest(s);
		s->ops->flush(s);
		s->ops->free(s);
		plain = strdup(capture_take(&out));
		s = new_sink(width, NAMES_ARTICLE, true);
		print_steps(s);
		print_rest(s);
		s->ops->flush(s);
		s->ops->free(s);
		p = plain;
		for (const char *c = capture_take(&out); *c; c++) {
			if (*c == '\033') {
				c = strchr(c, 'm');
				continue;
			}
			/* blanks at the end of a line may hide behind a colour */
			if (*c == ' ' && *p == '\n')
				continue;
			assert_int_equal(*c, *p);
			p++;
		}
		assert_int_equal(*p, '\0');
		free(plain);
	}
}

/*
 * The rest
 */

static void alerts(void **unused)
{
	struct holder holder = {.pid = 1234, .tid = 1235, .fd = 7, .comm = "cu\x1brl"};
	struct alert a = {
		.conn = &conn,
		.rule = &rules.rule[0],
		.mono_ns = 61 * SEC,
		.dwell_ns = 60 * SEC + 5,
		.holders = &holder,
		.n_holders = 1,
		.diagnosis = DIAG_EOF_READ_NOT_CLOSED,
		.state = ST_CLOSE_WAIT,
	};
	struct sink *s = new_sink(0, NAMES_ARTICLE, false);

	(void)unused;
	s->ops->alert(s, &a);
	a.status = ALERT_RESOLVED;
	a.at_least = true;
	s->ops->alert(s, &a);
	s->ops->flush(s);
	s->ops->free(s);
	assert_string_equal(
		capture_take(&out),
		"00:01:01.000 ! CLOSE_WAIT for 60s so far  curl/1234  192.0.2.1:54321 - "
		"198.51.100.7:443  end of file read, not closed  held by cu\\x1brl/1234 "
		"fd 7\n"
		"00:01:01.000 ! CLOSE_WAIT ended after at least 1m00s  curl/1234  "
		"192.0.2.1:54321 - 198.51.100.7:443\n");
}

static void loss_is_in_the_data(void **unused)
{
	struct sink *s = new_sink(0, NAMES_ARTICLE, false);

	(void)unused;
	s->ops->lost(s, LOST_RING_FULL, 123, 0);
	s->ops->flush(s);
	s->ops->free(s);
	assert_string_equal(capture_take(&out), "--- 123 transitions lost (ring_full) ---\n");
}

static void talk_is_not_data(void **unused)
{
	struct sink *s = new_sink(0, NAMES_RFC, false);
	struct summary sum = {
		.transitions = 1, .duration_ns = 2 * SEC, .half_open = 1, .alerts = 2};
	struct hello h = {
		.version = "0.1.0",
		.kernel = "6.1\x1b",
		.tier = "none",
		.tier_reason = "no rights",
		.n_netns = 2,
	};

	(void)unused;
	h.sockets[ST_LISTEN] = 4;
	h.sockets[ST_TIME_WAIT] = 1;
	s->ops->hello(s, &h);
	s->ops->flush(s);
	assert_string_equal(
		capture_take(&out),
		"TIME         OWNER                    LOCAL                        REMOTE "
		"                      FROM -> TO                       DWELL NOTE\n");
	assert_string_equal(capture_take(&talk),
			    "tcpdwell 0.1.0 on Linux 6.1\\x1b, showing every TCP state transition\n"
			    "not shown: TIME-WAIT and most of FIN-WAIT-2: no rights\n"
			    "already there: 1 TIME-WAIT, 4 LISTEN, in 2 network namespaces\n");
	sum.lost[LOST_STORAGE] = 3;
	s->ops->summary(s, &sum);
	s->ops->flush(s);
	assert_string_equal(capture_take(&out), "");
	assert_string_equal(capture_take(&talk),
			    "1 transition in 2s, 3 lost (storage 3), 1 handshake "
			    "never completed, 2 alerts\n");
	sum.half_open_unseen = true;
	s->ops->summary(s, &sum);
	s->ops->flush(s);
	s->ops->free(s);
	assert_string_equal(capture_take(&talk),
			    "1 transition in 2s, 3 lost (storage 3), failed handshakes "
			    "not counted, 2 alerts\n");
}

static void no_talk(void **unused)
{
	struct out_options o = {.fd = out.fd, .talk_fd = -1};
	struct sink *s = text_sink_new(&o);
	struct summary sum = {0};
	struct hello h = {0};

	(void)unused;
	assert_non_null(s);
	s->ops->hello(s, &h);
	s->ops->summary(s, &sum);
	assert_int_equal(s->ops->flush(s), 0);
	s->ops->free(s);
}

static void another_width(void **unused)
{
	struct sink *s = new_sink(200, NAMES_ARTICLE, false);

	(void)unused;
	text_sink_resize(s, 200);
	assert_int_equal(s->ops->flush(s), 0);
	assert_string_equal(capture_take(&out), "");
	text_sink_resize(s, 40);
	print_steps(s);
	assert_int_equal(s->ops->flush(s), 0);
	s->ops->free(s);
	capture_take(&out);
	assert_non_null(strstr(out.text, "FROM -> TO"));
	all_narrower(out.text, 40);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_terminal),
		TEST(no_terminal_cuts_nothing),
		TEST(wide_terminal),
		TEST(narrow_terminal),
		TEST(narrow_listener),
		TEST(a_note_gives_what_fits),
		TEST(a_note_says_nothing_twice),
		TEST(owners),
		TEST(width_is_never_exceeded),
		TEST(colour_changes_nothing_else),
		TEST(alerts),
		TEST(loss_is_in_the_data),
		TEST(talk_is_not_data),
		TEST(no_talk),
		TEST(another_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
