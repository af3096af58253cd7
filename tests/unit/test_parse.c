// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include <errno.h>
#include "model/names.h"
#include "util/parse.h"

#define UNTOUCHED 0xdeadbeefcafeULL

static void good_durations(void **unused)
{
	static const struct {
		const char *text;
		__u64 ns;
	} good[] = {
		{"0", 0},
		{"0s", 0},
		{"250ns", 250},
		{"10us", 10000},
		{"500ms", 500000000},
		{"90s", 90 * SEC},
		{"4m", 240 * SEC},
		{"2h", 7200 * SEC},
		{"3d", 259200 * SEC},
		{"1h30m", 5400 * SEC},
		{"1d2h3m4s5ms6us7ns", 93784005006007ULL},
		{"1.5s", 1500000000},
		{"0.5h", 1800 * SEC},
		{"1m0.25s", 60250000000ULL},
		{"0.000000001s", 1},
		{"1.500000000000s", 1500000000},
		{"007s", 7 * SEC},
		{"9223372036854775807ns", INT64_MAX},
	};

	(void)unused;
	for (size_t i = 0; i < N(good); i++) {
		__u64 ns = UNTOUCHED;

		if (parse_duration(good[i].text, &ns) || ns != good[i].ns)
			fail_msg("%s: %llu", good[i].text, (unsigned long long)ns);
	}
}

static void check_duration(const char *text, int err)
{
	__u64 ns = UNTOUCHED;
	int got = parse_duration(text, &ns);

	if (got != err || ns != UNTOUCHED)
		fail_msg("\"%s\": %d, %llu", text, got, (unsigned long long)ns);
}

static void bad_durations(void **unused)
{
	static const char *const bad[] = {
		"",
		"s",
		"1",
		"00",
		"60",
		"-1s",
		"+1s",
		" 1s",
		"1s ",
		"1 s",
		"1S",
		"1ss",
		"1sec",
		"1min",
		"0x10s",
		"1e3s",
		"nan",
		"inf",
		"nans",
		"infs",
		".5s",
		"1.s",
		"1..5s",
		"1,5s",
		"1.5.5s",
		"30m1h",
		"1s1s",
		"1.5h30m",
		"1h30",
		"1.5",
		"1.5ns",
		"0.0000000001s",
		"1\xc2\xb5s",
		"1s\n",
		"99999999999999999999",
		"1.2.s",
	};

	(void)unused;
	for (size_t i = 0; i < N(bad); i++)
		check_duration(bad[i], -EINVAL);
}

static void too_long_durations(void **unused)
{
	static const char *const big[] = {
		"9223372036854775808ns",
		"18446744073709551616ns",
		"18446744073709551615s",
		"99999999999999999999999999d",
		"106752d",
		"106751d23h48m",
		"9223372036.9s",
		"213503d23h34m33s709ms551us616ns",
	};

	(void)unused;
	for (size_t i = 0; i < N(big); i++)
		check_duration(big[i], -ERANGE);
}

static void ports(void **unused)
{
	__u16 port = 7;

	(void)unused;
	assert_int_equal(parse_port("1", &port), 0);
	assert_int_equal(port, 1);
	assert_int_equal(parse_port("65535", &port), 0);
	assert_int_equal(port, 65535);
	assert_int_equal(parse_port("0", &port), -ERANGE);
	assert_int_equal(parse_port("65536", &port), -ERANGE);
	assert_int_equal(parse_port("65617", &port), -ERANGE);
	assert_int_equal(parse_port("18446744073709551617", &port), -ERANGE);
	assert_int_equal(parse_port("-1", &port), -EINVAL);
	assert_int_equal(parse_port("0x50", &port), -EINVAL);
	assert_int_equal(parse_port("80,81", &port), -EINVAL);
	assert_int_equal(parse_port("http", &port), -EINVAL);
	assert_int_equal(parse_port("", &port), -EINVAL);
	assert_int_equal(port, 65535);
}

