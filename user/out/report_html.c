// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "out/fmt.h"
#include "out/html.h"
#include "out/report_parts.h"
#include "out/report_table.h"

#define TIME_ROWS 20

/*
 * Head
 */

static void put_head(struct obuf *b)
{
	__u64 nonce[2] = {0};
	size_t got = getrandom(nonce, sizeof(nonce), 0);

	(void)got; /* it is a second lock: all text is escaped */
	html_fmt(b,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		 "style-src 'nonce-%016llx%016llx'; script-src 'nonce-%016llx%016llx'; base-uri "
		 "'none'; form-action 'none'\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n"
		 "<title>TCP state transitions - tcpdwell</title>\n",
		 nonce[0], nonce[1], nonce[0], nonce[1]);
	html_fmt(b, "<style nonce=\"%016llx%016llx\">\n", nonce[0], nonce[1]);
	html_raw(b, report_css);
	html_raw(b, "</style>\n");
	html_fmt(b, "<script type=\"module\" nonce=\"%016llx%016llx\">\n", nonce[0], nonce[1]);
	html_raw(b, report_js);
	html_raw(b, "</script>\n</head>\n<body>\n"
		    "<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n");
}

static void fact(struct obuf *b, const char *name, const char *value)
{
	if (!*value)
		return;
	html_fmt(b, "<dt>%s</dt><dd>", name);
	html_str(b, value);
	html_raw(b, "</dd>\n");
}

static void put_time(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;
	char text[2 * FMT_TIME_MAX + 64], took[FMT_DURATION_MAX + 1], *p = text;
	struct fmt_clock clock = {0};

	fmt_time(p, &clock, (__s64)r->begin_ns + page->o->mono_to_real_ns);
	/* 2026-01-31T23:59:59.123456789Z: who reads a page wants no more than seconds */
	p[10] = ' ';
	p = FMT_LIT(p + 19, " UTC, for ");
	p = fmt_str(p, report_duration(took, r->end_ns - r->begin_ns));
	*p = '\0';
	fact(b, "From", text);
}

static void put_tier(struct obuf *b, const struct report *r)
{
	char text[sizeof(r->tier) + sizeof(r->tier_reason) + 4];

	snprintf(text, sizeof(text), *r->tier_reason ? "%s (%s)" : "%s", r->tier, r->tier_reason);
	fact(b, "TIMED_WAIT seen by", text);
}

static void put_facts(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;
	char text[64];

	html_raw(b, "<dl class=\"facts\">\n");
	fact(b, "Source", page->source);
	fact(b, "Host", page->host);
	fact(b, "Kernel", r->kernel);
	put_time(b, page);
	fact(b, "Filter", *r->filter ? r->filter : "none: all sockets");
	snprintf(text, sizeof(text), "%u", r->n_netns);
	fact(b, "Network namespaces", text);
	put_tier(b, r);
	fact(b, "tcpdwell", r->version);
	html_raw(b, "</dl></header>\n");
}

static void figure(struct obuf *b, const char *name, __u64 n, bool bad)
{
	char text[REPORT_NUMBER_MAX];

	html_fmt(b, "<div><dt>%s</dt><dd%s>%s</dd></div>\n", name, bad && n ? " class=\"bad\"" : "",
		 report_number(text, n));
}

static __u64 lost_of(const struct report *r)
{
	__u64 n = 0;

	for (int i = 0; i < LOST_NCAUSES; i++)
		n += r->lost[i];
	return n;
}

static void put_figures(struct obuf *b, const struct report *r)
{
	html_raw(b, "<dl class=\"figures\">\n");
	figure(b, "Transitions", r->transitions, false);
	figure(b, "Connections begun", r->connections, false);
	figure(b, "Connections failed", r->failed, true);
	figure(b, "Sockets stuck", r->stuck_total, true);
	if (!r->sum.half_open_unseen)
		figure(b, "Handshakes failed", r->sum.half_open, true);
	figure(b, "Events lost", lost_of(r), true);
	html_raw(b, "</dl>\n");
}

/*
 * States and arrows
 */

