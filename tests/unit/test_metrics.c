// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include "has.h"
#include "model/names.h"
#include "model/rules.h"
#include "out/metrics.h"
#include "out/stuck.h"

static struct sink *sink;
static struct rules rules;
static struct conn conn;
static __u32 by_state[ST_MAX];
static struct pressure ports;
static char *text;

static int setup(void **unused)
{
	struct metrics_options o = {.by_state = by_state, .pressure = &ports};

	(void)unused;
	memset(by_state, 0, sizeof(by_state));
	rules_default(&rules);
	conn = client_conn();
	assert_int_equal(pressure_init(&ports), 0);
	sink = metrics_sink_new(&o);
	assert_non_null(sink);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	sink->ops->free(sink);
	pressure_free(&ports);
	free(text);
	text = NULL;
	return 0;
}

static void render(__u64 now_ns)
{
	size_t len;
	FILE *f;

	free(text);
	f = open_memstream(&text, &len);
	assert_non_null(f);
	metrics_render(sink, f, now_ns);
	assert_int_equal(fclose(f), 0);
}

/* A whole line. */
static bool has_line(const char *line)
{
	size_t len = strlen(line);

	for (const char *p = text; (p = strstr(p, line)); p++)
		if ((p == text || p[-1] == '\n') && p[len] == '\n')
			return true;
	return false;
}

#define HAS(line)                                                     \
	do {                                                          \
		if (!has_line(line))                                  \
			fail_msg("no line '%s' in:\n%s", line, text); \
	} while (0)

static void step(unsigned int from, unsigned int to, __u64 dwell_ns, bool at_least)
{
	struct transition t = {
		.conn = &conn,
		.from = from,
		.to = to,
		.dwell_ns = dwell_ns,
		.at_least = at_least,
		.reason = to == ST_CLOSE ? REASON_FIN : REASON_NONE,
	};

	sink->ops->transition(sink, &t);
}

/* A socket of its own for each slot. */
static void alert_of(__u32 slot, const char *comm, __u64 since_ns, enum alert_status status)
{
	struct alert a = {
		.conn = &conn,
		.rule = &rules.rule[0],
		.mono_ns = since_ns + 60 * SEC,
		.dwell_ns = 60 * SEC,
		.status = status,
		.state = ST_CLOSE_WAIT,
	};

	conn.slot = slot;
	memset(conn.ident.owner.comm, 0, COMM_LEN);
	memcpy(conn.ident.owner.comm, comm, strnlen(comm, COMM_LEN));
	sink->ops->alert(sink, &a);
}

static void sockets_by_state(void **unused)
{
	(void)unused;
	by_state[ST_CLOSE_WAIT] = 3;
	by_state[ST_SYN_RECV] = 1;
	by_state[ST_NEW_SYN_RECV] = 2;
	render(0);
	HAS("# TYPE tcpdwell_sockets gauge");
	HAS("tcpdwell_sockets{state=\"CLOSE_WAIT\"} 3");
	HAS("tcpdwell_sockets{state=\"SYN_RECEIVED\"} 3");
	HAS("tcpdwell_sockets{state=\"LISTEN\"} 0");
	assert_null(strstr(text, "state=\"?\""));
}

static void transitions(void **unused)
{
	(void)unused;
	step(ST_ESTABLISHED, ST_CLOSE_WAIT, 2 * SEC, false);
	step(ST_ESTABLISHED, ST_CLOSE_WAIT, 1, false);
	step(ST_LAST_ACK, ST_CLOSE, 1, false);
	render(0);
	HAS("tcpdwell_transitions_total{from=\"ESTABLISHED\",to=\"CLOSE_WAIT\"} 2");
	HAS("tcpdwell_transitions_total{from=\"LAST_ACK\",to=\"CLOSED\"} 1");
	HAS("tcpdwell_connections_ended_total{reason=\"fin\"} 1");
	HAS("tcpdwell_connections_ended_total{reason=\"timeout\"} 0");
}

