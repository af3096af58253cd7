// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines for people: data on stdout, what is said about it on stderr.  No line
 * of data is wider than the terminal; without one nothing is cut.
 */
#include <stdlib.h>
#include <string.h>
#include "model/rules.h"
#include "out/columns.h"
#include "out/escape.h"
#include "out/note.h"
#include "out/sink.h"

#define LINE_ROOM 2048
#define ARROW " -> "

struct text_sink {
	struct out_sink out;
	struct obuf talk;
	struct columns col;
	unsigned int from_width; /* of the first of the two states */
};

static unsigned int max_state_width(enum name_set names)
{
	unsigned int max = 0;

	/* All that a transition can have: not TCP_NEW_SYN_RECV, nor what is no state of TCP's. */
	for (unsigned int i = ST_ESTABLISHED; i <= ST_CLOSING; i++)
		if (strlen(state_name(names, i)) > max)
			max = strlen(state_name(names, i));
	return max;
}

/*
 * Colour: a few attributes that are readable on any background
 */

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define BOLD_RED "\033[1;31m"
#define DIM "\033[2m"

static char *paint(const struct text_sink *t, char *p, const char *color)
{
	return t->out.o.color && color ? fmt_str(p, color) : p;
}

static char *unpaint(const struct text_sink *t, char *p, const char *color)
{
	return t->out.o.color && color ? FMT_LIT(p, "\033[0m") : p;
}

static const char *state_color(unsigned int state)
{
	switch (state) {
	case ST_ESTABLISHED:
		return GREEN;
	case ST_CLOSE_WAIT:
		return YELLOW;
	case ST_CLOSE:
		return DIM;
	default:
		return NULL;
	}
}

/*
 * Cells: each begins with the blank that parts it from the one before
 */

static bool shown(const struct text_sink *t, enum column col)
{
	return t->col.width[col] != 0;
}

/* What is longer than its column shifts the rest where there is no limit. */
static char *put_cell(const struct text_sink *t, char *p, enum column col, const char *text,
		      size_t n, size_t keep)
{
	unsigned int width = t->col.width[col];

	if (!width)
		return p;
	if (!t->col.total && term_columns(text, n) > width)
		width = term_columns(text, n);
	p = column_put(p, text, n, keep, width);
	*p = ' ';
	return p + 1;
}

static char *put_time(struct text_sink *t, char *p, __u64 mono_ns)
{
	char text[FMT_CLOCK_MAX];

	if (!shown(t, COL_TIME))
		return p;
	fmt_time_local(text, &t->out.clock, out_real_ns(&t->out, mono_ns));
	p = mempcpy(p, text, t->col.width[COL_TIME]);
	*p = ' ';
	return p + 1;
}

static char *put_owner(const struct text_sink *t, char *p, const struct conn *c)
{
	char text[OWNER_TEXT_MAX];
	size_t keep;
	size_t n = owner_text(text, &c->ident, out_cgroup(&t->out, c), &keep) - text;

	return put_cell(t, p, COL_OWNER, text, n, keep);
}

/* Cut in the middle of the address: networks differ in front, hosts at the end. */
static char *put_endpoint(const struct text_sink *t, char *p, enum column col, const __u8 addr[16],
			  __u16 port)
{
	char text[FMT_ENDPOINT_MAX];
	size_t n = fmt_endpoint(text, addr, port) - text;
	size_t keep = n - ((char *)memrchr(text, ':', n) - text);
	unsigned int width = t->col.width[col];

	if (t->col.total && n > width && width > keep + 5)
		keep += (width - keep - 1) / 2;
	return put_cell(t, p, col, text, n, keep);
}

static char *put_ends(const struct text_sink *t, char *p, const struct sock_ident *id)
{
	/* Where only one end has room: of a listener the one that it has. */
	if (!shown(t, COL_LOCAL) && !id->rport)
		return put_endpoint(t, p, COL_REMOTE, id->laddr, id->lport);
	p = put_endpoint(t, p, COL_LOCAL, id->laddr, id->lport);
	return put_endpoint(t, p, COL_REMOTE, id->raddr, id->rport);
}

