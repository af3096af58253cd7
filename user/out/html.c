// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "out/escape.h"
#include "out/fmt.h"
#include "out/html.h"

/* "&quot;" */
#define HTML_ESCAPE_MAX 6

void html_raw(struct obuf *b, const char *html)
{
	obuf_add(b, html, strlen(html));
}

void html_fmt(struct obuf *b, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	html_raw(b, text);
}

static char *put(char *p, char c)
{
	switch (c) {
	case '&':
		return FMT_LIT(p, "&amp;");
	case '<':
		return FMT_LIT(p, "&lt;");
	case '>':
		return FMT_LIT(p, "&gt;");
	case '"':
		return FMT_LIT(p, "&quot;");
	case '\'':
		return FMT_LIT(p, "&#39;");
	default:
		*p++ = c;
		return p;
	}
}

void html_text(struct obuf *b, const char *s, size_t n)
{
	size_t most = n * TERM_ESCAPE_MAX;
	char *p = obuf_room(b, most * (HTML_ESCAPE_MAX + 1));
	char *safe, *end;

	if (!p)
		return;
	/* behind all that it can become */
	safe = p + most * HTML_ESCAPE_MAX;
	end = term_escape(safe, s, n);
	while (safe < end)
		p = put(p, *safe++);
	obuf_done(b, p);
}

void html_str(struct obuf *b, const char *s)
{
	html_text(b, s, strlen(s));
}