static void put_machine(struct obuf *b, const struct report_page *page)
{
	section_begin(b, "machine", "State machine");
	html_raw(b,
		 "<p class=\"dim\">Beside each arrow the transitions, and below them the median "
		 "time in the state that it leaves; in each state the sockets at the end, and at "
		 "most.</p>\n");
	report_svg_machine(b, page);
	section_end(b);
}

static void arrow_row(struct obuf *b, const struct report_page *page, unsigned int from,
		      unsigned int to)
{
	const struct dwells *d = &page->r->dwell[from][to];
	const char *name = state_name(page->o->names, from);

	row_head(b, name, strlen(name));
	cell_str(b, state_name(page->o->names, to));
	cell_n(b, page->r->count[from][to]);
	cell_permille(b, d, 500);
	cell_permille(b, d, 990);
	cell_permille(b, d, 1000);
	html_raw(b, "</tr>\n");
}

static void put_arrows(struct obuf *b, const struct report_page *page)
{
	section_begin(b, "arrows", "Transitions");
	if (!nothing(b, !page->r->transitions, "There was none.")) {
		table_begin(b, "Every kind of transition, with the time in the state before",
			    "<From|<To|Count|Median|99%|Longest");
		for (const unsigned char *from = report_arrows; *from; from++)
			for (const unsigned char *to = report_arrows; *to; to++)
				if (page->r->count[*from][*to])
					arrow_row(b, page, *from, *to);
		table_end(b);
	}
	section_end(b);
}

static void state_row(struct obuf *b, const struct report_page *page, unsigned int state)
{
	const char *name = state_name(page->o->names, state);
	const struct report *r = page->r;
	struct dwells d;

	report_state_dwells(r, state, &d);
	if (!d.n && !r->bounds[state] && !r->peak[state])
		return;
	row_head(b, name, strlen(name));
	cell_n(b, d.n);
	html_raw(b, "<td class=\"l\">");
	report_svg_spread(b, &d);
	html_raw(b, "</td>");
	cell_permille(b, &d, 500);
	cell_permille(b, &d, 900);
	cell_permille(b, &d, 990);
	cell_permille(b, &d, 1000);
	cell_n(b, r->bounds[state]);
	cell_n(b, r->at_begin[state]);
	cell_n(b, r->peak[state]);
	cell_n(b, r->at_end[state]);
	html_raw(b, "</tr>\n");
}

static void put_states(struct obuf *b, const struct report_page *page)
{
	section_begin(b, "states", "Time in each state");
	table_begin(b,
		    "Stays that have ended, and the sockets in each state. The bars go from 1 us "
		    "to 1 h, one for each doubling; percentiles are right to an eighth. Of stays "
		    "from before the begin only a bound is known: they are counted by themselves.",
		    "<State|Stays|!Spread|Median|90%|99%|Longest|Bounds|At begin|Most|At end");
	for (const unsigned char *s = report_states; *s; s++)
		state_row(b, page, *s);
	table_end(b);
	section_end(b);
}

/*
 * Timeline
 */

static void time_row(struct obuf *b, const struct timeline *t, __u32 i)
{
	char text[FMT_DURATION_MAX + 1];

	html_fmt(b, "<tr><th scope=\"row\" data-v=\"%llu\">%s</th>", i * t->width_ns,
		 report_duration(text, i * t->width_ns));
	for (const unsigned char *s = report_states; *s; s++)
		cell_n(b, t->column[i].by_state[*s]);
	cell_n(b, t->column[i].transitions);
	cell_n(b, t->column[i].failed);
	html_raw(b, "</tr>\n");
}

static void put_time_table(struct obuf *b, const struct report_page *page)
{
	const struct timeline *t = &page->r->time;
	char head[512] = "At", *p = head + 2;

	for (const unsigned char *s = report_states; *s; s++) {
		*p++ = '|';
		p = fmt_str(p, state_name(page->o->names, *s));
	}
	strcpy(p, "|Transitions|Failed");
	html_raw(b, "<details><summary>The same as a table</summary>\n");
	table_begin(b, "Sockets by state, and what happened, at some moments", head);
	for (__u32 i = 0; i < t->n; i += (t->n + TIME_ROWS - 1) / TIME_ROWS)
		time_row(b, t, i);
	table_end(b);
	html_raw(b, "</details>\n");
}