static char *put_states(const struct text_sink *t, char *p, const struct transition *tr)
{
	const char *from = state_name(t->out.o.names, tr->from);
	const char *to = state_name(t->out.o.names, tr->to);
	const char *color = state_color(tr->to);
	unsigned int width = t->col.width[COL_STATES];
	unsigned int arrow = t->from_width + strlen(ARROW);

	/* A terminal too narrow for two names: the one that tells more. */
	if (width <= arrow)
		return put_cell(t, p, COL_STATES, to, strlen(to), 0);
	p = column_put(p, from, strlen(from), 0, t->from_width);
	p = FMT_LIT(p, ARROW);
	p = paint(t, p, color);
	p = column_put(p, to, strlen(to), 0, width - arrow);
	p = unpaint(t, p, color);
	*p = ' ';
	return p + 1;
}

/* To the right, so that the units stand below each other. */
static char *put_dwell(const struct text_sink *t, char *p, const struct transition *tr)
{
	unsigned int width = t->col.width[COL_DWELL];
	const char *color = tr->over ? RED : NULL;
	char text[FMT_DURATION_MAX + 2], *q = text;
	size_t n;

	if (!width)
		return p;
	if (tr->first)
		*q++ = '-';
	else if (tr->at_least)
		q = FMT_LIT(q, ">=");
	if (!tr->first)
		q = fmt_duration(q, tr->dwell_ns);
	n = q - text;
	memset(p, ' ', width - n);
	p = paint(t, p + width - n, color);
	p = unpaint(t, mempcpy(p, text, n), color);
	*p = ' ';
	return p + 1;
}

static char *put_note(const struct text_sink *t, char *p, const struct transition *tr)
{
	unsigned int limit = t->col.total ? t->col.width[COL_NOTE] : NOTE_MAX;
	const char *color = tr->over ? RED : NULL;

	if (!shown(t, COL_NOTE))
		return p;
	p = paint(t, p, color);
	p = note_text(p, tr, limit);
	return unpaint(t, p, color);
}

static char *end_line(char *start, char *p)
{
	while (p > start && p[-1] == ' ')
		p--;
	*p = '\n';
	return p + 1;
}

static void text_transition(struct sink *s, const struct transition *tr)
{
	struct text_sink *t = (struct text_sink *)s;
	char *start = obuf_room(&t->out.buf, LINE_ROOM + 2 * t->col.total), *p = start;

	if (!p)
		return;
	p = put_time(t, p, tr->mono_ns);
	p = put_owner(t, p, tr->conn);
	p = put_ends(t, p, &tr->conn->ident);
	p = put_states(t, p, tr);
	p = put_dwell(t, p, tr);
	p = put_note(t, p, tr);
	obuf_done(&t->out.buf, end_line(start, p));
}

static char *put_titles(const struct text_sink *t, char *p)
{
	const char *remote = shown(t, COL_LOCAL) ? "REMOTE" : "REMOTE/LISTEN";

	p = put_cell(t, p, COL_TIME, "TIME", 4, 0);
	p = put_cell(t, p, COL_OWNER, "OWNER", 5, 0);
	p = put_cell(t, p, COL_LOCAL, "LOCAL", 5, 0);
	p = put_cell(t, p, COL_REMOTE, remote, strlen(remote), 0);
	p = put_cell(t, p, COL_STATES, "FROM -> TO", 10, 0);
	p = put_cell(t, p, COL_DWELL, "    DWELL", DWELL_WIDTH, 0);
	return put_cell(t, p, COL_NOTE, "NOTE", 4, 0);
}

static void put_title(struct text_sink *t)
{
	char *start = obuf_room(&t->out.buf, LINE_ROOM + 2 * t->col.total), *p = start;

	if (!p)
		return;
	p = paint(t, p, DIM);
	p = end_line(start, put_titles(t, p)) - 1;
	p = unpaint(t, p, DIM);
	*p++ = '\n';
	obuf_done(&t->out.buf, p);
}

