// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The HTML report: the sockets by state over time, as three strips above each
 * other.  TIMED_WAIT, of which there are often more than of all others, has one
 * of its own.
 */
#include <string.h>

#include "out/fmt.h"
#include "out/html.h"
#include "out/report_parts.h"

#define WIDTH 1000
#define SOCKETS_H 230
#define TIMED_WAIT_H 80
#define RATE_H 70
#define TITLE_H 46 /* of a strip: its title is above it */
#define AXIS_H 40

/* Of which states a strip is; drawn in this order, each on the one before. */
static const unsigned char others[] = {
	ST_SYN_SENT,   ST_SYN_RECV, ST_ESTABLISHED, ST_FIN_WAIT1, ST_FIN_WAIT2,
	ST_CLOSE_WAIT, ST_LAST_ACK, ST_CLOSING,	    ST_NONE,
};
static const unsigned char timed_wait[] = {ST_TIME_WAIT, ST_NONE};

struct strip {
	const struct timeline *t;
	int top, height;
	__u64 max;
};

static __u64 sum_of(const struct report_column *c, const unsigned char *states)
{
	__u64 n = 0;

	for (; *states; states++)
		n += c->by_state[*states];
	return n;
}

static __u64 most_of(const struct timeline *t, const unsigned char *states)
{
	__u64 most = 1;

	for (__u32 i = 0; i < t->n; i++) {
		__u64 n = sum_of(&t->column[i], states);

		most = n > most ? n : most;
	}
	return most;
}

static __u64 most_transitions(const struct timeline *t)
{
	__u64 most = 1;

	for (__u32 i = 0; i < t->n; i++)
		if (t->column[i].transitions > most)
			most = t->column[i].transitions;
	return most;
}

/* A number of one or two digits and noughts, whose half is one too. */
static __u64 round_up(__u64 n)
{
	static const unsigned int tenths[] = {10, 12, 16, 20, 24, 30, 40, 50, 60, 80, 100};
	__u64 step = 1;
	size_t i = 0;

	if (n <= 10)
		return n + n % 2;
	while (step * 100 < n && step < 1000000000000000ULL)
		step *= 10;
	while (tenths[i] * step < n && i + 1 < sizeof(tenths) / sizeof(tenths[0]))
		i++;
	return tenths[i] * step;
}

static double column_x(const struct timeline *t, __u32 i)
{
	return (double)WIDTH * i / (t->n ? t->n : 1);
}

static double y_of(const struct strip *s, __u64 n)
{
	return s->top + s->height - (double)s->height * n / s->max;
}

/* Sockets below a state's area. */
static __u64 below(const struct report_column *c, const unsigned char *states, unsigned int state)
{
	__u64 n = 0;

	for (; *states != state; states++)
		n += c->by_state[*states];
	return n;
}

/* Steps to the right along the top, and back along the bottom. */
static void put_area(struct obuf *b, const struct strip *s, const unsigned char *states,
		     unsigned int state)
{
	const struct timeline *t = s->t;

	html_fmt(b, "<path class=\"f%u\" d=\"", state);
	for (__u32 i = 0; i < t->n; i++) {
		const struct report_column *c = &t->column[i];
		double y = y_of(s, below(c, states, state) + c->by_state[state]);

		html_fmt(b, "%c%.1f %.1fH%.1f", i ? 'L' : 'M', column_x(t, i), y,
			 column_x(t, i + 1));
	}
	for (__u32 i = t->n; i-- > 0;)
		html_fmt(b, "L%.1f %.1fH%.1f", column_x(t, i + 1),
			 y_of(s, below(&t->column[i], states, state)), column_x(t, i));
	html_raw(b, "z\"/>\n");
}

static void put_line(struct obuf *b, const struct strip *s, __u64 n)
{
	html_fmt(b, "<line class=\"grid\" x1=\"0\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", WIDTH,
		 y_of(s, n), y_of(s, n));
}

/* The number of a line stands inside, above it: however large, it is not cut off. */
static void put_mark(struct obuf *b, const struct strip *s, __u64 n)
{
	char text[REPORT_NUMBER_MAX];

	html_fmt(b, "<text class=\"mark\" x=\"4\" y=\"%.1f\">%s</text>\n", y_of(s, n) - 5,
		 report_number(text, n));
}