static void numbers(void **unused)
{
	__u64 v = UNTOUCHED;

	(void)unused;
	assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(parse_u64("18446744073709551616x", 0, UINT64_MAX, &v), -EINVAL);
	assert_int_equal(parse_u64("99999999999999999999999999", 0, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(parse_u64("4", 5, 6, &v), -ERANGE);
	assert_int_equal(parse_u64("7", 5, 6, &v), -ERANGE);
	assert_int_equal(parse_u64(" 5", 5, 6, &v), -EINVAL);
	assert_int_equal(parse_u64("5 ", 5, 6, &v), -EINVAL);
	assert_int_equal(parse_u64("+5", 5, 6, &v), -EINVAL);
	assert_int_equal(parse_u64("\xd9\xa5", 5, 6, &v), -EINVAL);
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(parse_u64("05", 5, 6, &v), 0);
	assert_int_equal(v, 5);
}

static void sizes(void **unused)
{
	static const struct {
		const char *text;
		__u64 bytes;
	} good[] = {
		{"0", 0},
		{"4096", 4096},
		{"4k", 4096},
		{"4K", 4096},
		{"4KiB", 4096},
		{"4kiB", 4096},
		{"16M", 16 << 20},
		{"16MiB", 16 << 20},
		{"1G", 1 << 30},
		{"2T", 2ULL << 40},
		{"16777215T", 16777215ULL << 40},
	};
	static const char *const bad[] = {
		"", "k", "4kb", "4KB", "4B", "4Ki", "4 k", "-4k", "1.5M", "4kk", "0x10", "4P",
	};
	__u64 v;

	(void)unused;
	for (size_t i = 0; i < N(good); i++)
		if (parse_size(good[i].text, &v) || v != good[i].bytes)
			fail_msg("%s", good[i].text);
	v = UNTOUCHED;
	for (size_t i = 0; i < N(bad); i++)
		if (parse_size(bad[i], &v) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(parse_size("16777216T", &v), -ERANGE);
	assert_int_equal(parse_size("18446744073709551616", &v), -ERANGE);
	assert_int_equal(v, UNTOUCHED);
}

static void check_cidr(const char *text, const char *net, unsigned int prefix)
{
	struct cidr c;
	__u8 addr[16], mask[16] = {0};

	set_addr(addr, net);
	for (unsigned int i = 0; i < prefix; i++)
		mask[i / 8] |= 128 >> i % 8;
	if (parse_cidr(text, &c))
		fail_msg("%s was refused", text);
	assert_memory_equal(c.net, addr, 16);
	assert_memory_equal(c.mask, mask, 16);
}

static void good_cidrs(void **unused)
{
	(void)unused;
	check_cidr("10.0.0.0/8", "10.0.0.0", 104);
	check_cidr("10.1.2.3", "10.1.2.3", 128);
	check_cidr("10.1.2.3/32", "10.1.2.3", 128);
	check_cidr("0.0.0.0/0", "0.0.0.0", 96);
	check_cidr("192.0.2.128/25", "192.0.2.128", 121);
	check_cidr("::/0", "::", 0);
	check_cidr("2001:db8::/32", "2001:db8::", 32);
	check_cidr("[::1]", "::1", 128);
	check_cidr("[2001:db8::]/33", "2001:db8::", 33);
	check_cidr("::ffff:10.0.0.0/104", "10.0.0.0", 104);
	check_cidr("1111:2222:3333:4444:5555:6666:255.255.255.255",
		   "1111:2222:3333:4444:5555:6666:255.255.255.255", 128);
}

static void bad_cidrs(void **unused)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/x",
		"10.0.0.1/8",
		"10.0.0.0/8/8",
		"10.0.0",
		"10.0.0.0.0",
		"010.0.0.1",
		"0x0a.0.0.1",
		"10.0.0.256",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		" 10.0.0.0/8",
		"[10.0.0.1]",
		"[::1",
		"::1]",
		"[]",
		"[",
		"[::1]x",
		"fe80::1%lo",
		"2001:db8::1/32",
		"localhost",
		":::",
		"1:2:3:4:5:6:7:8:9",
		"[2001:db8::/32]",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
	};
	static const char *const beyond[] = {"10.0.0.0/33", "::/129", "::/18446744073709551616"};
	struct cidr c, before;

	(void)unused;
	memset(&c, 0x55, sizeof(c));
	before = c;
	for (size_t i = 0; i < N(bad); i++)
		if (parse_cidr(bad[i], &c) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	for (size_t i = 0; i < N(beyond); i++)
		assert_int_equal(parse_cidr(beyond[i], &c), -ERANGE);
	assert_memory_equal(&c, &before, sizeof(c));
}

static void maxima(void **unused)
{
	unsigned int state = 99;
	__u64 ns = UNTOUCHED;

	(void)unused;
	assert_int_equal(parse_max("CLOSE_WAIT", state_by_name, &state, &ns), -EINVAL);
	assert_int_equal(parse_max("CLOSE_WAIT=", state_by_name, &state, &ns), -EINVAL);
	assert_int_equal(parse_max("=60s", state_by_name, &state, &ns), -EINVAL);
	assert_int_equal(parse_max("NO_STATE=60s", state_by_name, &state, &ns), -EINVAL);
	assert_int_equal(parse_max("CLOSE_WAIT=60", state_by_name, &state, &ns), -EINVAL);
	assert_int_equal(parse_max("CLOSE_WAIT=60s=1", state_by_name, &state, &ns), -EINVAL);
	assert_int_equal(parse_max("CLOSE_WAIT=999999d", state_by_name, &state, &ns), -ERANGE);
	assert_int_equal(parse_max("CLOSE_WAIT_CLOSE_WAIT_CLOSE_WAIT_CLOSE_WAIT=1s", state_by_name,
				   &state, &ns),
			 -EINVAL);
	assert_int_equal(state, 99);
	assert_int_equal(ns, UNTOUCHED);
	assert_int_equal(parse_max("close-wait=1m30s", state_by_name, &state, &ns), 0);
	assert_int_equal(state, ST_CLOSE_WAIT);
	assert_int_equal(ns, 90 * SEC);
}

/* Whatever comes in: an answer, and nothing read or written beside it. */
static void garbage(void **unused)
{
	static const char letters[] = "0123456789.:/[]hmsundkKMGiB-+ =%xfFCLOSE_WAIT\xff";
	uint64_t seed = 1;

	(void)unused;
	for (int i = 0; i < 200000; i++) {
		size_t n = next_random(&seed) % 24;
		char *text = malloc(n + 1);
		unsigned int state;
		struct cidr c;
		__u64 v;

		assert_non_null(text);
		for (size_t k = 0; k < n; k++)
			text[k] = letters[next_random(&seed) % (sizeof(letters) - 1)];
		text[n] = '\0';
		parse_duration(text, &v);
		parse_size(text, &v);
		parse_cidr(text, &c);
		parse_max(text, state_by_name, &state, &v);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_durations),
		cmocka_unit_test(bad_durations),
		cmocka_unit_test(too_long_durations),
		cmocka_unit_test(ports),
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(good_cidrs),
		cmocka_unit_test(bad_cidrs),
		cmocka_unit_test(maxima),
		cmocka_unit_test(garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
