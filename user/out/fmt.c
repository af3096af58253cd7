// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <time.h>
#include "out/fmt.h"

#define NS_SEC 1000000000LL
#define DAY 86400

static const char digit_pairs[] = "00010203040506070809"
				  "10111213141516171819"
				  "20212223242526272829"
				  "30313233343536373839"
				  "40414243444546474849"
				  "50515253545556575859"
				  "60616263646566676869"
				  "70717273747576777879"
				  "80818283848586878889"
				  "90919293949596979899";
static const char hex_digits[] = "0123456789abcdef";

char *fmt_str(char *p, const char *s)
{
	return stpcpy(p, s);
}

/* By the number of bits, times log10(2), which is one too few at most: the table tells. */
static unsigned int count_digits(__u64 v)
{
	static const __u64 power[] = {
		0,
		10,
		100,
		1000,
		10000,
		100000,
		1000000,
		10000000,
		100000000,
		1000000000,
		10000000000,
		100000000000,
		1000000000000,
		10000000000000,
		100000000000000,
		1000000000000000,
		10000000000000000,
		100000000000000000,
		1000000000000000000,
		10000000000000000000U,
	};
	unsigned int n = (64 - __builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= power[n]);
}

static inline void put_pair(char *p, __u32 v)
{
	memcpy(p, digit_pairs + v * 2, 2);
}

char *fmt_u64(char *p, __u64 v)
{
	char *end = p + count_digits(v), *at = end;

	while (v >= 10000) {
		__u32 low = v % 10000;

		v /= 10000;
		at -= 4;
		put_pair(at, low / 100);
		put_pair(at + 2, low % 100);
	}
	if (v >= 100) {
		at -= 2;
		put_pair(at, v % 100);
		v /= 100;
	}
	if (v >= 10)
		put_pair(at - 2, v);
	else
		at[-1] = '0' + v;
	return end;
}

char *fmt_hex(char *p, __u64 v)
{
	int shift = v ? (63 - __builtin_clzll(v)) & ~3 : 0;

	for (; shift >= 0; shift -= 4)
		*p++ = hex_digits[v >> shift & 15];
	return p;
}

