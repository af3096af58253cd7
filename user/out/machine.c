// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The figure of RFC 9293, redrawn: nodes and labels are put into the gaps of
 * the drawing below, lines stay as they are.
 */
#include <string.h>
#include "out/fmt.h"
#include "out/list.h"
#include "out/states.h"

#define NODE_WIDTH 22

/* clang-format off */
static const char drawing[MACHINE_LINES][MACHINE_WIDTH + 1] = {
/*        0         1         2         3         4         5         6         7         */
/*  0 */ "                                                   -----------------------+     ",
/*  1 */ "                                 |       ^       ^                        |     ",
/*  2 */ "                                 v       |       +-----------------+      |     ",
/*  3 */ "    +------------------------                      ----------+     |      |     ",
/*  4 */ "    |                               ^                        |     |      |     ",
/*  5 */ "    v           +-------------------+                        v     |      v     ",
/*  6 */ "                      <-----------------------------------                      ",
/*  7 */ "    |           |                                                  |            ",
/*  8 */ "    |           |                                                  |            ",
/*  9 */ "    |           +----------->                      <---------------+            ",
/* 10 */ "    |                            |            |                                 ",
/* 11 */ "    |              +-------------+            +----------------------+          ",
/* 12 */ "    |              v                                                 v          ",
/* 13 */ "    +-->                                                                        ",
/* 14 */ "           |               |                                         |          ",
/* 15 */ "           |               +------------+                            |          ",
/* 16 */ "           v                            v                            v          ",
/* 17 */ "                                                                                ",
/* 18 */ "             |                          |                            |          ",
/* 19 */ "             |                 +--------+                            |          ",
/* 20 */ "             v                 v                                     v          ",
/* 21 */ "                                  ----------------------->                      ",
};
/* clang-format on */

static const struct node {
	unsigned int state, line, column;
	bool counted; /* CLOSED is there twice, and has no number */
} nodes[] = {
	{ST_CLOSE, 0, 29, false},      {ST_LISTEN, 3, 29, true},      {ST_SYN_RECV, 6, 0, true},
	{ST_SYN_SENT, 6, 58, true},    {ST_ESTABLISHED, 9, 29, true}, {ST_FIN_WAIT1, 13, 8, true},
	{ST_CLOSE_WAIT, 13, 58, true}, {ST_FIN_WAIT2, 17, 0, true},   {ST_CLOSING, 17, 30, true},
	{ST_LAST_ACK, 17, 58, true},   {ST_TIME_WAIT, 21, 12, true},  {ST_CLOSE, 21, 58, false},
};

enum side {
	LEFT_OF = 0, /* ends before the line */
	RIGHT_OF,    /* begins behind it */
	ON,	     /* in the middle of a horizontal one */
};

