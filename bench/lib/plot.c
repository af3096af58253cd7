// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <string.h>

#include "result.h"
#include "svg.h"

#define WIDTH 760
#define NAMES 230
#define BARS (WIDTH - NAMES - 140)
#define ROW 20
#define HEAD 44

/* Panels, one below the other; by orders of magnitude where these lie apart. */
static const struct panel {
	enum figure fig;
	const char *title;
	const char *unit;
	int digits;
	bool log;
} panels[] = {
	{FIG_QUIET, "Connection rate kept, of that without a tracer (more is better)", "", 3,
	 false},
	{FIG_BPF, "BPF time a transition, logarithmic (less is better)", " ns", 0, true},
	{FIG_READER, "CPU time of the reader a transition, logarithmic (less is better)", " ns", 0,
	 true},
};

#define PANELS (sizeof(panels) / sizeof(*panels))

static bool is_shown(const struct row *row, const struct panel *p)
{
	return row->subject && subject_is_real(row->subject) && row->fig[p->fig].n &&
	       (!p->log || series_median(&row->fig[p->fig]) >= 1);
}

static unsigned int rows_of(const struct result *r, const struct panel *p)
{
	unsigned int n = 0;

	for (int i = 0; i < SUBJECTS; i++)
		n += is_shown(&r->row[i], p);
	return n;
}

static double most_of(const struct result *r, const struct panel *p)
{
	double most = p->log ? 10 : 1;

	for (int i = 0; i < SUBJECTS; i++)
		if (is_shown(&r->row[i], p))
			most = fmax(most, series_max(&r->row[i].fig[p->fig]));
	return most;
}

/* log: from 1 on */
static double bar_width(const struct panel *p, double v, double most)
{
	return BARS * (p->log ? fmax(0, log(v) / log(most)) : v / most);
}

static const char *class_of(const struct subject *s)
{
	if (!strcmp(s->argv[0], "tcpdwell"))
		return "ours";
	return strcmp(s->argv[0], "floor") ? "peer" : "floor";
}

static void put_row(FILE *f, const struct row *row, const struct panel *p, double most, double y)
{
	const struct series *s = &row->fig[p->fig];
	double mid = y + (ROW - 6) / 2.0;
	char text[64];

	snprintf(text, sizeof(text), "%.*f%s", p->digits, series_median(s), p->unit);
	svg_text(f, NAMES - 8, y + 11, "", "end", row->subject->title);
	svg_bar(f, NAMES, y, bar_width(p, series_median(s), most), ROW - 6, class_of(row->subject));
	svg_line(f, NAMES + bar_width(p, series_min(s), most), mid,
		 NAMES + bar_width(p, series_max(s), most), mid, "spread");
	svg_text(f, NAMES + bar_width(p, series_max(s), most) + 8, y + 11, "", "start", text);
}

static double put_panel(FILE *f, const struct result *r, const struct panel *p, double y)
{
	double most = most_of(r, p);

	svg_text(f, 12, y + 24, "head", "start", p->title);
	y += HEAD - 8;
	for (int i = 0; i < SUBJECTS; i++) {
		if (!is_shown(&r->row[i], p))
			continue;
		put_row(f, &r->row[i], p, most, y);
		y += ROW;
	}
	return y + 8;
}

void plot_print(FILE *f, const struct result *r)
{
	double y = 0;
	int height = 34;
	char text[128];

	for (unsigned int i = 0; i < PANELS; i++)
		height += HEAD + (int)rows_of(r, &panels[i]) * ROW;
	svg_begin(f, WIDTH, height, "What tracing costs");
	for (unsigned int i = 0; i < PANELS; i++)
		y = put_panel(f, r, &panels[i], y);
	snprintf(text, sizeof(text),
		 "%s; medians of %u interleaved rounds, lines from least to most",
		 r->scenario->title, r->n_rounds);
	svg_text(f, 12, y + 18, "dim", "start", text);
	svg_end(f);
}
