// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include "out/fmt.h"

/* Room for everything, with a guard behind it. */
static char text[128];

static const char *finish(char *end, size_t max)
{
	assert_true(end >= text && (size_t)(end - text) <= max);
	*end = '\0';
	return text;
}

static uint64_t any_magnitude(uint64_t *seed)
{
	uint64_t v = next_random(seed);

	return v >> next_random(seed) % 64;
}

static void numbers(void **unused)
{
	uint64_t seed = 1;
	char want[32];

	(void)unused;
	for (int i = 0; i < 200000; i++) {
		uint64_t v = any_magnitude(&seed);

		snprintf(want, sizeof(want), "%" PRIu64, v);
		assert_string_equal(finish(fmt_u64(text, v), FMT_U64_MAX), want);
		snprintf(want, sizeof(want), "%" PRIx64, v);
		assert_string_equal(finish(fmt_hex(text, v), 16), want);
	}
	assert_string_equal(finish(fmt_u64(text, 0), 1), "0");
	assert_string_equal(finish(fmt_hex(text, 0), 1), "0");
	assert_string_equal(finish(fmt_u64(text, UINT64_MAX), 20), "18446744073709551615");
}

static void powers_of_ten(void **unused)
{
	char want[32];
	uint64_t v = 1;

	(void)unused;
	for (int i = 0; i < 20; i++, v *= 10)
		for (int d = -1; d <= 1; d++) {
			snprintf(want, sizeof(want), "%" PRIu64, v + d);
			assert_string_equal(finish(fmt_u64(text, v + d), 20), want);
		}
}

static void padded(void **unused)
{
	(void)unused;
	assert_string_equal(finish(fmt_digits(text, 7, 9), 9), "000000007");
	assert_string_equal(finish(fmt_digits(text, 999999999, 9), 9), "999999999");
	assert_string_equal(finish(fmt_digits(text, 7, 3), 3), "007");
	assert_string_equal(finish(fmt_digits(text, 42, 2), 2), "42");
}

/* inet_ntop() follows RFC 5952, but for mapped addresses, which are shown as IPv4. */
static void check_addr(const __u8 a[16])
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool four = !memcmp(a, mapped, sizeof(mapped));
	char want[INET6_ADDRSTRLEN];

	if (four)
		inet_ntop(AF_INET, a + 12, want, sizeof(want));
	else
		inet_ntop(AF_INET6, a, want, sizeof(want));
	assert_string_equal(finish(fmt_addr(text, a), FMT_ADDR_MAX), want);
}

static void addresses(void **unused)
{
	uint64_t seed = 2;

	(void)unused;
	for (int i = 0; i < 300000; i++) {
		uint64_t r[2] = {next_random(&seed), next_random(&seed)};
		uint64_t shape = next_random(&seed);
		__u8 a[16];

		memcpy(a, r, sizeof(a));
		/* runs of zero groups of all lengths in all places */
		for (int g = 0; g < 8; g++) {
			if (shape >> g & 1)
				a[2 * g] = a[2 * g + 1] = 0;
			if (shape >> (8 + g) & 1)
				a[2 * g] = 0;
		}
		if ((shape >> 16 & 7) == 0)
			memset(a, 0, 12);
		check_addr(a);
	}
}

static void every_run_of_zeros(void **unused)
{
	(void)unused;
	for (int mask = 0; mask < 256; mask++) {
		__u8 a[16];

		for (int g = 0; g < 8; g++) {
			a[2 * g] = 0;
			a[2 * g + 1] = mask >> g & 1 ? 0 : g + 1;
		}
		check_addr(a);
	}
}

static void every_ipv4_byte(void **unused)
{
	__u8 a[16];

	(void)unused;
	set_addr(a, "0.0.0.0");
	for (int i = 0; i < 256; i++) {
		a[12] = a[15] = i;
		a[13] = a[14] = 255 - i;
		check_addr(a);
	}
}