static void dwell(void **unused)
{
	(void)unused;
	step(ST_CLOSE_WAIT, ST_LAST_ACK, SEC / 1000, false); /* a bound belongs to its bucket */
	step(ST_CLOSE_WAIT, ST_LAST_ACK, 60 * SEC, false);
	step(ST_CLOSE_WAIT, ST_LAST_ACK, 7200 * SEC, false);
	step(ST_CLOSE_WAIT, ST_LAST_ACK, 5 * SEC, true); /* longer, nobody knows by how much */
	render(0);
	HAS("# TYPE tcpdwell_dwell_seconds histogram");
	HAS("tcpdwell_dwell_seconds_bucket{state=\"CLOSE_WAIT\",le=\"0.001\"} 1");
	HAS("tcpdwell_dwell_seconds_bucket{state=\"CLOSE_WAIT\",le=\"59\"} 1");
	HAS("tcpdwell_dwell_seconds_bucket{state=\"CLOSE_WAIT\",le=\"61\"} 2");
	HAS("tcpdwell_dwell_seconds_bucket{state=\"CLOSE_WAIT\",le=\"3600\"} 2");
	HAS("tcpdwell_dwell_seconds_bucket{state=\"CLOSE_WAIT\",le=\"+Inf\"} 3");
	HAS("tcpdwell_dwell_seconds_count{state=\"CLOSE_WAIT\"} 3");
	HAS("tcpdwell_dwell_seconds_sum{state=\"CLOSE_WAIT\"} 7260.001");
	HAS("tcpdwell_transitions_total{from=\"CLOSE_WAIT\",to=\"LAST_ACK\"} 4");
}

#define CW "rule=\"close_wait\",state=\"CLOSE_WAIT\",process="

static void stuck_sockets(void **unused)
{
	(void)unused;
	alert_of(1, "java", 10 * SEC, ALERT_FIRING);
	alert_of(2, "java", 5 * SEC, ALERT_FIRING);
	alert_of(3, "", 20 * SEC, ALERT_FIRING);
	render(105 * SEC);
	HAS("tcpdwell_stuck_sockets{" CW "\"java\"} 2");
	HAS("tcpdwell_stuck_sockets{" CW "\"-\"} 1");
	HAS("tcpdwell_stuck_oldest_seconds{" CW "\"java\"} 100");
	HAS("tcpdwell_alerts_total{state=\"CLOSE_WAIT\",status=\"firing\"} 3");
	/* the cookie may be another by then */
	conn.cookie ^= 1ULL << 60;
	alert_of(2, "", 5 * SEC, ALERT_RESOLVED);
	alert_of(3, "", 20 * SEC, ALERT_RESOLVED);
	render(105 * SEC);
	HAS("tcpdwell_stuck_sockets{" CW "\"java\"} 1");
	HAS("tcpdwell_stuck_oldest_seconds{" CW "\"java\"} 95");
	assert_null(strstr(text, "process=\"-\""));
	HAS("tcpdwell_alerts_total{state=\"CLOSE_WAIT\",status=\"resolved\"} 2");
}

/* The graver step is another alert for the same socket. */
static void a_second_alert(void **unused)
{
	(void)unused;
	alert_of(1, "java", SEC, ALERT_FIRING);
	strcpy(rules.rule[0].name, "graver");
	alert_of(1, "java", SEC, ALERT_FIRING);
	render(61 * SEC);
	HAS("tcpdwell_stuck_sockets{rule=\"graver\",state=\"CLOSE_WAIT\",process=\"java\"} 1");
	assert_null(strstr(text, CW));
}

