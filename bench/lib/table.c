// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <string.h>

#include "result.h"

#define TITLE 44

static const struct {
	const char *head, *unit;
	int width, digits;
	double scale;
	bool spread;
} columns[FIGURES] = {
	[FIG_RATE] = {"rate", "conn/s", 7, 0, 1, false},
	[FIG_KEPT] = {"rate kept", "of untraced", 19, 3, 1, true},
	[FIG_QUIET] = {"kept, quiet", "of untraced", 19, 3, 1, true},
	[FIG_ADDED] = {"added", "ns/tr.", 6, 0, 1, false},
	[FIG_BPF] = {"BPF", "ns/transition", 17, 0, 1, true},
	[FIG_READER] = {"reader CPU", "ns/transition", 17, 0, 1, true},
	[FIG_PEAK] = {"memory", "MiB", 6, 1, 1.0 / 1024, false},
	[FIG_LOST] = {"lost", "told", 8, 0, 1, false},
	[FIG_MISSING] = {"missing", "lines", 8, 0, 1, false},
	[FIG_BYTES] = {"bytes", "/line", 5, 0, 1, false},
};

static void cell(FILE *f, enum figure fig, const struct series *s)
{
	double scale = columns[fig].scale;
	int digits = columns[fig].digits;
	char text[64] = "-";

	if (s->n && columns[fig].spread)
		snprintf(text, sizeof(text), "%.*f [%.*f-%.*f]", digits, series_median(s) * scale,
			 digits, series_min(s) * scale, digits, series_max(s) * scale);
	else if (s->n)
		snprintf(text, sizeof(text), "%.*f", digits, series_median(s) * scale);
	fprintf(f, "  %*s", columns[fig].width, text);
}

static void head(FILE *f)
{
	fprintf(f, "%-*s", TITLE, "");
	for (int i = 0; i < FIGURES; i++)
		fprintf(f, "  %*s", columns[i].width, columns[i].head);
	fprintf(f, "\n%-*s", TITLE, "");
	for (int i = 0; i < FIGURES; i++)
		fprintf(f, "  %*s", columns[i].width, columns[i].unit);
	fputc('\n', f);
}

static void line(FILE *f, const struct row *row)
{
	fprintf(f, "%-*s", TITLE, row->subject->title);
	if (!row->fig[FIG_RATE].n) {
		fprintf(f, "  %s\n", row->skip ? row->skip : "not measured");
		return;
	}
	for (int i = 0; i < FIGURES; i++)
		cell(f, i, &row->fig[i]);
	fputc('\n', f);
}

void table_print(FILE *f, const struct result *r)
{
	fprintf(f, "\n%s: medians of %u, [least-most]\n\n", r->scenario->title, r->n_rounds);
	head(f);
	fprintf(f, "%-*s  %*.0f  [%.0f-%.0f], quiet %.0f ns/transition\n", TITLE, "untraced",
		columns[FIG_RATE].width, series_median(&r->rate), series_min(&r->rate),
		series_max(&r->rate), series_median(&r->quiet_ns));
	for (int i = 0; i < SUBJECTS; i++)
		if (r->row[i].subject)
			line(f, &r->row[i]);
}

void table_programs(FILE *f, const struct result *r)
{
	fprintf(f, "\nBPF programs, last round\n\n%-*s  %-16s %14s %10s %12s %10s %10s\n", TITLE,
		"", "program", "ns/transition", "ns/run", "runs/trans.", "jited", "verified");
	for (int i = 0; i < SUBJECTS; i++) {
		const struct row *row = &r->row[i];

		for (unsigned int j = 0; j < row->progs.n; j++) {
			const struct prog *p = &row->progs.prog[j];

			if (!p->runs)
				continue;
			fprintf(f, "%-*s  %-16s %14.1f %10.1f %12.2f %10u %10u\n", TITLE,
				row->subject->title, p->name,
				(double)p->run_ns / row->timed_transitions,
				(double)p->run_ns / p->runs,
				(double)p->runs / row->timed_transitions, p->jited_len,
				p->verified);
		}
	}
}

static void judge(FILE *f, const char *name, bool at_least, double value, double limit)
{
	bool ok = at_least ? value >= limit : value <= limit;

	if (isnan(limit))
		return;
	fprintf(f, "  %s %s %.4g: %-6s", name, at_least ? ">=" : "<=", limit,
		isnan(value) ? "unknown"
		: ok	     ? "met"
			     : "missed");
}

static void target(FILE *f, const char *what, double value, bool at_least, double goal,
		   double further)
{
	fprintf(f, "target  %-46s %9.4g", what, value);
	judge(f, "goal", at_least, value, goal);
	judge(f, "further", at_least, value, further);
	fputc('\n', f);
}

