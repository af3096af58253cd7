// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include "out/escape.h"
#include "out/fmt.h"
#include "out/json.h"
#include "out/list.h"
#include "out/states.h"

#define LINE_ROOM 2048

static char *put_string(char *p, const char *s)
{
	*p++ = '"';
	p = json_escape(p, s, strlen(s));
	*p++ = '"';
	return p;
}

static char *put_via(char *p, unsigned int state, const struct states_now *now)
{
	unsigned int via = now->tier ? explain_via(state, now->small) : 0;
	bool any = false;

	*p++ = '[';
	for (unsigned int i = 0; i < VIA_MAX; i++) {
		if (!(via >> i & 1))
			continue;
		if (any)
			*p++ = ',';
		any = true;
		p = put_string(p, via_name(i));
	}
	*p++ = ']';
	return p;
}

static size_t text_room(const struct explanation *e, const struct states_now *now)
{
	return JSON_ESCAPE_MAX * (strlen(e->meaning) + (e->example ? strlen(e->example) : 0) +
				  (now->why_not ? strlen(now->why_not) : 0));
}

static void put_state(struct obuf *b, const struct explanation *e, const struct states_now *now,
		      enum name_set names)
{
	char *p = obuf_room(b, LINE_ROOM + text_room(e, now));

	if (!p)
		return;
	p = put_string(FMT_LIT(p, "{\"type\":\"state\",\"state\":"), state_name(names, e->state));
	p = e->in_article ? FMT_LIT(p, ",\"in_article\":true")
			  : FMT_LIT(p, ",\"in_article\":false");
	p = put_via(KEY(p, "via"), e->state, now);
	if (e->state == ST_CLOSE)
		p = FMT_LIT(p, ",\"count_unknown\":\"the kernel keeps no list of these\"");
	else if (now->sockets)
		p = fmt_u64(KEY(p, "count"), list_count_named(now->sockets, names, e->state));
	else if (now->why_not)
		p = put_string(KEY(p, "count_unknown"), now->why_not);
	p = put_string(KEY(p, "meaning"), e->meaning);
	if (e->example)
		p = put_string(KEY(p, "example"), e->example);
	obuf_done(b, FMT_LIT(p, "}\n"));
}

static char *put_arrow(char *p, unsigned int from, unsigned int to, enum name_set names)
{
	p = put_string(FMT_LIT(p, "{\"type\":\"arrow\",\"from\":"), state_name(names, from));
	return put_string(KEY(p, "to"), state_name(names, to));
}

static void put_arrows(struct obuf *b, const struct arrow_counts *counts, enum name_set names)
{
	for (int i = 0; i < ARROWS; i++) {
		const struct arrow_text *arrow = arrow_text(i);
		char *p = obuf_room(b, LINE_ROOM);

		if (!p)
			return;
		p = put_arrow(p, arrow->from, arrow->to, names);
		p = put_string(KEY(p, "event"), arrow->event);
		if (counts)
			p = fmt_u64(KEY(p, "count"), counts->arrow[i]);
		obuf_done(b, FMT_LIT(p, "}\n"));
	}
}

/* Transitions that the figure has no arrow for: they have no event. */
static void put_rest(struct obuf *b, const struct arrow_counts *counts, enum name_set names)
{
	for (unsigned int from = 0; from < ST_MAX; from++)
		for (unsigned int to = 0; to < ST_MAX; to++) {
			char *p;

			if (!counts->other[from][to])
				continue;
			p = obuf_room(b, LINE_ROOM);
			if (!p)
				return;
			p = put_arrow(p, from, to, names);
			p = fmt_u64(KEY(p, "count"), counts->other[from][to]);
			obuf_done(b, FMT_LIT(p, "}\n"));
		}
}

void states_json(struct obuf *b, const struct states_now *now, enum name_set names)
{
	const struct explanation *e;

	for (unsigned int i = 0; (e = explain_at(i)); i++)
		put_state(b, e, now, names);
	put_arrows(b, now->arrows, names);
	if (now->arrows)
		put_rest(b, now->arrows, names);
}
