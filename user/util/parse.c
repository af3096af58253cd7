// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* By hand and not by strtoul() and strtod(): these take blanks, signs, "0x",
 * "nan" and the locale's decimal point. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "util/parse.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits from *text on; -EINVAL without any, -ERANGE past 64 bits. */
static int take_number(const char **text, __u64 *out)
{
	const char *p = *text;
	bool over = false;
	__u64 v = 0;

	if (!is_digit(*p))
		return -EINVAL;
	for (; is_digit(*p); p++)
		over |= __builtin_mul_overflow(v, (__u64)10, &v) ||
			__builtin_add_overflow(v, (__u64)(*p - '0'), &v);
	*text = p;
	*out = v;
	return over ? -ERANGE : 0;
}

int parse_u64(const char *text, __u64 min, __u64 max, __u64 *out)
{
	__u64 v = 0;
	int err = take_number(&text, &v);

	if (err == -EINVAL || *text)
		return -EINVAL;
	if (err || v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int parse_port(const char *text, __u16 *port)
{
	__u64 v;
	int err = parse_u64(text, 1, 65535, &v);

	if (!err)
		*port = v;
	return err;
}

static const struct unit {
	char name[3];
	__u64 ns;
} units[] = {
	{"d", 86400000000000ULL},
	{"h", 3600000000000ULL},
	{"m", 60000000000ULL},
	{"s", 1000000000ULL},
	{"ms", 1000000ULL},
	{"us", 1000ULL},
	{"ns", 1ULL},
};

#define NUNITS ((int)(sizeof(units) / sizeof(units[0])))

/* The letters at *text as an index into units[], or -EINVAL. */
static int take_unit(const char **text)
{
	size_t n = 0;

	while ((*text)[n] && !is_digit((*text)[n]))
		n++;
	for (int i = 0; i < NUNITS; i++)
		if (strlen(units[i].name) == n && !memcmp(*text, units[i].name, n)) {
			*text += n;
			return i;
		}
	return -EINVAL;
}

/* The digits after a point, in ns; what is finer than a ns is refused. */
static int fraction(const char *digits, size_t n, __u64 unit_ns, __u64 *ns)
{
	*ns = 0;
	for (size_t i = 0; i < n; i++) {
		if (unit_ns % 10 && digits[i] != '0')
			return -EINVAL;
		unit_ns /= 10;
		*ns += unit_ns * (digits[i] - '0');
	}
	return 0;
}

/* One "1.5s" of a duration; *unit is the one before it, and becomes this one. */
static int take_part(const char **text, int *unit, __u64 *ns)
{
	const char *digits = NULL;
	__u64 whole, part = 0;
	size_t n = 0;
	int i, range = take_number(text, &whole);

	if (range == -EINVAL)
		return -EINVAL;
	if (**text == '.') {
		for (digits = ++*text; is_digit(**text); ++*text)
			n++;
		if (!n)
			return -EINVAL;
	}
	i = take_unit(text);
	/* "1h30m", but neither "30m1h" nor "1.5h30m" */
	if (i < 0 || i <= *unit || (digits && **text))
		return -EINVAL;
	if (digits && fraction(digits, n, units[i].ns, &part))
		return -EINVAL;
	*unit = i;
	if (range || __builtin_mul_overflow(whole, units[i].ns, &whole) ||
	    __builtin_add_overflow(whole, part, &part))
		return -ERANGE;
	*ns = part;
	return 0;
}

/* At most 2^63 - 1, so that a time and a duration can be added. */
int parse_duration(const char *text, __u64 *ns)
{
	__u64 total = 0;
	bool over = false;
	int unit = -1;

	if (!strcmp(text, "0")) {
		*ns = 0;
		return 0;
	}
	do {
		__u64 part = 0;
		int err = take_part(&text, &unit, &part);

		if (err == -EINVAL)
			return err;
		over |= err || __builtin_add_overflow(total, part, &total);
	} while (*text);
	if (over || total > INT64_MAX)
		return -ERANGE;
	*ns = total;
	return 0;
}

/* log2 of "", "k", "KiB", "M"...; "KB" means two things, and is refused. */
static int size_shift(const char *suffix)
{
	static const char letters[] = "kKmMgGtT";
	const char *at;

	if (!*suffix)
		return 0;
	at = strchr(letters, *suffix);
	if (!at || (suffix[1] && strcmp(suffix + 1, "iB")))
		return -EINVAL;
	return 10 * ((at - letters) / 2 + 1);
}

int parse_size(const char *text, __u64 *bytes)
{
	__u64 v;
	int shift, err = take_number(&text, &v);

	if (err == -EINVAL)
		return err;
	shift = size_shift(text);
	if (shift < 0)
		return shift;
	if (err || v > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = v << shift;
	return 0;
}

/* An address without prefix; *bits: how long a prefix of its kind can be. */
static int take_addr(char *text, __u8 addr[16], unsigned int *bits)
{
	size_t n = strlen(text);
	bool bracket = text[0] == '[';

	if (bracket) {
		if (text[n - 1] != ']')
			return -EINVAL;
		text[n - 1] = '\0';
		text++;
	}
	*bits = 128;
	if (inet_pton(AF_INET6, text, addr) == 1)
		return 0;
	*bits = 32;
	memset(addr, 0, 10);
	memset(addr + 10, 0xff, 2);
	return !bracket && inet_pton(AF_INET, text, addr + 12) == 1 ? 0 : -EINVAL;
}

static int fill_cidr(const __u8 addr[16], unsigned int prefix, struct cidr *out)
{
	__u8 mask[16] = {0};

	for (unsigned int i = 0; i < prefix; i++)
		mask[i / 8] |= 0x80 >> i % 8;
	for (int i = 0; i < 16; i++)
		if (addr[i] & ~mask[i])
			return -EINVAL;
	memcpy(out->net, addr, sizeof(out->net));
	memcpy(out->mask, mask, sizeof(out->mask));
	return 0;
}

int parse_cidr(const char *text, struct cidr *out)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char buf[INET6_ADDRSTRLEN + 2];
	unsigned int bits;
	__u64 prefix;
	__u8 addr[16];
	int err;

	if (!n || n >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, n);
	buf[n] = '\0';
	err = take_addr(buf, addr, &bits);
	if (err)
		return err;
	prefix = bits;
	err = slash ? parse_u64(slash + 1, 0, bits, &prefix) : 0;
	return err ? err : fill_cidr(addr, prefix + 128 - bits, out);
}

int parse_max(const char *text, unsigned int (*by_name)(const char *), unsigned int *state,
	      __u64 *ns)
{
	const char *eq = strchr(text, '=');
	char name[32];
	unsigned int found;
	int err;
	__u64 v;

	if (!eq || (size_t)(eq - text) >= sizeof(name))
		return -EINVAL;
	memcpy(name, text, eq - text);
	name[eq - text] = '\0';
	found = by_name(name);
	if (!found)
		return -EINVAL;
	err = parse_duration(eq + 1, &v);
	if (err)
		return err;
	*state = found;
	*ns = v;
	return 0;
}