static const char *endpoint(const char *addr, __u16 port)
{
	__u8 a[16];

	set_addr(a, addr);
	return finish(fmt_endpoint(text, a, port), FMT_ENDPOINT_MAX);
}

static void endpoints(void **unused)
{
	(void)unused;
	assert_string_equal(endpoint("192.0.2.1", 80), "192.0.2.1:80");
	assert_string_equal(endpoint("0.0.0.0", 0), "0.0.0.0:*");
	assert_string_equal(endpoint("::", 65535), "[::]:65535");
	assert_string_equal(endpoint("2001:db8::1", 443), "[2001:db8::1]:443");
	assert_string_equal(endpoint("::ffff:192.0.2.1", 1), "192.0.2.1:1");
	assert_string_equal(endpoint("1111:2222:3333:4444:5555:6666:7777:8888", 65535),
			    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}

static void check_time(struct fmt_clock *c, int64_t ns)
{
	time_t sec = ns / (int64_t)SEC;
	char want[64];
	struct tm tm;
	size_t n;

	assert_non_null(gmtime_r(&sec, &tm));
	n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(want + n, sizeof(want) - n, ".%09uZ", (unsigned int)(ns % (int64_t)SEC));
	assert_string_equal(finish(fmt_time(text, c, ns), FMT_TIME_MAX), want);
}

static void times(void **unused)
{
	struct fmt_clock c = {0};
	uint64_t seed = 3;

	(void)unused;
	check_time(&c, 0);
	check_time(&c, 1);
	check_time(&c, INT64_MAX);
	for (int i = 0; i < 100000; i++) {
		int64_t ns = next_random(&seed) >> 1;

		check_time(&c, ns);
		/* the second that is remembered, and its neighbours */
		check_time(&c, ns ^ 0xffff);
		check_time(&c, ns < INT64_MAX - (int64_t)SEC ? ns + (int64_t)SEC : ns);
	}
}

static void every_day_there_is(void **unused)
{
	struct fmt_clock c = {0};

	(void)unused;
	for (int64_t day = 0; day < 106751; day++)
		check_time(&c, day * 86400 * (int64_t)SEC + 86399 * (int64_t)SEC);
}

static void clock_never_set(void **unused)
{
	struct fmt_clock c = {0};

	(void)unused;
	assert_string_equal(finish(fmt_time(text, &c, -5), FMT_TIME_MAX),
			    "1970-01-01T00:00:00.000000000Z");
	assert_string_equal(finish(fmt_time(text, &c, INT64_MIN), FMT_TIME_MAX),
			    "1970-01-01T00:00:00.000000000Z");
}

static void local_time(void **unused)
{
	struct fmt_clock c = {0};

	(void)unused;
	setenv("TZ", "XXX-05:30", 1);
	tzset();
	assert_string_equal(finish(fmt_time_local(text, &c, 0), FMT_CLOCK_MAX), "05:30:00.000");
	assert_string_equal(finish(fmt_time_local(text, &c, 999999999), FMT_CLOCK_MAX),
			    "05:30:00.999");
	assert_string_equal(finish(fmt_time_local(text, &c, 86399 * SEC), FMT_CLOCK_MAX),
			    "05:29:59.000");
}

static void durations(void **unused)
{
	static const struct {
		__u64 ns;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1ns"},
		{850, "850ns"},
		{999, "999ns"},
		{1000, "1us"},
		{1230, "1.23us"},
		{1999, "1.99us"},
		{12000, "12us"},
		{12345, "12.3us"},
		{999999, "999us"},
		{1000000, "1ms"},
		{1001000, "1ms"},
		{1050000, "1.05ms"},
		{300000000, "300ms"},
		{999999999, "999ms"},
		{SEC, "1s"},
		{4210000000, "4.21s"},
		{4200000000, "4.2s"},
		{59999999999, "59.9s"},
		{60 * SEC, "1m00s"},
		{252 * SEC, "4m12s"},
		{3600 * SEC - 1, "59m59s"},
		{7500 * SEC, "2h05m"},
		{86400 * SEC - 1, "23h59m"},
		{273600 * SEC, "3d04h"},
		{86400 * SEC * 999, "999d00h"},
		{86400 * SEC * 1000, "1000d"},
		{UINT64_MAX, "213503d"},
	};

	(void)unused;
	for (size_t i = 0; i < N(cases); i++)
		assert_string_equal(finish(fmt_duration(text, cases[i].ns), FMT_DURATION_MAX),
				    cases[i].text);
}

/* What is printed reads back as at most the value, and less by no more than a hundredth. */
static void durations_are_cut_off(void **unused)
{
	uint64_t seed = 4;

	(void)unused;
	for (int i = 0; i < 100000; i++) {
		uint64_t ns = any_magnitude(&seed) % (60 * SEC);
		const char *unit;
		double v;
		char *end;

		finish(fmt_duration(text, ns), FMT_DURATION_MAX);
		v = strtod(text, &end);
		unit = end;
		v *= *unit == 'n' ? 1 : *unit == 'u' ? 1e3 : *unit == 'm' ? 1e6 : 1e9;
		if (v > ns + 0.5 || v < ns * 0.99 - 0.5)
			fail_msg("%" PRIu64 " ns became %s", ns, text);
	}
}

static void thresholds(void **unused)
{
	(void)unused;
	assert_string_equal(finish(fmt_threshold(text, 60 * SEC), 7), "60s");
	assert_string_equal(finish(fmt_threshold(text, 61 * SEC), 7), "61s");
	assert_string_equal(finish(fmt_threshold(text, 90 * SEC), 7), "90s");
	assert_string_equal(finish(fmt_threshold(text, 240 * SEC), 7), "4m");
	assert_string_equal(finish(fmt_threshold(text, 250 * SEC), 7), "4m10s");
	assert_string_equal(finish(fmt_threshold(text, 7200 * SEC), 7), "2h");
	assert_string_equal(finish(fmt_threshold(text, 5400 * SEC), 7), "90m");
	assert_string_equal(finish(fmt_threshold(text, 86400 * SEC), 7), "1d00h");
	assert_string_equal(finish(fmt_threshold(text, 500 * SEC / 1000), 7), "500ms");
	assert_string_equal(finish(fmt_threshold(text, 0), 7), "0");
	assert_string_equal(finish(fmt_threshold(text, UINT64_MAX), 7), "213503d");
}

static void sizes(void **unused)
{
	uint64_t seed = 5;

	(void)unused;
	assert_string_equal(finish(fmt_size(text, 0), 5), "0");
	assert_string_equal(finish(fmt_size(text, 1023), 5), "1023");
	assert_string_equal(finish(fmt_size(text, 1024), 5), "1.0K");
	assert_string_equal(finish(fmt_size(text, 4300), 5), "4.1K");
	assert_string_equal(finish(fmt_size(text, (10 << 10) - 1), 5), "9.9K");
	assert_string_equal(finish(fmt_size(text, 10 << 10), 5), "10K");
	assert_string_equal(finish(fmt_size(text, (1 << 20) - 1), 5), "1023K");
	assert_string_equal(finish(fmt_size(text, 1 << 20), 5), "1.0M");
	assert_string_equal(finish(fmt_size(text, UINT64_MAX), 5), "15E");
	for (int i = 0; i < 10000; i++)
		finish(fmt_size(text, any_magnitude(&seed)), FMT_SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(powers_of_ten),
		cmocka_unit_test(padded),
		cmocka_unit_test(addresses),
		cmocka_unit_test(every_run_of_zeros),
		cmocka_unit_test(every_ipv4_byte),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(times),
		cmocka_unit_test(every_day_there_is),
		cmocka_unit_test(clock_never_set),
		cmocka_unit_test(local_time),
		cmocka_unit_test(durations),
		cmocka_unit_test(durations_are_cut_off),
		cmocka_unit_test(thresholds),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
