// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include "out/doctor.h"
#include "out/escape.h"
#include "out/fmt.h"
#include "out/json.h"
#include "out/wrap.h"

#define MARK_WIDTH 5
#define NAME_ROOM 64
#define LEAST_WIDTH 16 /* of what is wrapped */
#define TEXT_ROOM 1024
#define JSON_ROOM 1024

/* The column in which values and reasons stand: as wide as the names, if there is room. */
static unsigned int value_column(const struct checkup *c, unsigned int width)
{
	size_t longest = 0;

	for (unsigned int i = 0; i < c->n; i++)
		if (strlen(c->finding[i].name) > longest)
			longest = strlen(c->finding[i].name);
	if (width && longest + MARK_WIDTH + 2 + LEAST_WIDTH > width)
		return MARK_WIDTH + 2;
	return longest + MARK_WIDTH + 2;
}

static const char *mark_color(const struct finding *f)
{
	if (f->usable)
		return "\033[32m";
	return f->needed ? "\033[1;31m" : "\033[33m";
}

static void put_mark(struct obuf *b, const struct finding *f, bool color)
{
	const char *on = color ? mark_color(f) : "";
	const char *mark = f->usable ? "  ok " : "  no ";

	obuf_add(b, on, strlen(on));
	obuf_add(b, mark, strlen(mark));
	obuf_add(b, "\033[0m", color ? 4 : 0);
}

static void put_finding(struct obuf *b, const struct finding *f, unsigned int column,
			const struct out_options *o)
{
	struct wrap w = {.b = b, .width = o->width, .indent = column};
	const char *more = f->usable ? f->value : f->why;
	char text[TEXT_ROOM], *p;

	put_mark(b, f, o->color);
	wrap_begin(&w, MARK_WIDTH);
	wrap_text(&w, f->name, strlen(f->name));
	if (*more) {
		wrap_column(&w, column);
		wrap_text(&w, more, strlen(more));
	}
	wrap_end(&w);
	if (f->usable)
		return;
	p = fmt_str(FMT_LIT(text, "without it: "), f->lost);
	wrap_begin(&w, 0);
	wrap_column(&w, column);
	wrap_text(&w, text, p - text);
	wrap_end(&w);
}

/* Without rights the rest is refused for that reason. */
static char *put_missing(char *p, const struct checkup *c)
{
	bool any = false;

	for (unsigned int i = 0; i < c->n; i++) {
		const struct finding *f = &c->finding[i];

		if (!f->needed || f->usable || strlen(f->name) > NAME_ROOM)
			continue;
		p = any ? FMT_LIT(p, ", ") : FMT_LIT(p, "; it needs ");
		any = true;
		p = fmt_str(p, f->name);
		if (f->err == -EPERM)
			break;
	}
	return p;
}

#define SEEN_BY "What goes on after close() (TIMED_WAIT, most of FIN_WAIT_2) is seen by the tier "

static void put_verdict(struct obuf *b, const struct checkup *c, const struct out_options *o)
{
	char text[FINDINGS_MAX * (NAME_ROOM + 2) + TEXT_ROOM], *p = text;
	struct wrap w = {.b = b, .width = o->width};

	obuf_add(b, "\n", 1);
	wrap_begin(&w, 0);
	if (c->can_trace) {
		p = fmt_str(FMT_LIT(p, "tcpdwell can trace here. " SEEN_BY), c->tier);
		if (*c->tier_reason)
			p = fmt_str(FMT_LIT(p, "; why no better one: "), c->tier_reason);
	} else {
		p = put_missing(FMT_LIT(p, "tcpdwell can't trace here"), c);
	}
	wrap_text(&w, text, p - text);
	wrap_end(&w);
}

void doctor_text(struct obuf *b, const struct checkup *c, const struct out_options *o)
{
	unsigned int column = value_column(c, o->width);
	struct wrap w = {.b = b, .width = o->width};
	char text[TEXT_ROOM], *p;

	p = fmt_str(FMT_LIT(text, "tcpdwell " TCPDWELL_VERSION " on Linux "), c->kernel);
	p = fmt_str(FMT_LIT(p, ", "), c->arch);
	wrap_begin(&w, 0);
	wrap_text(&w, text, p - text);
	wrap_end(&w);
	obuf_add(b, "\n", 1);
	for (unsigned int i = 0; i < c->n; i++)
		put_finding(b, &c->finding[i], column, o);
	put_verdict(b, c, o);
}

/*
 * JSON
 */

static char *put_string(char *p, const char *s)
{
	*p++ = '"';
	p = json_escape(p, s, strlen(s));
	*p++ = '"';
	return p;
}

static char *put_bool(char *p, bool value)
{
	return value ? FMT_LIT(p, "true") : FMT_LIT(p, "false");
}

static void put_object(struct obuf *b, const struct finding *f)
{
	size_t texts = strlen(f->name) + strlen(f->lost) + strlen(f->value) + strlen(f->why);
	char *p = obuf_room(b, JSON_ROOM + JSON_ESCAPE_MAX * texts);

	if (!p)
		return;
	p = put_string(FMT_LIT(p, "{\"id\":"), f->id);
	p = put_string(KEY(p, "name"), f->name);
	p = put_bool(KEY(p, "usable"), f->usable);
	p = put_bool(KEY(p, "needed"), f->needed);
	if (*f->value)
		p = put_string(KEY(p, "value"), f->value);
	if (!f->usable) {
		if (f->err)
			p = fmt_u64(KEY(p, "errno"), -f->err);
		p = put_string(KEY(p, "error"), f->why);
		p = put_string(KEY(p, "lost"), f->lost);
	}
	*p++ = '}';
	obuf_done(b, p);
}

void doctor_json(struct obuf *b, const struct checkup *c)
{
	char *p = obuf_room(b, JSON_ROOM + JSON_ESCAPE_MAX * sizeof(*c));

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"doctor\",\"version\":\"" TCPDWELL_VERSION "\"");
	p = put_string(KEY(p, "kernel"), c->kernel);
	p = put_string(KEY(p, "arch"), c->arch);
	p = put_bool(KEY(p, "can_trace"), c->can_trace);
	if (c->tier)
		p = put_string(KEY(p, "tier"), c->tier);
	if (*c->tier_reason)
		p = put_string(KEY(p, "reason"), c->tier_reason);
	p = FMT_LIT(p, ",\"findings\":[");
	obuf_done(b, p);
	for (unsigned int i = 0; i < c->n; i++) {
		if (i)
			obuf_add(b, ",", 1);
		put_object(b, &c->finding[i]);
	}
	obuf_add(b, "]}\n", 3);
}