static const struct label {
	enum arrow arrow;
	unsigned int line, column, width;
	enum side side;
} labels[] = {
	{ARROW_PASSIVE_OPEN, 1, 21, 11, LEFT_OF},
	{ARROW_ACTIVE_OPEN, 0, 57, 13, ON},
	{ARROW_LISTEN_CLOSE, 1, 43, 6, RIGHT_OF},
	{ARROW_SYN_IN, 3, 9, 13, ON},
	{ARROW_SEND, 3, 52, 8, ON},
	{ARROW_SYN_SENT_CLOSE, 2, 52, 13, ON},
	{ARROW_SYN_CROSSED, 6, 34, 13, ON},
	{ARROW_SYN_ACK_IN, 9, 53, 12, ON},
	{ARROW_SYN_ACK_ACKED, 9, 18, 8, ON},
	{ARROW_RST_IN, 5, 19, 13, ON},
	{ARROW_SYN_RECV_CLOSE, 8, 6, 9, RIGHT_OF},
	{ARROW_CLOSE, 11, 21, 10, ON},
	{ARROW_FIN_IN, 11, 51, 13, ON},
	{ARROW_FIN_ACKED, 15, 0, 10, LEFT_OF},
	{ARROW_FIN_CROSSED, 15, 29, 10, ON},
	{ARROW_SECOND_FIN_IN, 19, 1, 11, LEFT_OF},
	{ARROW_CROSSED_ACKED, 18, 42, 13, RIGHT_OF},
	{ARROW_SECOND_CLOSE, 15, 55, 13, LEFT_OF},
	{ARROW_LAST_ACKED, 19, 55, 13, LEFT_OF},
	{ARROW_TIME_OVER, 21, 39, 13, ON},
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* At most n bytes: what is longer loses its end, and says so. */
static size_t shortened(char *text, size_t len, size_t n)
{
	if (len <= n)
		return len;
	text[n - 1] = '~';
	return n;
}

/* Counts that have no room are cut to thousands and millions, not in their digits. */
static size_t put_count(char *text, __u64 count, size_t width)
{
	static const char units[] = "KMGTP";
	size_t n = fmt_u64(text, count) - text;

	for (int i = 0; n > width && units[i]; i++) {
		count /= 1000;
		n = fmt_u64(text, count) - text;
		text[n++] = units[i];
	}
	return n;
}

static void draw_node(char canvas[MACHINE_LINES][MACHINE_WIDTH + 1], const struct node *node,
		      const struct states_now *now, enum name_set names)
{
	char *at = canvas[node->line] + node->column, text[128];
	size_t n = fmt_str(text, state_name(names, node->state)) - text, left;

	if (now->sockets && node->counted) {
		__u32 count = list_count_named(now->sockets, names, node->state);

		text[n++] = ' ';
		n += put_count(text + n, count, NODE_WIDTH - 2 - n);
	}
	n = shortened(text, n, NODE_WIDTH - 2);
	memset(at, ' ', NODE_WIDTH);
	at[0] = '[';
	at[NODE_WIDTH - 1] = ']';
	left = (NODE_WIDTH - n) / 2;
	memcpy(at + left, text, n);
}

static void draw_label(char canvas[MACHINE_LINES][MACHINE_WIDTH + 1], const struct label *l,
		       const struct arrow_counts *counts)
{
	char *at = canvas[l->line] + l->column, text[128];
	/* on a line a label has a blank at each end */
	size_t width = l->side == ON ? l->width - 2 : l->width, n;

	if (counts)
		n = put_count(text, counts->arrow[l->arrow], width);
	else
		n = fmt_str(text, arrow_text(l->arrow)->event) - text;
	n = shortened(text, n, width);
	if (l->side == LEFT_OF)
		at += width - n;
	if (l->side == ON) {
		at += (l->width - 2 - n) / 2;
		*at++ = ' ';
		at[n] = ' ';
	}
	memcpy(at, text, n);
}

void machine_text(struct obuf *b, const struct states_now *now, const struct out_options *o)
{
	char canvas[MACHINE_LINES][MACHINE_WIDTH + 1];

	memcpy(canvas, drawing, sizeof(canvas));
	for (size_t i = 0; i < N(nodes); i++)
		draw_node(canvas, &nodes[i], now, o->names);
	for (size_t i = 0; i < N(labels); i++)
		draw_label(canvas, &labels[i], now->arrows);
	for (int line = 0; line < MACHINE_LINES; line++) {
		size_t n = strlen(canvas[line]);

		while (n && canvas[line][n - 1] == ' ')
			n--;
		if (o->width && n > o->width)
			n = o->width;
		obuf_add(b, canvas[line], n);
		obuf_add(b, "\n", 1);
	}
}

/*
 * Under it
 */

#define REST_ROOM (ST_MAX * ST_MAX * 64 + 64)

static char *put_rest(char *p, const struct arrow_counts *c, enum name_set names)
{
	const char *sep = "not as drawn: ";

	for (unsigned int from = 0; from < ST_MAX; from++)
		for (unsigned int to = 0; to < ST_MAX; to++) {
			if (!c->other[from][to])
				continue;
			p = fmt_str(fmt_str(p, sep), state_name(names, from));
			p = fmt_str(FMT_LIT(p, " -> "), state_name(names, to));
			*p++ = ' ';
			p = fmt_u64(p, c->other[from][to]);
			sep = ", ";
		}
	return p;
}

static void put_line(struct obuf *b, char *text, size_t n, unsigned int width)
{
	n = shortened(text, n, width ? width : n);
	obuf_add(b, text, n);
	obuf_add(b, "\n", 1);
}

void machine_rest_text(struct obuf *b, const struct states_now *now, const struct out_options *o)
{
	char text[REST_ROOM], *p = text;

	if (!now->arrows)
		return;
	p = fmt_u64(p, now->arrows->total);
	p = now->arrows->total == 1 ? FMT_LIT(p, " transition in ")
				    : FMT_LIT(p, " transitions in ");
	p = fmt_duration(p, now->duration_ns);
	if (now->lost)
		p = FMT_LIT(fmt_u64(FMT_LIT(p, ", "), now->lost), " lost");
	put_line(b, text, p - text, o->width);
	p = put_rest(text, now->arrows, o->names);
	if (p > text)
		put_line(b, text, p - text, o->width);
}