/* Both run in the same round, next to each other but for the rotation. */
static double tier_cost(const struct result *r)
{
	const struct series *timer = &r->row[SUBJECT_JSON].fig[FIG_QUIET];
	const struct series *sweep = &r->row[SUBJECT_SWEEP].fig[FIG_QUIET];
	struct series cost = {.n = 0};

	for (unsigned int i = 0; i < timer->n && i < sweep->n; i++)
		series_add(&cost, 1 - timer->v[i] / sweep->v[i]);
	return series_median(&cost);
}

static void target_kept(FILE *f, const struct result *r, const char *what, enum subject_id id,
			double goal, double further)
{
	char text[64];

	snprintf(text, sizeof(text), "rate kept, %s", what);
	target(f, text, median_of(r, id, FIG_KEPT), true, goal, further);
	snprintf(text, sizeof(text), "  ... quiet");
	target(f, text, median_of(r, id, FIG_QUIET), true, goal, further);
}

static void target_lost(FILE *f, const struct result *r, const char *what, enum subject_id id)
{
	char text[64];

	snprintf(text, sizeof(text), "lost, %s, worst round", what);
	target(f, text, series_max(&r->row[id].fig[FIG_LOST]), false, 0, 0);
}

void targets_print(FILE *f, const struct result *r)
{
	double bpf = median_of(r, SUBJECT_JSON, FIG_BPF);
	double reader = median_of(r, SUBJECT_JSON, FIG_READER);

	fputc('\n', f);
	target_kept(f, r, "trace --json", SUBJECT_JSON, 0.95, 0.97);
	/* what nobody with programs at these places can beat */
	target_kept(f, r, "empty programs at all hooks", SUBJECT_HOOKS, NAN, NAN);
	target_kept(f, r, "... with a clock and 32 bytes", SUBJECT_RECORD, NAN, NAN);
	target_kept(f, r, "--lport 1 drops all", SUBJECT_DROP_PORT, NAN, 0.99);
	target_kept(f, r, "--comm nosuch drops all", SUBJECT_DROP_OWNER, NAN, 0.99);
	if (r->row[SUBJECT_HIST].fig[FIG_KEPT].n)
		target_kept(f, r, "hist", SUBJECT_HIST, NAN, 0.99);
	target(f, "hist: BPF time, times trace's",
	       median_of(r, SUBJECT_HIST, FIG_BPF) / median_of(r, SUBJECT_TEXT, FIG_BPF), false,
	       NAN, 1.3);
	target(f, "BPF time, part of tcpstates'", bpf / median_of(r, SUBJECT_TCPSTATES, FIG_BPF),
	       false, 1.0 / 20, 1.0 / 30);
	target(f, "BPF time, times the empty program's", bpf / median_of(r, SUBJECT_FLOOR, FIG_BPF),
	       false, 6, 4);
	target(f, "  ... those of a clock and 32 bytes at all hooks",
	       median_of(r, SUBJECT_RECORD, FIG_BPF) / median_of(r, SUBJECT_FLOOR, FIG_BPF), false,
	       NAN, NAN);
	target(f, "reader CPU, part of tcpstates'",
	       reader / median_of(r, SUBJECT_TCPSTATES, FIG_READER), false, 1.0 / 3, 1.0 / 5);
	target(f, "reader CPU, ns a transition", reader, false, NAN, 600);
	target_lost(f, r, "trace --json", SUBJECT_JSON);
	target_lost(f, r, "trace", SUBJECT_TEXT);
	target(f, "rate that timers cost more than sweeps, quiet", tier_cost(r), false, 0.03, NAN);
}

void sweep_print(FILE *f, const struct sweep *s)
{
	double sweep = series_median(&s->sweep_ms), ss = series_median(&s->ss_ms);

	fprintf(f,
		"\n%lu sockets in TIMED_WAIT: a sweep of %u namespaces %.1f ms [%.1f-%.1f], "
		"ss -tan state time-wait in one %.1f ms [%.1f-%.1f]",
		s->sockets, s->n_netns, sweep, series_min(&s->sweep_ms), series_max(&s->sweep_ms),
		ss, series_min(&s->ss_ms), series_max(&s->ss_ms));
	if (s->list_ms.n)
		fprintf(f, ", tcpdwell list %.1f ms [%.1f-%.1f]", series_median(&s->list_ms),
			series_min(&s->list_ms), series_max(&s->list_ms));
	fputs("\n\n", f);
	target(f, "sweep, part of ss's time", sweep / ss, false, 0.5, NAN);
	if (s->list_ms.n)
		target(f, "list, part of ss's time", series_median(&s->list_ms) / ss, false, NAN,
		       0.5);
}
