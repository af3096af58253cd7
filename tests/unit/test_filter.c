// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include "filter.h"
#include "util/parse.h"

static struct flow flow_of(const char *laddr, __u16 lport, const char *raddr, __u16 rport)
{
	struct flow w = {.lport = lport, .rport = rport, .netns = 11};
	__u8 l[16], r[16];

	set_addr(l, laddr);
	set_addr(r, raddr);
	memcpy(w.laddr, l, sizeof(l));
	memcpy(w.raddr, r, sizeof(r));
	w.family = strchr(laddr, ':') ? 6 : 4;
	return w;
}

static void nothing_asked(void **unused)
{
	struct filter f = {0};
	struct sock_ident id = {0};
	struct flow w = flow_of("10.0.0.1", 0, "10.0.0.2", 80);

	(void)unused;
	assert_int_equal(filter_flow(&f, &w), MATCH_YES);
	assert_true(filter_owner(&f, &id.owner));
	assert_true(filter_step(&f, ST_CLOSE, ST_LISTEN, 0));
	assert_false(filter_by_owner(&f));
	assert_false(filter_by_flow(&f));
}

static void families(void **unused)
{
	struct filter f = {.family = 4};
	struct flow four = flow_of("10.0.0.1", 1, "10.0.0.2", 2);
	struct flow six = flow_of("::1", 1, "::1", 2);
	struct flow mapped = four;

	(void)unused;
	mapped.family = 6;
	assert_true(filter_by_flow(&f));
	assert_int_equal(filter_flow(&f, &four), MATCH_YES);
	assert_int_equal(filter_flow(&f, &six), MATCH_NO);
	assert_int_equal(filter_flow(&f, &mapped), MATCH_NO);
	f.family = 6;
	assert_int_equal(filter_flow(&f, &four), MATCH_NO);
	assert_int_equal(filter_flow(&f, &six), MATCH_YES);
	assert_int_equal(filter_flow(&f, &mapped), MATCH_YES);
}

static int cidr_matches(const char *cidr, const struct flow *w)
{
	struct filter f = {.n_addr = 1};

	assert_int_equal(parse_cidr(cidr, &f.addr[0]), 0);
	return filter_flow(&f, w) == MATCH_YES;
}

static void addresses(void **unused)
{
	struct flow w = flow_of("10.1.2.3", 1, "192.0.2.200", 2);
	struct flow six = flow_of("2001:db8::1", 1, "2001:db8:8000::2", 2);

	(void)unused;
	assert_true(cidr_matches("10.0.0.0/8", &w));
	assert_true(cidr_matches("10.1.2.3", &w));
	assert_true(cidr_matches("192.0.2.128/25", &w));
	assert_false(cidr_matches("192.0.2.0/25", &w));
	assert_false(cidr_matches("11.0.0.0/8", &w));
	assert_true(cidr_matches("0.0.0.0/0", &w));
	assert_true(cidr_matches("::ffff:0:0/96", &w));
	assert_true(cidr_matches("::ffff:10.1.0.0/112", &w));
	assert_false(cidr_matches("::ffff:11.1.0.0/112", &w));
	assert_false(cidr_matches("2001:db8::/32", &w));
	assert_true(cidr_matches("2001:db8::/32", &six));
	assert_true(cidr_matches("2001:db8:8000::/33", &six));
	assert_false(cidr_matches("2001:db9::/32", &six));
	assert_false(cidr_matches("2001:db8::3", &six));
	assert_false(cidr_matches("0.0.0.0/0", &six));
	/* an IPv4-mapped socket is matched by the IPv4 prefix */
	w.family = 6;
	assert_true(cidr_matches("10.0.0.0/8", &w));
	assert_true(cidr_matches("::ffff:0:0/96", &w));
}

/* What is wider than IPv4's own block is of IPv6 alone. */
static void wide_blocks(void **unused)
{
	static const char *const wide[] = {"::/0", "::/1", "::/64", "::/80", "::fffe:0:0/95"};
	struct flow four = flow_of("10.1.2.3", 1, "192.0.2.200", 2), mapped = four;
	struct flow any = flow_of("0.0.0.0", 1, "0.0.0.0", 0);
	struct flow dual = flow_of("::", 1, "10.1.2.3", 2);

	(void)unused;
	mapped.family = 6;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		assert_false(cidr_matches(wide[i], &four));
		assert_false(cidr_matches(wide[i], &mapped));
		assert_false(cidr_matches(wide[i], &any));
	}
	for (size_t i = 0; i < 4; i++)
		assert_true(cidr_matches(wide[i], &dual));
	four = flow_of("::1", 1, "::1", 2);
	assert_true(cidr_matches("::/0", &four));
	assert_true(cidr_matches("::/127", &four));
	four = flow_of("2001:db8::ffff:a01:203", 1, "2001:db8::1", 2);
	assert_true(cidr_matches("::/0", &four));
	assert_true(cidr_matches("2001:db8::/64", &four));
	four = flow_of("::fffe:a01:203", 1, "::fffe:a01:204", 2);
	assert_true(cidr_matches("::/0", &four));
	assert_true(cidr_matches("::fffe:0:0/95", &four));
}

static void addresses_are_alternatives(void **unused)
{
	struct filter f = {.n_addr = 2};
	struct flow w = flow_of("10.1.2.3", 1, "192.0.2.1", 2);

	(void)unused;
	assert_int_equal(parse_cidr("172.16.0.0/12", &f.addr[0]), 0);
	assert_int_equal(parse_cidr("192.0.2.0/24", &f.addr[1]), 0);
	assert_int_equal(filter_flow(&f, &w), MATCH_YES);
	f.n_addr = 1;
	assert_int_equal(filter_flow(&f, &w), MATCH_NO);
}