static void put_timeline(struct obuf *b, const struct report_page *page)
{
	section_begin(b, "time", "Sockets by state over time");
	html_raw(b, "<p class=\"dim\">The sockets in each state but LISTEN; those in TIMED_WAIT, "
		    "and the transitions of each moment, by themselves.</p>\n");
	report_svg_timeline(b, page);
	html_raw(b, "<ul class=\"legend\">\n");
	for (const unsigned char *s = report_states + 1; *s; s++)
		if (page->r->peak[*s])
			html_fmt(
				b,
				"<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect "
				"class=\"f%u\" width=\"12\" height=\"12\" rx=\"2\"/></svg>%s</li>\n",
				*s, state_name(page->o->names, *s));
	html_raw(b, "</ul>\n");
	put_time_table(b, page);
	section_end(b);
}

/*
 * Local ports, losses
 */

static void port_row(struct obuf *b, const struct report_port *p)
{
	char text[FMT_ENDPOINT_MAX];
	double percent = p->usable ? 100.0 * p->peak / p->usable : 0;

	row_head(b, text, fmt_endpoint(text, p->raddr, p->rport) - text);
	cell_text(b, "l", text, fmt_addr(text, p->laddr) - text);
	cell_id(b, p->netns);
	cell_n(b, p->peak);
	cell_n(b, p->usable);
	html_fmt(b, "<td data-v=\"%.3f\">%.1f%%</td></tr>\n", percent, percent);
}

/* A recording has no limits of the host that it is of. */
static bool any_default(const struct report *r)
{
	for (__u32 i = 0; i < r->n_ports; i++)
		if (!r->port[i].limits_known)
			return true;
	return false;
}

static void put_ports(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;
	char text[REPORT_NUMBER_MAX];

	section_begin(b, "ports", "TIMED_WAIT and local ports");
	html_fmt(b, "<p>At most %s sockets were in %s at a time.</p>\n",
		 report_number(text, r->peak[ST_TIME_WAIT]),
		 state_name(page->o->names, ST_TIME_WAIT));
	if (!nothing(b, !r->n_ports, "This host opened no connection.")) {
		table_begin(b,
			    "Local ports taken towards each service at most: connect() fails when "
			    "none is left, and each TIMED_WAIT keeps one for a minute",
			    "<Service|<From|Namespace|Taken|Of|Share");
		for (__u32 i = 0; i < r->n_ports; i++)
			port_row(b, &r->port[i]);
		table_end(b);
		if (any_default(r))
			html_raw(b, "<p class=\"dim\">Of the kernel's default range of ports: "
				    "the host's own is not known.</p>\n");
	}
	section_end(b);
}

/* Loss is data. */
static void put_lost(struct obuf *b, const struct report *r)
{
	if (!lost_of(r))
		return;
	section_begin(b, "lost", "Events lost");
	table_begin(b, "By cause; after each loss the sockets were read from the kernel again",
		    "<Cause|Events");
	for (int i = 0; i < LOST_NCAUSES; i++) {
		row_head(b, lost_name(i), strlen(lost_name(i)));
		cell_n(b, r->lost[i]);
		html_raw(b, "</tr>\n");
	}
	table_end(b);
	section_end(b);
}

void report_html(struct obuf *b, const struct report_page *page)
{
	put_head(b);
	html_raw(b, "<header><h1>TCP state transitions</h1>\n");
	if (page->warning)
		html_fmt(b, "<p class=\"bad\" role=\"note\">%s</p>\n", page->warning);
	put_facts(b, page);
	html_raw(b, "<main id=\"main\">\n");
	put_figures(b, page->r);
	html_raw(b, "<div class=\"two\">\n");
	put_machine(b, page);
	put_arrows(b, page);
	html_raw(b, "</div>\n");
	put_states(b, page);
	put_timeline(b, page);
	report_stuck_sockets(b, page);
	report_failures(b, page);
	report_processes(b, page);
	report_peers(b, page);
	put_ports(b, page);
	put_lost(b, page->r);
	html_raw(b,
		 "</main>\n<footer>Made by tcpdwell. A column's head sorts by it; the page needs "
		 "no network.</footer>\n</body>\n</html>\n");
}
