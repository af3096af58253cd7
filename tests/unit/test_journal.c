// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Entries as a socket of the test's own gets them. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "has.h"
#include "model/rules.h"
#include "out/journal.h"

static char path[64];
static int journald = -1;
static struct sink *sink;
static struct conn conn;
static struct rules rules;
static char entry[1 << 20];
static ssize_t entry_len;

static void listen_at(const char *where)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	strcpy(at.sun_path, where);
	journald = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(journald >= 0);
	assert_int_equal(bind(journald, (struct sockaddr *)&at, sizeof(at)), 0);
}

static int setup(void **unused)
{
	struct out_options o = {.talk_fd = -1};

	(void)unused;
	snprintf(path, sizeof(path), "/tmp/tcpdwell-journal-%d", getpid());
	unlink(path);
	listen_at(path);
	conn = client_conn();
	rules_default(&rules);
	assert_int_equal(journal_sink_new(&o, path, &sink), 0);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	sink->ops->free(sink);
	if (journald >= 0)
		close(journald);
	unlink(path);
	return 0;
}

static void take(void)
{
	entry_len = recv(journald, entry, sizeof(entry), MSG_DONTWAIT);
	assert_true(entry_len > 0);
}

/* The value of a field, by the protocol; NULL when there is none. */
static const char *value_of(const char *name, size_t *len)
{
	const char *p = entry, *end = entry + entry_len;
	bool found;
	__u64 le;

	while (p < end) {
		const char *line = memchr(p, '\n', end - p);

		assert_non_null(line);
		assert_null(memchr(p, '=', line - p));
		found = strlen(name) == (size_t)(line - p) && !memcmp(p, name, line - p);
		assert_true(line + 1 + sizeof(le) < end);
		memcpy(&le, line + 1, sizeof(le));
		*len = le64toh(le);
		p = line + 1 + sizeof(le);
		assert_true(*len < (size_t)(end - p));
		assert_int_equal(p[*len], '\n');
		if (found)
			return p;
		p += *len + 1;
	}
	return NULL;
}

static void has(const char *name, const char *want)
{
	size_t len;
	const char *got = value_of(name, &len);

	if (!got || len != strlen(want) || memcmp(got, want, len))
		fail_msg("%s is %.*s, not %s", name, got ? (int)len : 6, got ? got : "absent",
			 want);
}

static struct alert an_alert(void)
{
	return (struct alert){
		.conn = &conn,
		.rule = &rules.rule[0],
		.mono_ns = 65 * SEC,
		.dwell_ns = 60 * SEC,
		.state = ST_CLOSE_WAIT,
		.diagnosis = DIAG_EOF_READ_NOT_CLOSED,
	};
}

static void fields(void **unused)
{
	struct alert a = an_alert();
	const char *json;
	size_t len;
	json_t *j;

	(void)unused;
	sink->ops->alert(sink, &a);
	take();
	has("SYSLOG_IDENTIFIER", "tcpdwell");
	has("MESSAGE_ID", JOURNAL_ID_FIRING);
	has("PRIORITY", "4");
	has("TCPDWELL_STATUS", "firing");
	has("TCPDWELL_SEVERITY", "warning");
	has("TCPDWELL_RULE", "close_wait");
	has("TCPDWELL_STATE", "CLOSE_WAIT");
	has("TCPDWELL_COOKIE", "1a2b");
	has("TCPDWELL_NETNS", "4026531840");
	has("TCPDWELL_LADDR", "192.0.2.1");
	has("TCPDWELL_LPORT", "54321");
	has("TCPDWELL_RADDR", "198.51.100.7");
	has("TCPDWELL_RPORT", "443");
	has("TCPDWELL_PID", "1234");
	has("TCPDWELL_COMM", "curl");
	has("TCPDWELL_DWELL_NS", "60000000000");
	has("TCPDWELL_DIAGNOSIS", "eof_read_not_closed");
	assert_non_null(value_of("MESSAGE", &len));
	json = value_of("TCPDWELL_JSON", &len);
	assert_non_null(json);
	j = json_loadb(json, len, 0, NULL);
	has_string(j, "type", "alert");
	json_decref(j);
	a.status = ALERT_RESOLVED;
	sink->ops->alert(sink, &a);
	take();
	has("MESSAGE_ID", JOURNAL_ID_RESOLVED);
	has("PRIORITY", "6");
	rules.rule[0].step = 1;
	a.status = ALERT_FIRING;
	sink->ops->alert(sink, &a);
	take();
	has("PRIORITY", "3");
	has("TCPDWELL_SEVERITY", "critical");
}

static void any_bytes(void **unused)
{
	struct alert a = an_alert();
	size_t len;

	(void)unused;
	memcpy(conn.ident.owner.comm, "x\nPRIORITY=0\n\xff\x1b[", COMM_LEN);
	sink->ops->alert(sink, &a);
	take();
	has("PRIORITY", "4");
	assert_memory_equal(value_of("TCPDWELL_COMM", &len), conn.ident.owner.comm, COMM_LEN);
	assert_int_equal(len, COMM_LEN);
}

static void what_was_lost(void **unused)
{
	(void)unused;
	sink->ops->lost(sink, LOST_RING_FULL, 17, SEC);
	take();
	has("MESSAGE_ID", JOURNAL_ID_LOST);
	has("TCPDWELL_COUNT", "17");
	has("TCPDWELL_CAUSE", "ring_full");
}

/* More than a datagram takes: the entry without the JSON. */
static void many_holders(void **unused)
{
	static struct holder holders[100000];
	struct alert a = an_alert();
	size_t len;

	(void)unused;
	a.holders = holders;
	a.n_holders = N(holders);
	sink->ops->alert(sink, &a);
	take();
	has("TCPDWELL_RULE", "close_wait");
	assert_null(value_of("TCPDWELL_JSON", &len));
	assert_int_equal(journal_dropped(sink), 0);
}

/* It never waits for a journald that does not read. */
static void one_that_does_not_read(void **unused)
{
	struct alert a = an_alert();

	(void)unused;
	for (int i = 0; i < 20000; i++)
		sink->ops->alert(sink, &a);
	assert_true(journal_dropped(sink) > 0);
	for (__u64 left = 20000 - journal_dropped(sink); left; left--)
		take();
	sink->ops->alert(sink, &a);
	take();
}

static void none(void **unused)
{
	struct out_options o = {.talk_fd = -1};
	struct sink *s;

	(void)unused;
	assert_int_equal(journal_sink_new(&o, "/nonexistent/socket", &s), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields),
		TEST(any_bytes),
		TEST(what_was_lost),
		TEST(many_holders),
		TEST(one_that_does_not_read),
		TEST(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