static void ports(void **unused)
{
	struct filter f = {.n_port = 2, .port = {80, 443}};

	(void)unused;
	assert_int_equal(filter_ports(&f, 5000, 443), MATCH_YES);
	assert_int_equal(filter_ports(&f, 80, 5000), MATCH_YES);
	assert_int_equal(filter_ports(&f, 5000, 5001), MATCH_NO);
	f = (struct filter){.n_rport = 1, .rport = {443}};
	assert_int_equal(filter_ports(&f, 5000, 443), MATCH_YES);
	assert_int_equal(filter_ports(&f, 443, 5000), MATCH_NO);
	f = (struct filter){.n_lport = 1, .lport = {443}};
	assert_int_equal(filter_ports(&f, 5000, 443), MATCH_NO);
	assert_int_equal(filter_ports(&f, 443, 5000), MATCH_YES);
}

static void different_options_all_hold(void **unused)
{
	struct filter f = {
		.n_lport = 1,
		.lport = {1000},
		.n_rport = 1,
		.rport = {443},
		.n_port = 1,
		.port = {443},
	};

	(void)unused;
	assert_int_equal(filter_ports(&f, 1000, 443), MATCH_YES);
	assert_int_equal(filter_ports(&f, 1001, 443), MATCH_NO);
	assert_int_equal(filter_ports(&f, 1000, 444), MATCH_NO);
	f.port[0] = 80;
	assert_int_equal(filter_ports(&f, 1000, 443), MATCH_NO);
}

/* CLOSE -> SYN_SENT: the local port is 0 until it is chosen. */
static void local_port_to_come(void **unused)
{
	struct filter f = {.n_lport = 1, .lport = {5000}};

	(void)unused;
	assert_int_equal(filter_ports(&f, 0, 443), MATCH_LATER);
	f.n_rport = 1;
	f.rport[0] = 443;
	assert_int_equal(filter_ports(&f, 0, 443), MATCH_LATER);
	assert_int_equal(filter_ports(&f, 0, 80), MATCH_NO);
	f = (struct filter){.n_port = 1, .port = {5000}};
	assert_int_equal(filter_ports(&f, 0, 5000), MATCH_YES);
	assert_int_equal(filter_ports(&f, 0, 443), MATCH_LATER);
	f = (struct filter){.n_rport = 1, .rport = {443}};
	assert_int_equal(filter_ports(&f, 0, 443), MATCH_YES);
}

static void namespaces(void **unused)
{
	struct filter f = {.n_netns = 2, .netns = {10, 11}};
	struct flow w = flow_of("10.0.0.1", 1, "10.0.0.2", 2);

	(void)unused;
	assert_int_equal(filter_flow(&f, &w), MATCH_YES);
	w.netns = 12;
	assert_int_equal(filter_flow(&f, &w), MATCH_NO);
}

static void owners(void **unused)
{
	struct filter f = {.n_pid = 2, .pid = {7, 100}};
	struct sock_ident id = {.owner = {.pid = 100, .tid = 101, .comm = "nginx"}};
	struct sock_owner *o = &id.owner;

	(void)unused;
	assert_true(filter_by_owner(&f));
	assert_true(filter_owner(&f, o));
	f.pid[1] = 101;
	assert_true(filter_owner(&f, o));
	f.pid[1] = 102;
	assert_false(filter_owner(&f, o));
	f.n_pid = 0;
	f.n_comm = 1;
	strcpy(f.comm[0], "nginx");
	assert_true(filter_by_owner(&f));
	assert_true(filter_owner(&f, o));
	strcpy(f.comm[0], "ngin");
	assert_false(filter_owner(&f, o));
	strcpy(f.comm[0], "nginx-worker-ab");
	assert_false(filter_owner(&f, o));
	memcpy(o->comm, "nginx-worker-ab", COMM_LEN);
	assert_true(filter_owner(&f, o));
	f.n_pid = 1;
	assert_false(filter_owner(&f, o));
}

static void steps(void **unused)
{
	struct filter f = {.states = ST_BIT(ST_CLOSE_WAIT) | ST_BIT(ST_TIME_WAIT)};

	(void)unused;
	assert_true(filter_step(&f, ST_ESTABLISHED, ST_CLOSE_WAIT, 0));
	assert_true(filter_step(&f, ST_CLOSE_WAIT, ST_LAST_ACK, 0));
	assert_true(filter_step(&f, ST_TIME_WAIT, ST_TIME_WAIT, 0));
	assert_false(filter_step(&f, ST_ESTABLISHED, ST_FIN_WAIT1, 0));
	f.min_dwell_ns = 1000;
	assert_false(filter_step(&f, ST_CLOSE_WAIT, ST_LAST_ACK, 999));
	assert_true(filter_step(&f, ST_CLOSE_WAIT, ST_LAST_ACK, 1000));
}

static void lists_end_at_their_size(void **unused)
{
	struct filter f = {.n_port = 255};

	(void)unused;
	for (int i = 0; i < FILTER_MAX; i++)
		f.port[i] = 80;
	f.lport[0] = 81;
	assert_int_equal(filter_ports(&f, 81, 82), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked),
		cmocka_unit_test(families),
		cmocka_unit_test(addresses),
		cmocka_unit_test(wide_blocks),
		cmocka_unit_test(addresses_are_alternatives),
		cmocka_unit_test(ports),
		cmocka_unit_test(different_options_all_hold),
		cmocka_unit_test(local_port_to_come),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(owners),
		cmocka_unit_test(steps),
		cmocka_unit_test(lists_end_at_their_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