/* One line, cut to the terminal; `text` is escaped. */
static void put_line(struct text_sink *t, const char *text, size_t n, const char *color)
{
	unsigned int width = t->col.total;
	char *start = obuf_room(&t->out.buf, n + width + 32), *p = start;

	if (!p)
		return;
	p = paint(t, p, color);
	if (width && term_columns(text, n) > width)
		p = end_line(start, column_put(p, text, n, 0, width)) - 1;
	else
		p = mempcpy(p, text, n);
	p = unpaint(t, p, color);
	*p++ = '\n';
	obuf_done(&t->out.buf, p);
}

/* As many parts to a line as fit; what follows stands indented below it. */
static void put_parts(struct text_sink *t, const struct alert_text *a, char *line, size_t n,
		      const char *color)
{
	unsigned int indent = shown(t, COL_TIME) ? t->col.width[COL_TIME] + 3 : 2;
	char *p = line + n;

	for (unsigned int i = 0; i < a->n; i++) {
		unsigned int used = term_columns(line, p - line);

		if (i && t->col.total &&
		    used + 2 + term_columns(a->part[i], a->len[i]) > t->col.total) {
			put_line(t, line, p - line, color);
			memset(line, ' ', indent);
			p = line + indent;
		} else if (i) {
			p = FMT_LIT(p, "  ");
		}
		p = mempcpy(p, a->part[i], a->len[i]);
	}
	put_line(t, line, p - line, color);
}

static void text_alert(struct sink *s, const struct alert *a)
{
	struct text_sink *t = (struct text_sink *)s;
	struct alert_text text;
	char line[sizeof(text.text) + 64], *p = line;
	const char *color = a->status == ALERT_FIRING ? BOLD_RED : GREEN;

	alert_text(&text, a, state_name(t->out.o.names, a->state), out_cgroup(&t->out, a->conn));
	p = put_time(t, p, a->mono_ns);
	put_parts(t, &text, line, p - line, color);
}

static void text_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	struct text_sink *t = (struct text_sink *)s;
	const char *name = lost_name(cause);
	char text[128], *p = text;

	(void)mono_ns;
	p = FMT_LIT(p, "--- ");
	p = fmt_u64(p, count);
	p = FMT_LIT(p, " transitions lost (");
	p = fmt_str(p, name ? name : "unknown");
	p = FMT_LIT(p, ") ---");
	put_line(t, text, p - text, RED);
}

/*
 * Talk
 */

static void text_hello(struct sink *s, const struct hello *h)
{
	struct text_sink *t = (struct text_sink *)s;

	if (t->talk.fd >= 0) {
		hello_talk(&t->talk, h, t->out.o.names);
		obuf_flush(&t->talk);
	}
	put_title(t);
}

static void text_summary(struct sink *s, const struct summary *sum)
{
	struct text_sink *t = (struct text_sink *)s;

	/* The last of the data goes first, where both go to one terminal. */
	obuf_flush(&t->out.buf);
	if (t->talk.fd < 0)
		return;
	summary_talk(&t->talk, sum);
	obuf_flush(&t->talk);
}

static void text_free(struct sink *s)
{
	obuf_free(&((struct text_sink *)s)->talk);
	out_sink_free(s);
}

/* No .socket: the greeting counts what was there before. */
static const struct sink_ops text_ops = {
	.hello = text_hello,
	.transition = text_transition,
	.alert = text_alert,
	.lost = text_lost,
	.summary = text_summary,
	.clock = out_set_clock,
	.flush = out_sink_flush,
	.free = text_free,
};

static void fit(struct text_sink *t, unsigned int width)
{
	columns_fit(&t->col, width, 2 * t->from_width + strlen(ARROW));
}

void text_sink_resize(struct sink *s, unsigned int width)
{
	struct text_sink *t = (struct text_sink *)s;

	if (s->ops != &text_ops || width == t->col.total)
		return;
	fit(t, width);
	put_title(t);
}

struct sink *text_sink_new(const struct out_options *o)
{
	struct text_sink *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	if (out_sink_init(&t->out, o, &text_ops)) {
		free(t);
		return NULL;
	}
	if (obuf_init(&t->talk, o->talk_fd)) {
		out_sink_free(&t->out.sink);
		return NULL;
	}
	t->from_width = max_state_width(o->names);
	fit(t, o->width);
	return &t->out.sink;
}
