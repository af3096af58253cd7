// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include <jansson.h>
#include "out/escape.h"

/* Exactly as much room as is promised to be enough, for the sanitizer to watch. */
static char *escaped(char *(*escape)(char *, const char *, size_t), unsigned int max, const char *s,
		     size_t n, size_t *len)
{
	char *copy = malloc(n + 1), *p = malloc(max * n + 1);

	assert_non_null(copy);
	assert_non_null(p);
	memcpy(copy, s, n);
	*len = escape(p, copy, n) - p;
	assert_true(*len <= max * n);
	p[*len] = '\0';
	free(copy);
	return p;
}

static void check_json(const char *s, size_t n, const char *want)
{
	size_t len;
	char *got = escaped(json_escape, JSON_ESCAPE_MAX, s, n, &len);

	assert_string_equal(got, want);
	free(got);
}

static void check_term(const char *s, size_t n, const char *want)
{
	size_t len;
	char *got = escaped(term_escape, TERM_ESCAPE_MAX, s, n, &len);

	assert_string_equal(got, want);
	free(got);
}

#define JSON(s, want) check_json(s, sizeof(s) - 1, want)
#define TERM(s, want) check_term(s, sizeof(s) - 1, want)

static void json_cases(void **unused)
{
	(void)unused;
	JSON("", "");
	JSON("nginx: worker", "nginx: worker");
	JSON("a\"b\\c/", "a\\\"b\\\\c/");
	JSON("\0\n\x1b[0m\x7f", "\\u0000\\u000a\\u001b[0m\\u007f");
	JSON("caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x90\x98",
	     "caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x90\x98");
	JSON("caf\xe9", "caf\\u00e9");
	JSON("\xc2\x9b", "\\u009b");		       /* C1: CSI */
	JSON("\xe2\x80\xae", "\\u202e");	       /* right-to-left override */
	JSON("\xf3\xa0\x81\x81", "\\udb40\\udc41");    /* an invisible tag */
	JSON("\xc0\xaf", "\\u00c0\\u00af");	       /* overlong */
	JSON("\xed\xa0\x80", "\\u00ed\\u00a0\\u0080"); /* a surrogate */
	JSON("\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080");
	JSON("x\xe4\xb8", "x\\u00e4\\u00b8"); /* cut within a character */
}

static void term_cases(void **unused)
{
	(void)unused;
	TERM("nginx: worker\\", "nginx: worker\\");
	TERM("\x1b[31m\r\n\t\x7f\0", "\\x1b[31m\\x0d\\x0a\\x09\\x7f\\x00");
	TERM("caf\xc3\xa9 \xe4\xb8\xad", "caf\xc3\xa9 \xe4\xb8\xad");
	TERM("caf\xe9", "caf\\xe9");
	TERM("\x9b"
	     "31m",
	     "\\x9b31m");
	TERM("\xc2\x9b", "\\xc2\\x9b");
	TERM("\xe2\x80\xae", "\\xe2\\x80\\xae");
	TERM("\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf",
	     "\\xe2\\x81\\xa6\\xe2\\x80\\x8b\\xef\\xbb\\xbf");
	TERM("\xe4\xb8", "\\xe4\\xb8");
}

/* A parser takes it, and gives back what went in, where that was UTF-8. */
static void check_parses(const char *s, size_t n)
{
	size_t len;
	char *inside = escaped(json_escape, JSON_ESCAPE_MAX, s, n, &len);
	char *line = malloc(len + 3);
	json_t *v;

	assert_non_null(line);
	line[0] = '"';
	memcpy(line + 1, inside, len);
	line[len + 1] = '"';
	v = json_loadb(line, len + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!v)
		fail_msg("not JSON: %.*s", (int)len + 2, line);
	/* Each character is one of UTF-8, or a byte of the input by its value. */
	assert_true(json_string_length(v) >= n);
	for (size_t i = 0; i < len; i++)
		assert_true((unsigned char)inside[i] >= 0x20 && inside[i] != 0x7f);
	json_decref(v);
	free(line);
	free(inside);
}

