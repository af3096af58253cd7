// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <string.h>
#include <linux/types.h>
#include "out/escape.h"

static const char hex[] = "0123456789abcdef";

/* Bytes of the valid UTF-8 character at s (RFC 3629 section 4), 0 if there is none. */
static int utf8_char(const unsigned char *s, size_t n, __u32 *cp)
{
	static const __u32 least[] = {0, 0, 0x80, 0x800, 0x10000};
	int len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	__u32 c;

	if (!len || s[0] > 0xf4 || (size_t)len > n)
		return 0;
	c = len == 1 ? s[0] : s[0] & (0x7f >> len);
	for (int i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*cp = c;
	return len;
}

struct range {
	__u32 first;
	__u32 last;
};

static bool in_ranges(const struct range *r, size_t n, __u32 c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

#define IN(table, c) in_ranges(table, sizeof(table) / sizeof((table)[0]), c)

/*
 * Controls, and the format characters (general category Cf, with the line and
 * paragraph separators) that reorder, hide or break text.
 */
static bool acts_on_terminal(__u32 c)
{
	static const struct range ranges[] = {
		{0x0, 0x1f},	  {0x7f, 0x9f},	    {0xad, 0xad},	{0x600, 0x605},
		{0x61c, 0x61c},	  {0x6dd, 0x6dd},   {0x70f, 0x70f},	{0x115f, 0x1160},
		{0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f},	{0x2028, 0x202e},
		{0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},	{0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
	};

	return c < 0x20 || (c >= 0x7f && IN(ranges, c));
}

static bool is_wide(__u32 c)
{
	static const struct range ranges[] = {
		{0x1100, 0x11ff},   {0x2300, 0x23ff},	{0x25a0, 0x27bf},   {0x2b00, 0x2bff},
		{0x2e80, 0xa4cf},   {0xa960, 0xa97f},	{0xac00, 0xd7ff},   {0xf900, 0xfaff},
		{0xfe10, 0xfe6f},   {0xff00, 0xff60},	{0xffe0, 0xffe6},   {0x16fe0, 0x1b2ff},
		{0x1d300, 0x1d37f}, {0x1f000, 0x1fbff}, {0x20000, 0x3ffff},
	};

	return c >= 0x1100 && IN(ranges, c);
}

/*
 * JSON
 */

static char *json_u(char *p, __u32 unit)
{
	*p++ = '\\';
	*p++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*p++ = hex[unit >> shift & 15];
	return p;
}

static char *json_codepoint(char *p, __u32 c)
{
	if (c < 0x10000)
		return json_u(p, c);
	c -= 0x10000;
	return json_u(json_u(p, 0xd800 + (c >> 10)), 0xdc00 + (c & 0x3ff));
}

static char *json_special(char *p, const unsigned char **s, size_t n)
{
	__u32 c;
	int len = utf8_char(*s, n, &c);

	if (!len) {
		c = **s;
		len = 1;
	} else if (c >= 0x80 && !acts_on_terminal(c)) {
		p = mempcpy(p, *s, len);
		*s += len;
		return p;
	}
	*s += len;
	if (c == '"' || c == '\\') {
		*p++ = '\\';
		*p++ = (char)c;
		return p;
	}
	return json_codepoint(p, c);
}

char *json_escape(char *p, const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s, *end = u + n;

	while (u < end) {
		if (*u >= 0x20 && *u < 0x7f && *u != '"' && *u != '\\')
			*p++ = (char)*u++;
		else
			p = json_special(p, &u, end - u);
	}
	return p;
}

/*
 * Terminal
 */

static char *term_x(char *p, const unsigned char *s, int n)
{
	for (int i = 0; i < n; i++) {
		*p++ = '\\';
		*p++ = 'x';
		*p++ = hex[s[i] >> 4];
		*p++ = hex[s[i] & 15];
	}
	return p;
}

char *term_escape(char *p, const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s, *end = u + n;

	while (u < end) {
		__u32 c;
		int len;

		if (*u >= 0x20 && *u < 0x7f) {
			*p++ = (char)*u++;
			continue;
		}
		len = utf8_char(u, end - u, &c);
		if (len && !acts_on_terminal(c))
			p = mempcpy(p, u, len);
		else
			p = term_x(p, u, len ? len : 1);
		u += len ? len : 1;
	}
	return p;
}

static inline unsigned int char_columns(const unsigned char *s, size_t n, int *len)
{
	__u32 c = 0;

	*len = *s < 0x80 ? 1 : utf8_char(s, n, &c);
	if (*len > 1)
		return is_wide(c) ? 2 : 1;
	*len = 1;
	return 1;
}

/* How many bytes from here on are ASCII, by eights: at most 7 of them are left out. */
static size_t ascii_run(const char *s, size_t n)
{
	size_t i = 0;
	__u64 eight;

	for (; n - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, s + i, sizeof(eight));
		if (eight & 0x8080808080808080ULL)
			break;
	}
	return i;
}

unsigned int term_columns(const char *s, size_t n)
{
	size_t begin = ascii_run(s, n);
	unsigned int columns = begin;
	int len;

	for (size_t i = begin; i < n; i += len)
		columns += char_columns((const unsigned char *)s + i, n - i, &len);
	return columns;
}

size_t term_fit(const char *s, size_t n, unsigned int columns)
{
	size_t i = 0;

	while (i < n) {
		int len;
		unsigned int c = char_columns((const unsigned char *)s + i, n - i, &len);

		if (c > columns)
			break;
		columns -= c;
		i += len;
	}
	return i;
}
