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

/*
 * The state machine.  CLOSED is there twice: where connections begin, and where
 * they end.
 */

#define NODE_W 126
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

/* From where to where, and where the figures are written. */
static const struct edge {
	unsigned int from, to;
	const char *path;
	int x, y;
	bool rare; /* drawn only if there is any */
} edges[] = {
	{ST_CLOSE, ST_LISTEN, "M206 52 L112 113", 132, 78, false},
	{ST_CLOSE, ST_SYN_SENT, "M334 52 L428 113", 408, 78, false},
	{ST_LISTEN, ST_SYN_RECV, "M80 178 L80 235", 80, 202, false},
	{ST_LISTEN, ST_CLOSE, "M120 115 L232 69", 215, 100, true},
	{ST_SYN_SENT, ST_SYN_RECV, "M397 160 L145 254", 270, 196, true},
	{ST_SYN_SENT, ST_ESTABLISHED, "M452 178 L330 339", 420, 252, false},
	{ST_SYN_RECV, ST_ESTABLISHED, "M122 300 L220 339", 192, 312, false},
	{ST_SYN_RECV, ST_FIN_WAIT1, "M66 300 L66 453", 66, 386, true},
	{ST_ESTABLISHED, ST_FIN_WAIT1, "M220 405 L122 453", 148, 424, false},
	{ST_ESTABLISHED, ST_CLOSE_WAIT, "M320 405 L418 453", 392, 424, false},
	{ST_FIN_WAIT1, ST_FIN_WAIT2, "M80 518 L80 573", 80, 542, false},
	{ST_FIN_WAIT1, ST_CLOSING, "M144 502 L206 526", 184, 502, true},
	{ST_FIN_WAIT1, ST_TIME_WAIT, "M17 512 C-4 640 20 700 104 722", 32, 670, true},
	{ST_CLOSE_WAIT, ST_LAST_ACK, "M460 518 L460 573", 460, 542, false},
	{ST_FIN_WAIT2, ST_TIME_WAIT, "M100 638 L144 697", 120, 664, false},
	{ST_CLOSING, ST_TIME_WAIT, "M256 578 L194 697", 232, 640, true},
	{ST_LAST_ACK, AT_END, "M448 638 L418 697", 440, 664, false},
	{ST_TIME_WAIT, AT_END, "M234 730 L332 730", 284, 722, false},
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
	char median[FMT_DURATION_MAX + 1];
	double width = 1.2;

	if (!n && e->rare)
		return;
	for (__u64 i = n; i; i /= 10)
		width += 0.6;
	html_fmt(b,
		 "<g class=\"edge%s\"><path d=\"%s\" stroke-width=\"%.1f\" "
		 "marker-end=\"url(#tip)\"/><text x=\"%d\" y=\"%d\">%llu</text>",
		 n ? "" : " none", e->path, width, e->x, e->y, n);
	if (d->n)
		html_fmt(b, "<text class=\"d\" x=\"%d\" y=\"%d\">%s</text>", e->x, e->y + 15,
			 report_duration(median, dwells_permille(d, 500)));
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
	int y = n->y - (out ? 14 : state == ST_CLOSE ? -5 : 4);

	html_fmt(b,
		 "<g class=\"node\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		 "rx=\"9\"/><text class=\"n\" x=\"%d\" y=\"%d\">%s</text>",
		 n->x - NODE_W / 2, n->y - NODE_H / 2, NODE_W, NODE_H, n->x, y,
		 state_name(page->o->names, state));
	if (state != ST_CLOSE)
		html_fmt(b, "<text class=\"d\" x=\"%d\" y=\"%d\">%u now, %u max</text>", n->x,
			 y + 18, r->at_end[state], r->peak[state]);
	if (out)
		html_fmt(b, "<text class=\"x\" x=\"%d\" y=\"%d\">%llu to %s</text>", n->x, y + 35,
			 out, state_name(page->o->names, ST_CLOSE));
	html_raw(b, "</g>\n");
}

