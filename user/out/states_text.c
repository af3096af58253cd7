// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include "out/columns.h"
#include "out/fmt.h"
#include "out/list.h"
#include "out/states.h"
#include "out/wrap.h"

#define COUNT_WIDTH 9
#define INDENT 4
#define LINE_ROOM 512

/* "tracepoint, timer"; "-" where nothing follows the state. */
static char *put_via(char *p, unsigned int state, const struct states_now *now)
{
	unsigned int via = now->tier ? explain_via(state, now->small) : 0;
	const char *sep = "";

	if (!via)
		return FMT_LIT(p, "-");
	for (unsigned int i = 0; i < VIA_MAX; i++) {
		if (!(via >> i & 1))
			continue;
		p = fmt_str(fmt_str(p, sep), via_name(i));
		sep = ", ";
	}
	return p;
}

static char *put_count(char *p, unsigned int state, const struct states_now *now,
		       enum name_set names)
{
	char text[FMT_U64_MAX], *end = text;

	if (!now->sockets || state == ST_CLOSE)
		*end++ = '-';
	else
		end = fmt_u64(text, list_count_named(now->sockets, names, state));
	if (end - text < COUNT_WIDTH) {
		memset(p, ' ', COUNT_WIDTH - (end - text));
		p += COUNT_WIDTH - (end - text);
	}
	return mempcpy(p, text, end - text);
}

static void put_line(struct obuf *b, const char *line, size_t n, unsigned int width)
{
	obuf_add(b, line, width && n > width ? width : n);
	obuf_add(b, "\n", 1);
}

static void put_sentence(struct obuf *b, const char *text, unsigned int width)
{
	struct wrap w = {.b = b, .width = width, .indent = INDENT};

	if (!text)
		return;
	wrap_begin(&w, 0);
	wrap_column(&w, INDENT);
	wrap_text(&w, text, strlen(text));
	wrap_end(&w);
}

static void put_state(struct obuf *b, const struct explanation *e, const struct states_now *now,
		      const struct out_options *o)
{
	unsigned int name_width = o->names == NAMES_KERNEL ? 16 : 12;
	const char *name = state_name(o->names, e->state);
	char line[LINE_ROOM], *p;

	p = column_put(line, name, strlen(name), 0, name_width);
	p = put_count(p, e->state, now, o->names);
	p = put_via(FMT_LIT(p, "  "), e->state, now);
	put_line(b, line, p - line, o->width);
	put_sentence(b, e->meaning, o->width);
	put_sentence(b, e->example, o->width);
}

static void put_title(struct obuf *b, const struct out_options *o)
{
	char line[LINE_ROOM], *p;

	p = column_put(line, "STATE", 5, 0, o->names == NAMES_KERNEL ? 16 : 12);
	p = FMT_LIT(p, "      NOW  SEEN BY");
	put_line(b, line, p - line, o->width);
}

void states_text(struct obuf *b, const struct states_now *now, const struct out_options *o)
{
	const struct explanation *e;
	char line[LINE_ROOM], *p;
	struct wrap w = {.b = b, .width = o->width};

	put_title(b, o);
	for (unsigned int i = 0; (e = explain_at(i)); i++)
		put_state(b, e, now, o);
	if (!now->why_not)
		return;
	p = fmt_str(FMT_LIT(line, "\n-: "), now->why_not);
	wrap_begin(&w, 0);
	wrap_text(&w, line, p - line);
	wrap_end(&w);
}