char *fmt_digits(char *p, __u32 v, int digits)
{
	int i = digits;

	for (; i >= 2; i -= 2) {
		memcpy(p + i - 2, digit_pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (i)
		*p = '0' + v % 10;
	return p + digits;
}

/*
 * Addresses
 */

static char *fmt_byte(char *p, __u8 v)
{
	if (v >= 100) {
		*p++ = '0' + v / 100;
		v %= 100;
		memcpy(p, digit_pairs + v * 2, 2);
		return p + 2;
	}
	if (v >= 10) {
		memcpy(p, digit_pairs + v * 2, 2);
		return p + 2;
	}
	*p = '0' + v;
	return p + 1;
}

static char *fmt_ipv4(char *p, const __u8 a[4])
{
	p = fmt_byte(p, a[0]);
	*p++ = '.';
	p = fmt_byte(p, a[1]);
	*p++ = '.';
	p = fmt_byte(p, a[2]);
	*p++ = '.';
	return fmt_byte(p, a[3]);
}

static bool is_mapped(const __u8 a[16])
{
	static const __u8 prefix[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(a, prefix, sizeof(prefix));
}

static __u16 group(const __u8 a[16], int i)
{
	return a[2 * i] << 8 | a[2 * i + 1];
}

/*
 * The longest run of zero groups, the first of equals (RFC 5952 section 4.2.3).
 * A run of one is not shortened (4.2.2): then *len is 0.
 */
static int longest_zeros(const __u8 a[16], int *len)
{
	int best = 0, run = 0;

	*len = 1;
	for (int i = 0; i < 8; i++) {
		run = group(a, i) ? 0 : run + 1;
		if (run > *len) {
			*len = run;
			best = i - run + 1;
		}
	}
	if (*len == 1)
		*len = 0;
	return best;
}

static char *fmt_ipv6(char *p, const __u8 a[16])
{
	int len, at = longest_zeros(a, &len);

	for (int i = 0; i < 8; i++) {
		if (len && i == at) {
			*p++ = ':';
			*p++ = ':';
			i += len - 1;
			continue;
		}
		if (i && !(len && i == at + len))
			*p++ = ':';
		/* The old IPv4-compatible form, as inet_ntop() and so ss have it. */
		if (i == 6 && len == 6 && !at)
			return fmt_ipv4(p, a + 12);
		p = fmt_hex(p, group(a, i));
	}
	return p;
}

char *fmt_addr(char *p, const __u8 addr[16])
{
	return is_mapped(addr) ? fmt_ipv4(p, addr + 12) : fmt_ipv6(p, addr);
}

char *fmt_endpoint(char *p, const __u8 addr[16], __u16 port)
{
	bool four = is_mapped(addr);

	if (!four)
		*p++ = '[';
	p = fmt_addr(p, addr);
	if (!four)
		*p++ = ']';
	*p++ = ':';
	if (port)
		return fmt_u64(p, port);
	*p = '*';
	return p + 1;
}

/*
 * Time
 */

/*
 * Day number since 1970-01-01 to a date, by counting years from the first of
 * March, so that the leap day is the last of its year.
 */
static char *fmt_date(char *p, __u32 day)
{
	__u32 z = day + 719468; /* since 0000-03-01 */
	__u32 era = z / 146097, doe = z % 146097;
	__u32 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	__u32 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	__u32 mp = (5 * doy + 2) / 153;
	__u32 month = mp < 10 ? mp + 3 : mp - 9;

	p = fmt_digits(p, yoe + era * 400 + (month <= 2), 4);
	*p++ = '-';
	p = fmt_digits(p, month, 2);
	*p++ = '-';
	return fmt_digits(p, doy - (153 * mp + 2) / 5 + 1, 2);
}

static char *fmt_hms(char *p, __u32 h, __u32 m, __u32 s)
{
	p = fmt_digits(p, h, 2);
	*p++ = ':';
	p = fmt_digits(p, m, 2);
	*p++ = ':';
	p = fmt_digits(p, s, 2);
	*p++ = '.';
	return p;
}

char *fmt_time(char *p, struct fmt_clock *c, __s64 real_ns)
{
	__s64 sec = real_ns / NS_SEC;

	/* Before 1970 only where the clock was never set. */
	if (real_ns < 0)
		real_ns = sec = 0;
	if (sec != c->sec || !c->len) {
		char *t = fmt_date(c->text, sec / DAY);

		*t++ = 'T';
		fmt_hms(t, sec % DAY / 3600, sec % 3600 / 60, sec % 60);
		c->sec = sec;
		c->len = 20;
	}
	memcpy(p, c->text, 20);
	p = fmt_digits(p + 20, real_ns % NS_SEC, 9);
	*p = 'Z';
	return p + 1;
}

char *fmt_time_local(char *p, struct fmt_clock *c, __s64 real_ns)
{
	__s64 sec = real_ns / NS_SEC;

	if (real_ns < 0)
		real_ns = sec = 0;
	if (sec != c->sec || !c->len) {
		time_t t = sec;
		struct tm tm;

		localtime_r(&t, &tm);
		fmt_hms(c->text, tm.tm_hour, tm.tm_min, tm.tm_sec);
		c->sec = sec;
		c->len = 9;
	}
	memcpy(p, c->text, 9);
	return fmt_digits(p + 9, real_ns % NS_SEC / 1000000, 3);
}

/*
 * Durations and sizes
 */

/* v in units of 1/1000 of what is printed, below 1000 * 1000: three digits that count. */
static char *fmt_three(char *p, __u32 v)
{
	int decimals = v < 10000 ? 2 : v < 100000 ? 1 : 0;
	__u32 rest = v % 1000 / 10;

	p = fmt_u64(p, v / 1000);
	if (decimals == 1)
		rest = rest / 10 * 10;
	if (!decimals || !rest)
		return p;
	*p++ = '.';
	*p++ = '0' + rest / 10;
	if (rest % 10)
		*p++ = '0' + rest % 10;
	return p;
}

static char *fmt_two(char *p, __u64 big, char unit, __u32 small, char small_unit)
{
	p = fmt_u64(p, big);
	*p++ = unit;
	p = fmt_digits(p, small, 2);
	*p++ = small_unit;
	return p;
}

char *fmt_duration(char *p, __u64 ns)
{
	__u64 sec = ns / NS_SEC;

	if (!ns)
		return FMT_LIT(p, "0");
	if (ns < 1000)
		return FMT_LIT(fmt_u64(p, ns), "ns");
	if (ns < 1000000)
		return FMT_LIT(fmt_three(p, ns), "us");
	if (ns < NS_SEC)
		return FMT_LIT(fmt_three(p, ns / 1000), "ms");
	if (sec < 60)
		return FMT_LIT(fmt_three(p, ns / 1000000), "s");
	if (sec < 3600)
		return fmt_two(p, sec / 60, 'm', sec % 60, 's');
	if (sec < DAY)
		return fmt_two(p, sec / 3600, 'h', sec % 3600 / 60, 'm');
	if (sec < 1000 * DAY)
		return fmt_two(p, sec / DAY, 'd', sec % DAY / 3600, 'h');
	return FMT_LIT(fmt_u64(p, sec / DAY), "d");
}

char *fmt_threshold(char *p, __u64 ns)
{
	__u64 sec = ns / NS_SEC;

	if (ns % NS_SEC || !sec || sec >= DAY)
		return fmt_duration(p, ns);
	if (sec % 3600 == 0)
		return FMT_LIT(fmt_u64(p, sec / 3600), "h");
	if (sec % 60 == 0 && sec > 60)
		return FMT_LIT(fmt_u64(p, sec / 60), "m");
	return sec < 120 ? FMT_LIT(fmt_u64(p, sec), "s") : fmt_duration(p, ns);
}

char *fmt_size(char *p, __u64 bytes)
{
	static const char units[] = "KMGTPE";
	int unit = 0;

	if (bytes < 1024)
		return fmt_u64(p, bytes);
	for (; bytes >= 1024 << 10; unit++)
		bytes >>= 10;
	p = fmt_u64(p, bytes >> 10);
	if (bytes < 10 << 10) {
		*p++ = '.';
		*p++ = '0' + (bytes % 1024) * 10 / 1024;
	}
	*p++ = units[unit];
	return p;
}
