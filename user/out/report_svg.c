// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "out/fmt.h"
#include "out/html.h"
#include "out/report_parts.h"

const unsigned char report_states[] = {
	ST_LISTEN,     ST_SYN_SENT, ST_SYN_RECV, ST_ESTABLISHED, ST_FIN_WAIT1, ST_FIN_WAIT2,
	ST_CLOSE_WAIT, ST_LAST_ACK, ST_CLOSING,	 ST_TIME_WAIT,	 ST_NONE,
};

const unsigned char report_arrows[] = {
	ST_CLOSE,     ST_LISTEN,     ST_SYN_SENT, ST_SYN_RECV, ST_ESTABLISHED, ST_FIN_WAIT1,
	ST_FIN_WAIT2, ST_CLOSE_WAIT, ST_LAST_ACK, ST_CLOSING,  ST_TIME_WAIT,   ST_NONE,
};

const char *report_duration(char *text, __u64 ns)
{
	*fmt_duration(text, ns) = '\0';
	return text;
}

const char *report_number(char *text, __u64 n)
{
	char digits[FMT_U64_MAX], *end = fmt_u64(digits, n), *p = text;

	for (char *d = digits; d < end; d++) {
		if (d > digits && (end - d) % 3 == 0)
			*p++ = ',';
		*p++ = *d;
	}
	*p = '\0';
	return text;
}

/* In a box of the figure there is room for six digits. */
static const char *short_number(char *text, __u64 n)
{
	if (n < 100000)
		return report_number(text, n);
	if (n < 10000000)
		snprintf(text, REPORT_NUMBER_MAX, "%lluk", n / 1000);
	else
		snprintf(text, REPORT_NUMBER_MAX, "%lluM", n / 1000000);
	return text;
}

/*
 * The state machine.  CLOSED is there twice: where connections begin, and where
 * they end.
 */

#define NODE_W 140
#define NODE_H 62
#define AT_END ST_MAX

static const struct node {
	unsigned int state;
	int x, y; /* of its middle */
} nodes[] = {
	{ST_CLOSE, 270, 36},	   {ST_LISTEN, 80, 146},       {ST_SYN_SENT, 460, 146},
	{ST_SYN_RECV, 80, 268},	   {ST_ESTABLISHED, 270, 372}, {ST_FIN_WAIT1, 80, 486},
	{ST_CLOSE_WAIT, 460, 486}, {ST_FIN_WAIT2, 80, 606},    {ST_CLOSING, 270, 546},
	{ST_LAST_ACK, 460, 606},   {ST_TIME_WAIT, 170, 730},   {AT_END, 400, 730},
};