static void put_title(struct obuf *b, const struct strip *s, const char *title)
{
	html_fmt(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", WIDTH, s->top - 8,
		 title);
}

/* Gives where it ends. */
static int put_sockets(struct obuf *b, const struct report_page *page, int top, int height,
		       const unsigned char *states, const char *title)
{
	const struct timeline *t = &page->r->time;
	struct strip s = {t, top + TITLE_H, height, round_up(most_of(t, states))};

	for (const unsigned char *state = states; *state; state++)
		if (page->r->peak[*state])
			put_area(b, &s, states, *state);
	for (__u64 i = 0; i <= 2; i++)
		put_line(b, &s, s.max * i / 2);
	put_mark(b, &s, s.max);
	put_mark(b, &s, s.max / 2);
	put_title(b, &s, title);
	return s.top + s.height;
}

static void put_bars(struct obuf *b, const struct strip *s, bool failed)
{
	const struct timeline *t = s->t;

	html_fmt(b, "<path class=\"%s\" d=\"", failed ? "fails" : "rate");
	for (__u32 i = 0; i < t->n; i++) {
		__u64 n = failed ? t->column[i].failed : t->column[i].transitions;

		if (n)
			html_fmt(b, "M%.1f %.1fV%.1fH%.1fV%.1fz", column_x(t, i), y_of(s, 0),
				 y_of(s, n), column_x(t, i + 1), y_of(s, 0));
	}
	html_raw(b, "\"/>\n");
}

static int put_rates(struct obuf *b, const struct timeline *t, int top)
{
	struct strip s = {t, top + TITLE_H, RATE_H, most_transitions(t)};
	__u64 rate = (__u64)((double)s.max * 1e9 / (double)t->width_ns);
	char text[REPORT_NUMBER_MAX], title[REPORT_NUMBER_MAX + 64], *p;

	p = FMT_LIT(title, "Transitions, failed in red: at most ");
	p = FMT_LIT(fmt_str(p, report_number(text, rate)), " a second");
	*p = '\0';
	put_bars(b, &s, false);
	put_bars(b, &s, true);
	put_line(b, &s, 0);
	put_title(b, &s, title);
	return s.top + s.height;
}

static void put_axis(struct obuf *b, const struct timeline *t, int top)
{
	static const char *const anchors[] = {"start", "middle", "middle", "middle", "end"};
	char text[FMT_DURATION_MAX + 1];

	for (unsigned int i = 0; i <= 4; i++)
		html_fmt(b, "<text x=\"%u\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", WIDTH * i / 4,
			 top + AXIS_H - 8, anchors[i],
			 report_duration(text, t->width_ns * t->n / 4 * i));
}

void report_svg_timeline(struct obuf *b, const struct report_page *page)
{
	const struct timeline *t = &page->r->time;
	bool has_timed_wait = page->r->peak[ST_TIME_WAIT];
	int y = 0;

	html_fmt(b,
		 "<svg class=\"time\" viewBox=\"0 0 %d %d\" role=\"img\" "
		 "aria-labelledby=\"tt td\"><title id=\"tt\">Sockets by state over time</title>"
		 "<desc id=\"td\">Stacked areas: the sockets in each state but LISTEN; those in "
		 "TIMED_WAIT by themselves. Below them the transitions of each moment, and in red "
		 "the connections that failed. The table below has some of the figures.</desc>\n",
		 WIDTH,
		 TITLE_H + SOCKETS_H + (has_timed_wait ? TITLE_H + TIMED_WAIT_H : 0) + TITLE_H +
			 RATE_H + AXIS_H);
	y = put_sockets(b, page, y, SOCKETS_H, others, "Sockets");
	if (has_timed_wait)
		y = put_sockets(b, page, y, TIMED_WAIT_H, timed_wait,
				state_name(page->o->names, ST_TIME_WAIT));
	y = put_rates(b, t, y);
	put_axis(b, t, y);
	html_raw(b, "</svg>\n");
}