static void check_harmless(const char *s, size_t n)
{
	size_t len;
	char *got = escaped(term_escape, TERM_ESCAPE_MAX, s, n, &len), *again;
	size_t again_len;

	for (size_t i = 0; i < len; i++)
		assert_true((unsigned char)got[i] >= 0x20 && got[i] != 0x7f);
	/* What comes out needs no more escaping: it is valid and harmless. */
	again = escaped(term_escape, TERM_ESCAPE_MAX, got, len, &again_len);
	assert_int_equal(len, again_len);
	assert_memory_equal(got, again, len);
	free(got);
	free(again);
}

static void check_both(const char *s, size_t n)
{
	check_parses(s, n);
	check_harmless(s, n);
}

static void every_byte(void **unused)
{
	(void)unused;
	for (int i = 0; i < 256; i++) {
		char alone[1] = {(char)i}, within[3] = {'a', (char)i, 'b'};

		check_both(alone, 1);
		check_both(within, 3);
	}
}

static void every_pair(void **unused)
{
	(void)unused;
	for (int i = 0; i < 65536; i++) {
		char pair[2] = {(char)(i >> 8), (char)i};

		check_both(pair, 2);
	}
}

static void garbage(void **unused)
{
	/* bytes that make and break UTF-8 more often than others */
	static const unsigned char lead[] = {0xc2, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf3, 0xf4,
					     0x80, 0xbf, 0xa0, 0x90, 0x9b, 0x1b, '"',  '\\'};
	uint64_t seed = 6;

	(void)unused;
	for (int i = 0; i < 200000; i++) {
		char s[16];
		size_t n = next_random(&seed) % (sizeof(s) + 1);

		for (size_t k = 0; k < n; k++) {
			uint64_t r = next_random(&seed);

			s[k] = (char)(r & 256 ? lead[r % sizeof(lead)] : r);
		}
		check_both(s, n);
	}
}

static size_t encode(char *p, uint32_t c)
{
	if (c < 0x800) {
		p[0] = (char)(0xc0 | c >> 6);
		p[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xe0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 63));
		p[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	p[0] = (char)(0xf0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 63));
	p[2] = (char)(0x80 | (c >> 6 & 63));
	p[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* Valid UTF-8 comes back from a JSON parser as it was, escaped on the way or not. */
static void every_character(void **unused)
{
	(void)unused;
	for (uint32_t c = 0x80; c < 0x110000; c += c < 0x3000 ? 1 : 37) {
		char s[4], line[32];
		size_t n = encode(s, c);
		json_t *v;
		char *p;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		line[0] = '"';
		p = json_escape(line + 1, s, n);
		*p++ = '"';
		v = json_loadb(line, p - line, JSON_DECODE_ANY, NULL);
		assert_non_null(v);
		assert_int_equal(json_string_length(v), n);
		assert_memory_equal(json_string_value(v), s, n);
		json_decref(v);
	}
}

static void columns(void **unused)
{
	(void)unused;
	assert_int_equal(term_columns("nginx", 5), 5);
	assert_int_equal(term_columns("caf\xc3\xa9", 5), 4);
	assert_int_equal(term_columns("\xe4\xb8\xad\xe6\x96\x87", 6), 4);
	assert_int_equal(term_columns("\xf0\x9f\x90\x98", 4), 2);
	assert_int_equal(term_fit("nginx", 5, 3), 3);
	assert_int_equal(term_fit("nginx", 5, 9), 5);
	assert_int_equal(term_fit("\xe4\xb8\xad\xe6\x96\x87", 6, 3), 3);
	assert_int_equal(term_fit("\xe4\xb8\xad", 3, 1), 0);
	assert_int_equal(term_fit("caf\xc3\xa9s", 6, 4), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_cases), cmocka_unit_test(term_cases),
		cmocka_unit_test(every_byte), cmocka_unit_test(every_pair),
		cmocka_unit_test(garbage),    cmocka_unit_test(every_character),
		cmocka_unit_test(columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