/* From where to where, and where the figures are written: beside the arrow, not on it. */
static const struct edge {
	unsigned int from, to;
	const char *path;
	int x, y;
	const char *anchor;
	bool rare; /* drawn only if there is any */
} edges[] = {
	{ST_CLOSE, ST_LISTEN, "M198 52 L112 113", 148, 74, "end", false},
	{ST_CLOSE, ST_SYN_SENT, "M342 52 L428 113", 392, 74, "start", false},
	{ST_LISTEN, ST_SYN_RECV, "M80 178 L80 235", 92, 208, "start", false},
	{ST_LISTEN, ST_CLOSE, "M120 115 L232 69", 186, 107, "start", true},
	{ST_SYN_SENT, ST_SYN_RECV, "M389 160 L152 252", 240, 182, "middle", true},
	{ST_SYN_SENT, ST_ESTABLISHED, "M452 178 L330 339", 406, 262, "start", false},
	{ST_SYN_RECV, ST_ESTABLISHED, "M122 300 L220 339", 178, 293, "start", false},
	{ST_SYN_RECV, ST_FIN_WAIT1, "M66 300 L66 453", 76, 372, "start", true},
	{ST_ESTABLISHED, ST_FIN_WAIT1, "M220 405 L122 453", 150, 404, "end", false},
	{ST_ESTABLISHED, ST_CLOSE_WAIT, "M320 405 L418 453", 390, 404, "start", false},
	{ST_FIN_WAIT1, ST_FIN_WAIT2, "M80 518 L80 573", 92, 541, "start", false},
	{ST_FIN_WAIT1, ST_CLOSING, "M151 502 L204 522", 172, 484, "start", true},
	{ST_FIN_WAIT1, ST_TIME_WAIT, "M9 505 C-24 600 -14 712 98 726", 26, 660, "start", true},
	{ST_CLOSE_WAIT, ST_LAST_ACK, "M460 518 L460 573", 472, 541, "start", false},
	{ST_FIN_WAIT2, ST_TIME_WAIT, "M100 638 L144 697", 142, 662, "start", false},
	{ST_CLOSING, ST_TIME_WAIT, "M256 578 L194 697", 238, 640, "start", true},
	{ST_LAST_ACK, AT_END, "M448 638 L418 697", 452, 664, "start", false},
	{ST_TIME_WAIT, AT_END, "M241 730 L328 730", 285, 700, "middle", false},
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

static unsigned int number_of(unsigned int state)
{
	return state == AT_END ? ST_CLOSE : state;
}

static void put_edge(struct obuf *b, const struct report *r, const struct edge *e)
{
	const struct dwells *d = &r->dwell[e->from][number_of(e->to)];
	__u64 n = r->count[e->from][number_of(e->to)];
	char text[REPORT_NUMBER_MAX], median[FMT_DURATION_MAX + 1];
	double width = 1.2;

	if (!n && e->rare)
		return;
	for (__u64 i = n; i; i /= 10)
		width += 0.6;
	html_fmt(b,
		 "<g class=\"edge%s\"><path d=\"%s\" stroke-width=\"%.1f\" "
		 "marker-end=\"url(#tip)\"/><text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s",
		 n ? "" : " none", e->path, width, e->x, e->y, e->anchor, report_number(text, n));
	if (d->n)
		html_fmt(b, "<tspan class=\"d\" x=\"%d\" dy=\"1.2em\">%s</tspan>", e->x,
			 report_duration(median, dwells_permille(d, 500)));
	html_raw(b, "</text>");
	html_raw(b, "</g>\n");
}

/* To CLOSED on no arrow of the figure: resets, timeouts, refused connections. */
static __u64 dropped(const struct report *r, unsigned int state)
{
	if (state == ST_LAST_ACK || state == ST_TIME_WAIT || state == ST_LISTEN ||
	    number_of(state) == ST_CLOSE)
		return 0;
	return r->count[state][ST_CLOSE];
}

static void put_node(struct obuf *b, const struct report_page *page, const struct node *n)
{
	const struct report *r = page->r;
	unsigned int state = number_of(n->state);
	__u64 out = dropped(r, n->state);
	int y = n->y - (out ? 13 : state == ST_CLOSE ? -5 : 4);
	char now[REPORT_NUMBER_MAX], most[REPORT_NUMBER_MAX];

	html_fmt(b,
		 "<g class=\"node\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		 "rx=\"9\"/><text class=\"n\" x=\"%d\" y=\"%d\">%s</text>",
		 n->x - NODE_W / 2, n->y - NODE_H / 2, NODE_W, NODE_H, n->x, y,
		 state_name(page->o->names, state));
	if (state != ST_CLOSE)
		html_fmt(b,
			 "<text class=\"d\" x=\"%d\" y=\"%d\">%s now<tspan class=\"m\">, %s max"
			 "</tspan></text>",
			 n->x, y + 18, short_number(now, r->at_end[state]),
			 short_number(most, r->peak[state]));
	if (out)
		html_fmt(b, "<text class=\"x\" x=\"%d\" y=\"%d\">%s to %s</text>", n->x, y + 35,
			 short_number(now, out), state_name(page->o->names, ST_CLOSE));
	html_raw(b, "</g>\n");
}

void report_svg_machine(struct obuf *b, const struct report_page *page)
{
	html_raw(b,
		 "<svg class=\"machine\" viewBox=\"-14 0 560 770\" role=\"img\" "
		 "aria-labelledby=\"mt md\"><title id=\"mt\">The state machine of TCP</title>"
		 "<desc id=\"md\">Each state with the sockets in it, each arrow with its number of "
		 "transitions and the median time in the state before. The table of transitions "
		 "has the same figures.</desc>\n"
		 "<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"8\" refY=\"5\" "
		 "markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" "
		 "orient=\"auto\"><path d=\"M0 0 L10 5 L0 10 z\"/></marker></defs>\n");
	for (unsigned int i = 0; i < N(edges); i++)
		put_edge(b, page->r, &edges[i]);
	for (unsigned int i = 0; i < N(nodes); i++)
		put_node(b, page, &nodes[i]);
	html_raw(b, "</svg>\n");
}

/*
 * How the times of a state are spread: a bar for each power of two from 1 us on
 */

#define SPREAD_FIRST 10 /* 2^10 ns */
#define SPREAD_LAST 41	/* 2^42 ns: over an hour */
#define SPREAD_H 28

static __u64 octave(const struct dwells *d, unsigned int power)
{
	__u64 n = 0;
	unsigned int first = power == SPREAD_FIRST ? 0 : hist_bucket(1ULL << power);
	unsigned int end = power == SPREAD_LAST ? HIST_BUCKETS : hist_bucket(2ULL << power);

	for (unsigned int i = first; i < end; i++)
		n += d->bucket[i];
	return n;
}

void report_svg_spread(struct obuf *b, const struct dwells *d)
{
	__u64 max = 1;

	for (unsigned int i = SPREAD_FIRST; i <= SPREAD_LAST; i++)
		if (octave(d, i) > max)
			max = octave(d, i);
	html_fmt(b,
		 "<svg class=\"spread\" viewBox=\"0 0 192 %d\" width=\"136\" height=\"%d\" "
		 "aria-hidden=\"true\"><line x1=\"0\" x2=\"192\" y1=\"%d\" y2=\"%d\"/>",
		 SPREAD_H, SPREAD_H, SPREAD_H - 1, SPREAD_H - 1);
	for (unsigned int i = SPREAD_FIRST; i <= SPREAD_LAST; i++) {
		__u64 n = octave(d, i);
		double h = n ? 1.5 + (double)(SPREAD_H - 3) * n / max : 0;

		if (n)
			html_fmt(b, "<rect x=\"%u\" y=\"%.1f\" width=\"5\" height=\"%.1f\"/>",
				 (i - SPREAD_FIRST) * 6, SPREAD_H - 1 - h, h);
	}
	html_raw(b, "</svg>");
}
