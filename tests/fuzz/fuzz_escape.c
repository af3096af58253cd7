// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text of any bytes on its way to a terminal and to JSON: it stays within the room that is promised
 * to be enough, and nothing that acts on a terminal is left. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "out/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void terminal(const char *s, size_t n)
{
	char *out = malloc(n * TERM_ESCAPE_MAX + 1);
	size_t len, cut;

	if (!out)
		return;
	len = (size_t)(term_escape(out, s, n) - out);
	if (len > n * TERM_ESCAPE_MAX)
		abort();
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
			abort();
	cut = term_fit(out, len, 10);
	if (cut > len || term_columns(out, cut) > 10)
		abort();
	free(out);
}

static void json(const char *s, size_t n)
{
	char *out = malloc(n * JSON_ESCAPE_MAX + 2);
	json_t *parsed;
	char *end;

	if (!out)
		return;
	out[0] = '"';
	end = json_escape(out + 1, s, n);
	if ((size_t)(end - out) > n * JSON_ESCAPE_MAX + 1)
		abort();
	*end++ = '"';
	parsed = json_loadb(out, (size_t)(end - out), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!parsed)
		abort();
	json_decref(parsed);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	terminal(copy, size);
	json(copy, size);
	free(copy);
	return 0;
}