void report_svg_machine(struct obuf *b, const struct report_page *page)
{
	html_raw(b,
		 "<svg class=\"machine\" viewBox=\"0 0 540 770\" role=\"img\" "
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
 * Sockets by state
 */

#define TIME_X 64
#define TIME_W 920
#define TIME_H 260
#define RATE_Y 300
#define RATE_H 60

/* Of those that are drawn: listeners do not change. */
static __u32 total_of(const struct report_column *c)
{
	return c->total - c->by_state[ST_LISTEN] - c->by_state[ST_CLOSE] - c->by_state[ST_NONE];
}

/* An even number whose first digit is its only one: there is a line at its half. */
static __u64 round_up(__u64 n)
{
	__u64 step = 1;

	while (step * 10 < n && step < 1000000000000000ULL)
		step *= 10;
	return (n + 2 * step - 1) / (2 * step) * (2 * step);
}

static void most(const struct timeline *t, __u64 *sockets, __u64 *rate)
{
	*sockets = *rate = 1;
	for (__u32 i = 0; i < t->n; i++) {
		if (total_of(&t->column[i]) > *sockets)
			*sockets = total_of(&t->column[i]);
		if (t->column[i].transitions > *rate)
			*rate = t->column[i].transitions;
	}
	*sockets = round_up(*sockets);
}

static double column_x(const struct timeline *t, __u32 i)
{
	return TIME_X + (double)TIME_W * i / (t->n ? t->n : 1);
}

/* Sockets below a state's area. */
static __u64 below(const struct report_column *c, unsigned int state)
{
	__u64 n = 0;

	for (const unsigned char *s = report_states + 1; *s != state; s++)
		n += c->by_state[*s];
	return n;
}

static double sockets_y(__u64 n, __u64 max)
{
	return TIME_H + 10 - (double)TIME_H * n / max;
}

/* Steps to the right along the top, and back along the bottom. */
static void put_area(struct obuf *b, const struct timeline *t, unsigned int state, __u64 max)
{
	html_fmt(b, "<path class=\"f%u\" d=\"", state);
	for (__u32 i = 0; i < t->n; i++) {
		const struct report_column *c = &t->column[i];
		double y = sockets_y(below(c, state) + c->by_state[state], max);

		html_fmt(b, "%c%.1f %.1fH%.1f", i ? 'L' : 'M', column_x(t, i), y,
			 column_x(t, i + 1));
	}
	for (__u32 i = t->n; i-- > 0;)
		html_fmt(b, "L%.1f %.1fH%.1f", column_x(t, i + 1),
			 sockets_y(below(&t->column[i], state), max), column_x(t, i));
	html_raw(b, "z\"/>\n");
}

static void put_rates(struct obuf *b, const struct timeline *t, __u64 max, bool failed)
{
	html_fmt(b, "<path class=\"%s\" d=\"", failed ? "fails" : "rate");
	for (__u32 i = 0; i < t->n; i++) {
		__u64 n = failed ? t->column[i].failed : t->column[i].transitions;
		double h = (double)RATE_H * n / max;

		if (n)
			html_fmt(b, "M%.1f %d V%.1f H%.1f V%dz", column_x(t, i), RATE_Y + RATE_H,
				 RATE_Y + RATE_H - h, column_x(t, i + 1), RATE_Y + RATE_H);
	}
	html_raw(b, "\"/>\n");
}

static void put_grid(struct obuf *b, const struct timeline *t, __u64 max, __u64 rate)
{
	char text[FMT_DURATION_MAX + 1];

	for (unsigned int i = 0; i <= 2; i++) {
		double y = sockets_y(max * i / 2, max);

		html_fmt(b,
			 "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			 "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%llu</text>\n",
			 TIME_X, TIME_X + TIME_W, y, y, TIME_X - 6, y + 5, max * i / 2);
	}
	html_fmt(b,
		 "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>"
		 "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%llu/s</text>\n",
		 TIME_X, TIME_X + TIME_W, RATE_Y + RATE_H, RATE_Y + RATE_H, TIME_X - 6,
		 RATE_Y + RATE_H / 2 + 5, rate);
	for (unsigned int i = 0; i <= 4; i++)
		html_fmt(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n",
			 TIME_X + TIME_W * (int)i / 4, RATE_Y + RATE_H + 26,
			 i == 4 ? "end" : "middle",
			 report_duration(text, t->width_ns * t->n / 4 * i));
}

void report_svg_timeline(struct obuf *b, const struct report_page *page)
{
	const struct timeline *t = &page->r->time;
	__u64 max, rate;

	most(t, &max, &rate);
	html_raw(b,
		 "<svg class=\"time\" viewBox=\"0 0 1000 400\" role=\"img\" "
		 "aria-labelledby=\"tt td\"><title id=\"tt\">Sockets by state over time</title>"
		 "<desc id=\"td\">Stacked areas: the sockets in each state but LISTEN. Below them "
		 "the transitions of each moment, and in red the connections that failed. The "
		 "table below has some of the figures.</desc>\n");
	for (const unsigned char *s = report_states + 1; *s; s++)
		if (page->r->peak[*s])
			put_area(b, t, *s, max);
	put_rates(b, t, rate, false);
	put_rates(b, t, rate, true);
	put_grid(b, t, max, (__u64)((double)rate * 1e9 / (double)t->width_ns));
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