static unsigned int lines_with(const char *what)
{
	unsigned int n = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static void many_processes(void **unused)
{
	__u32 slot = 0;
	char comm[COMM_LEN];

	(void)unused;
	for (int i = 1; i <= 100; i++) {
		snprintf(comm, sizeof(comm), "p%d", i);
		for (int k = 0; k < i; k++)
			alert_of(++slot, comm, SEC, ALERT_FIRING);
	}
	alert_of(++slot, "other", SEC / 2, ALERT_FIRING);
	render(100 * SEC);
	assert_int_equal(lines_with("\ntcpdwell_stuck_sockets{"), METRICS_PROCESSES + 1);
	HAS("tcpdwell_stuck_sockets{" CW "\"p100\"} 100");
	HAS("tcpdwell_stuck_sockets{" CW "\"p69\"} 69");
	/* 1 + 2 + ... + 68, and the one that has this name */
	HAS("tcpdwell_stuck_sockets{" CW "\"other\"} 2347");
	HAS("tcpdwell_stuck_oldest_seconds{" CW "\"other\"} 99.5");
	for (__u32 i = 1; i <= slot; i++)
		alert_of(i, "", SEC, ALERT_RESOLVED);
	render(100 * SEC);
	assert_int_equal(lines_with("\ntcpdwell_stuck_sockets{"), 0);
}

/* The table against a plain list, through growth and holes. */
static void the_table(void **unused)
{
	struct stuck_table t = {0};
	bool in[512] = {false};
	uint64_t seed = 42;
	__u32 n = 0;

	(void)unused;
	for (int i = 0; i < 40000; i++) {
		__u32 slot = next_random(&seed) % 512;
		struct alert a = {.conn = &conn, .rule = &rules.rule[0], .mono_ns = slot};

		conn.slot = slot;
		if (next_random(&seed) % 2) {
			assert_int_equal(stuck_put(&t, &a, "{}", 2), 0);
			n += !in[slot];
			in[slot] = true;
		} else {
			stuck_del(&t, &conn);
			n -= in[slot];
			in[slot] = false;
		}
		assert_int_equal(t.n, n);
		conn.slot = next_random(&seed) % 512;
		assert_int_equal(!!stuck_find(&t, &conn), in[conn.slot]);
		if (in[conn.slot])
			assert_int_equal(stuck_find(&t, &conn)->since_ns, conn.slot);
	}
	assert_int_equal(t.with_json, n);
	stuck_free(&t);
}

static void hostile_names(void **unused)
{
	(void)unused;
	alert_of(1, "a\"b\\c\nd", SEC, ALERT_FIRING);
	alert_of(2, "\xff\xc3\xa4\x1b[2J", SEC, ALERT_FIRING);
	alert_of(3, "\xe4\xb8\xad\xe6\x96\x87", SEC, ALERT_FIRING);
	render(SEC);
	HAS("tcpdwell_stuck_sockets{" CW "\"a\\\"b\\\\c\\\\x0ad\"} 1");
	HAS("tcpdwell_stuck_sockets{" CW "\"\\\\xff\xc3\xa4\\\\x1b[2J\"} 1");
	HAS("tcpdwell_stuck_sockets{" CW "\"\xe4\xb8\xad\xe6\x96\x87\"} 1");
}

/* A long label is escaped in pieces, none of which may cut a character in two. */
static void a_long_label(void **unused)
{
	char in[400], *got;
	size_t len;
	FILE *f = open_memstream(&got, &len);

	(void)unused;
	for (size_t i = 0; i + 2 < sizeof(in); i += 3)
		memcpy(in + i, "\xe4\xb8\xad", 3);
	metrics_label(f, in, 399);
	fclose(f);
	assert_int_equal(len, 401);
	assert_memory_equal(got + 1, in, 399);
	free(got);
}

static void what_was_lost(void **unused)
{
	(void)unused;
	sink->ops->lost(sink, LOST_RING_FULL, 17, SEC);
	sink->ops->lost(sink, LOST_RING_FULL, 3, SEC);
	render(SEC);
	HAS("tcpdwell_events_lost_total{cause=\"ring_full\"} 20");
	HAS("tcpdwell_events_lost_total{cause=\"storage\"} 0");
}

static void take_ports(__u16 rport, __u16 n)
{
	struct conn c = client_conn();

	set_addr(c.ident.laddr, "192.0.2.1");
	set_addr(c.ident.raddr, "2001:db8::1");
	c.ident.netns = 7;
	c.ident.rport = rport;
	for (__u16 i = 0; i < n; i++) {
		c.ident.lport = 40000 + i;
		assert_true(pressure_add(&ports, &c.ident));
	}
}

static void ignore(void *ctx, const struct pressure_news *n)
{
	(void)ctx;
	(void)n;
}

#define PAIR "{laddr=\"192.0.2.1\",raddr=\"2001:db8::1\",rport="

static void pressure(void **unused)
{
	struct pressure_limits l = {.netns = 7, .low = 40000, .high = 40999, .max_tw = 8, .tw = 4};

	(void)unused;
	pressure_set_limits(&ports, &l);
	take_ports(443, 500);
	take_ports(80, 1);
	pressure_look(&ports, SEC, ignore, NULL);
	take_ports(443, 450);
	pressure_look(&ports, 2 * SEC, ignore, NULL);
	render(2 * SEC);
	HAS("tcpdwell_port_pressure_ratio" PAIR "\"443\",netns=\"7\"} 0.95");
	HAS("tcpdwell_port_pressure_ratio" PAIR "\"80\",netns=\"7\"} 0.001");
	HAS("tcpdwell_ports_used" PAIR "\"443\",netns=\"7\"} 950");
	HAS("tcpdwell_ports_growth_per_second" PAIR "\"443\",netns=\"7\"} 450");
	HAS("tcpdwell_ports_growth_per_second" PAIR "\"80\",netns=\"7\"} 0");
	HAS("tcpdwell_time_wait_buckets_ratio{netns=\"7\"} 0.5");
	HAS("tcpdwell_time_wait_buckets_used{netns=\"7\"} 4");
	/* 50 are left */
	assert_non_null(strstr(text, "\ntcpdwell_ports_exhausted_seconds" PAIR "\"443\",netns="
				     "\"7\"} 0.1111"));
	assert_null(strstr(text, "tcpdwell_ports_exhausted_seconds" PAIR "\"80\""));
}

/* Labels are bounded: those that are nearest to their limit. */
static void much_pressure(void **unused)
{
	(void)unused;
	for (__u32 i = 0; i < 100; i++) {
		struct pressure_limits l = {.netns = i, .low = 40000, .high = 40999};

		l.max_tw = 1000;
		l.tw = i;
		pressure_set_limits(&ports, &l);
		take_ports(1000 + i, i + 1);
	}
	render(SEC);
	assert_int_equal(lines_with("\ntcpdwell_port_pressure_ratio{"), 16);
	assert_int_equal(lines_with("\ntcpdwell_time_wait_buckets_ratio{"), 16);
	HAS("tcpdwell_ports_used" PAIR "\"1099\",netns=\"7\"} 100");
	HAS("tcpdwell_ports_used" PAIR "\"1084\",netns=\"7\"} 85");
	HAS("tcpdwell_time_wait_buckets_used{netns=\"99\"} 99");
	HAS("tcpdwell_time_wait_buckets_used{netns=\"84\"} 84");
}

static void who_it_is(void **unused)
{
	struct hello h = {.kernel = "6.1", .tier = "timer", .tier_reason = "no \"fentry\""};

	(void)unused;
	sink->ops->hello(sink, &h);
	render(SEC);
	HAS("tcpdwell_build_info{version=\"" TCPDWELL_VERSION "\"} 1");
	HAS("tcpdwell_tier_info{tier=\"timer\",reason=\"no \\\"fentry\\\"\",kernel=\"6.1\"} 1");
	assert_non_null(strstr(text, "\nprocess_resident_memory_bytes "));
	assert_non_null(strstr(text, "\nprocess_cpu_seconds_total "));
	assert_non_null(strstr(text, "\nprocess_open_fds "));
}

static json_t *stuck_json(__u64 now_ns)
{
	size_t len;
	char *got;
	FILE *f = open_memstream(&got, &len);
	json_t *j;

	metrics_stuck_json(sink, f, now_ns);
	fclose(f);
	j = json_loads(got, JSON_REJECT_DUPLICATES, NULL);
	if (!j)
		fail_msg("not JSON: %s", got);
	free(got);
	return j;
}

static void the_list(void **unused)
{
	const json_t *first;
	json_t *j;

	(void)unused;
	j = stuck_json(SEC);
	has_int(j, "count", 0);
	assert_int_equal(json_array_size(json_object_get(j, "stuck")), 0);
	json_decref(j);
	alert_of(1, "x\"\xff", 10 * SEC, ALERT_FIRING);
	alert_of(2, "y", 10 * SEC, ALERT_FIRING);
	j = stuck_json(90 * SEC);
	has_int(j, "count", 2);
	has_int(j, "listed", 2);
	first = json_array_get(json_object_get(j, "stuck"), 0);
	has_int(first, "stuck_ns", 80 * SEC);
	has_string(first, "type", "alert");
	has_string(first, "state", "CLOSE_WAIT");
	has_string(first, "laddr", "192.0.2.1");
	json_decref(j);
}

/* More than are listed: the count is still true, and so it stays when they go. */
static void a_long_list(void **unused)
{
	json_t *j;

	(void)unused;
	for (__u32 i = 0; i < STUCK_JSON_MAX + 5; i++)
		alert_of(i, "x", SEC, ALERT_FIRING);
	j = stuck_json(90 * SEC);
	has_int(j, "count", STUCK_JSON_MAX + 5);
	has_int(j, "listed", STUCK_JSON_MAX);
	assert_int_equal(json_array_size(json_object_get(j, "stuck")), STUCK_JSON_MAX);
	json_decref(j);
	for (__u32 i = 0; i < STUCK_JSON_MAX; i++)
		alert_of(i, "x", SEC, ALERT_RESOLVED);
	alert_of(STUCK_JSON_MAX + 9, "x", SEC, ALERT_FIRING);
	j = stuck_json(90 * SEC);
	has_int(j, "count", 6);
	has_int(j, "listed", 1);
	json_decref(j);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sockets_by_state), TEST(transitions),    TEST(dwell),
		TEST(stuck_sockets),	TEST(a_second_alert), TEST(many_processes),
		TEST(the_table),	TEST(hostile_names),  TEST(a_long_label),
		TEST(what_was_lost),	TEST(pressure),	      TEST(much_pressure),
		TEST(who_it_is),	TEST(the_list),	      TEST(a_long_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
