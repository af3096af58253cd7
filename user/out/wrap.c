// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include "out/wrap.h"

/* With fewer columns than that behind it an indent is none. */
#define LEAST 10

void wrap_begin(struct wrap *w, unsigned int at)
{
	w->at = at;
}

static void blanks(struct wrap *w, unsigned int n)
{
	char *p = obuf_room(w->b, n);

	if (!p)
		return;
	memset(p, ' ', n);
	obuf_done(w->b, p + n);
	w->at += n;
}

static void next_line(struct wrap *w, unsigned int indent)
{
	obuf_add(w->b, "\n", 1);
	w->at = 0;
	if (!w->width || indent + LEAST <= w->width)
		blanks(w, indent);
}

static void put_word(struct wrap *w, const char *word, size_t n)
{
	unsigned int indent = w->width && w->indent + LEAST <= w->width ? w->indent : 0;

	/* a word that no line has room for is cut at the width */
	if (w->width && w->at + n > w->width && w->at > indent)
		next_line(w, w->indent);
	while (w->width && w->at + n > w->width && w->at < w->width) {
		size_t fits = w->width - w->at;

		obuf_add(w->b, word, fits);
		word += fits;
		n -= fits;
		next_line(w, w->indent);
	}
	obuf_add(w->b, word, n);
	w->at += n;
}

void wrap_text(struct wrap *w, const char *text, size_t n)
{
	const char *end = text + n;
	bool first = true;

	while (text < end) {
		const char *space = memchr(text, ' ', end - text);
		size_t len = (space ? space : end) - text;

		if (!first && w->width && w->at + 1 + len > w->width)
			next_line(w, w->indent);
		else if (!first)
			blanks(w, 1);
		first = false;
		put_word(w, text, len);
		text += len + (space != NULL);
	}
}

void wrap_column(struct wrap *w, unsigned int column)
{
	if (w->at > column || (w->at == column && column))
		next_line(w, 0);
	if (!w->width || column + LEAST <= w->width)
		blanks(w, column - w->at);
}

void wrap_end(struct wrap *w)
{
	obuf_add(w->b, "\n", 1);
	w->at = 0;
}
