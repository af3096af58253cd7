// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "model/diagnosis.h"
#include "out/fmt.h"
#include "out/html.h"
#include "out/report_parts.h"

#define TIME_ROWS 20
#define STUCK_ROWS 50

/*
 * Cells
 */

static void cell_n(struct obuf *b, __u64 n)
{
	html_fmt(b, "<td data-v=\"%llu\">%llu</td>", n, n);
}

static void cell_ns(struct obuf *b, __u64 ns)
{
	char text[FMT_DURATION_MAX + 1];

	html_fmt(b, "<td data-v=\"%llu\">%s</td>", ns, report_duration(text, ns));
}

/* Of those that there are. */
static void cell_permille(struct obuf *b, const struct dwells *d, unsigned int permille)
{
	if (d->n)
		cell_ns(b, permille < 1000 ? dwells_permille(d, permille) : d->max_ns);
	else
		html_raw(b, "<td data-v=\"-1\">&ndash;</td>");
}

static void cell_size(struct obuf *b, __u64 bytes)
{
	char text[FMT_SIZE_MAX + 1];

	*fmt_size(text, bytes) = '\0';
	html_fmt(b, "<td data-v=\"%llu\">%s</td>", bytes, text);
}

static void cell_text(struct obuf *b, const char *class, const char *s, size_t n)
{
	html_fmt(b, "<td class=\"%s\">", class);
	html_text(b, s, n);
	html_raw(b, "</td>");
}

static void cell_str(struct obuf *b, const char *s)
{
	cell_text(b, "l", s, strlen(s));
}

static void row_head(struct obuf *b, const char *s, size_t n)
{
	html_raw(b, "<tr><th scope=\"row\">");
	html_text(b, s, n);
	html_raw(b, "</th>");
}

static void cell_endpoint(struct obuf *b, const __u8 addr[16], __u16 port)
{
	char text[FMT_ENDPOINT_MAX];

	cell_text(b, "l", text, fmt_endpoint(text, addr, port) - text);
}

static size_t comm_len(const char comm[COMM_LEN])
{
	return strnlen(comm, COMM_LEN);
}

/*
 * Tables: each scrolls by itself where it is too wide
 */

/* head: columns with '|' between; in front of one '<' for text, '!' for what is not sorted. */
static void table_begin(struct obuf *b, const char *caption, const char *head)
{
	html_raw(b, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_str(b, caption);
	html_raw(b, "\"><table class=\"sort\"><caption>");
	html_str(b, caption);
	html_raw(b, "</caption><thead><tr>");
	while (*head) {
		size_t n = strcspn(head, "|");
		bool text = *head == '<', fixed = *head == '!';

		html_fmt(b, "<th scope=\"col\"%s%s>", text || fixed ? " class=\"l\"" : "",
			 fixed ? " data-fixed" : "");
		html_text(b, head + (text || fixed), n - (text || fixed));
		html_raw(b, "</th>");
		head += n + (head[n] == '|');
	}
	html_raw(b, "</tr></thead><tbody>\n");
}

static void table_end(struct obuf *b)
{
	html_raw(b, "</tbody></table></div>\n");
}

static void section_begin(struct obuf *b, const char *id, const char *title)
{
	html_fmt(b, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n", id, id, title);
}

static void section_end(struct obuf *b)
{
	html_raw(b, "</section>\n");
}

/* Without rows there is no table. */
static bool nothing(struct obuf *b, bool none, const char *why)
{
	if (none)
		html_fmt(b, "<p class=\"dim\">%s</p>\n", why);
	return none;
}

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

	p = fmt_time(p, &clock, (__s64)r->begin_ns + page->o->mono_to_real_ns);
	p = FMT_LIT(p, ", for ");
	p = fmt_str(p, report_duration(took, r->end_ns - r->begin_ns));
	*p = '\0';
	fact(b, "From", text);
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
	fact(b, "TIMED_WAIT seen by", r->tier);
	fact(b, "... for", r->tier_reason);
	fact(b, "tcpdwell", r->version);
	html_raw(b, "</dl></header>\n");
}

static void figure(struct obuf *b, const char *name, __u64 n, bool bad)
{
	html_fmt(b, "<div><dt>%s</dt><dd%s>%llu</dd></div>\n", name,
		 bad && n ? " class=\"bad\"" : "", n);
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
	figure(b, "Handshakes not completed", r->sum.half_open, true);
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
		 "<p class=\"dim\">On each arrow the transitions, and below them the median time "
		 "in the state that it leaves.</p>\n");
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
	html_raw(b, "<p class=\"dim\">Above, the sockets in each state but LISTEN; below, "
		    "transitions (blue) and failed connections (red) of each moment, with the "
		    "highest rate at the left.</p>\n");
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
 * Processes and peers
 */

static void traffic_cells(struct obuf *b, const struct topn_row *row)
{
	cell_n(b, row->transitions);
	cell_n(b, row->connections);
	cell_n(b, row->failed);
	cell_size(b, row->sent);
	cell_size(b, row->received);
	cell_n(b, row->retransmits);
	html_raw(b, "</tr>\n");
}

/* The end of a table, with a row for all that is not shown: sorting leaves it where it is. */
static void table_end_other(struct obuf *b, const struct topn *t, unsigned int blank)
{
	struct topn_row rest = topn_rest(t, REPORT_TOP);

	if (!rest.weight) {
		table_end(b);
		return;
	}
	html_raw(b, "</tbody><tfoot><tr><th scope=\"row\">other</th>");
	while (blank--)
		html_raw(b, "<td></td>");
	traffic_cells(b, &rest);
	html_raw(b, "</tfoot></table></div>\n");
}

static __u32 shown(const struct topn *t)
{
	return t->n < REPORT_TOP ? t->n : REPORT_TOP;
}

static const char *cgroup_of(const struct report_page *page, __u64 id)
{
	const char *path = id && page->o->cgroup_path ? page->o->cgroup_path(id) : NULL;

	return path ? path : "";
}

/* A comm of a task, or what there is in its place. */
static void comm_head(struct obuf *b, const struct topn_key *key)
{
	if (*key->comm)
		row_head(b, key->comm, comm_len(key->comm));
	else
		html_raw(b, "<tr><th scope=\"row\" class=\"dim\">not known</th>");
}

static void put_processes(struct obuf *b, const struct report_page *page)
{
	const struct topn *t = &page->r->processes;

	section_begin(b, "processes", "Processes");
	if (!nothing(b, !t->n, "There was no transition.")) {
		table_begin(b, "Those with most transitions",
			    "<Process|<Cgroup|Transitions|Connections|Failed|Sent|Received|"
			    "Retransmits");
		for (__u32 i = 0; i < shown(t); i++) {
			comm_head(b, &t->row[i].key);
			cell_str(b, cgroup_of(page, t->row[i].key.cgroup));
			traffic_cells(b, &t->row[i]);
		}
		table_end_other(b, t, 1);
	}
	section_end(b);
}

static const char *service_words(const struct topn_key *key)
{
	return key->open == ROLE_PASSIVE ? "from it to our port" : "to its port";
}

static void put_peers(struct obuf *b, const struct report_page *page)
{
	const struct topn *t = &page->r->peers;
	char text[FMT_ADDR_MAX];

	section_begin(b, "peers", "Peers");
	if (!nothing(b, !t->n, "There was no connection.")) {
		table_begin(b, "Those with most transitions, by the port of the service",
			    "<Peer|<Direction|Port|Transitions|Connections|Failed|Sent|Received|"
			    "Retransmits");
		for (__u32 i = 0; i < shown(t); i++) {
			const struct topn_key *key = &t->row[i].key;

			row_head(b, text, fmt_addr(text, key->addr) - text);
			cell_str(b, service_words(key));
			cell_n(b, key->port);
			traffic_cells(b, &t->row[i]);
		}
		table_end_other(b, t, 2);
	}
	section_end(b);
}

/*
 * What went wrong
 */

static void put_ends(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;

	table_begin(b, "All ends, by reason and the state before",
		    "<Reason|<State before|Count|<Failed");
	for (unsigned int reason = 1; reason < REASON_MAX; reason++)
		for (unsigned int from = 0; from < ST_MAX; from++) {
			if (!r->ends[reason][from])
				continue;
			row_head(b, reason_name(reason), strlen(reason_name(reason)));
			cell_str(b, state_name(page->o->names, from));
			cell_n(b, r->ends[reason][from]);
			cell_str(b, report_is_failure(reason, from) ? "yes" : "no");
			html_raw(b, "</tr>\n");
		}
	table_end(b);
}

static void put_failures(struct obuf *b, const struct report_page *page)
{
	const struct topn *t = &page->r->failures;

	section_begin(b, "failures", "Failed connections");
	if (!nothing(b, !t->n, "No connection failed.")) {
		table_begin(b, "The most frequent, by reason, process and service",
			    "<Reason|<State before|<Process|<Peer and port|Count");
		for (__u32 i = 0; i < shown(t); i++) {
			const struct topn_key *key = &t->row[i].key;

			row_head(b, reason_name(key->reason), strlen(reason_name(key->reason)));
			cell_str(b, state_name(page->o->names, key->state));
			cell_text(b, "l", key->comm, comm_len(key->comm));
			cell_endpoint(b, key->addr, key->port);
			cell_n(b, t->row[i].failed);
			html_raw(b, "</tr>\n");
		}
		table_end(b);
		if (topn_rest(t, REPORT_TOP).failed)
			html_fmt(b, "<p class=\"dim\">%llu more are of other kinds.</p>\n",
				 topn_rest(t, REPORT_TOP).failed);
	}
	put_ends(b, page);
	section_end(b);
}

static void put_holders(struct obuf *b, const struct report_stuck *s)
{
	html_raw(b, "<td class=\"l\">");
	for (__u32 i = 0; i < s->n_holders && i < REPORT_HOLDERS; i++) {
		if (i)
			html_raw(b, "<br>");
		html_text(b, s->holder[i].comm, comm_len(s->holder[i].comm));
		html_fmt(b, "/%u fd %u", s->holder[i].pid, s->holder[i].fd);
	}
	if (s->n_holders > REPORT_HOLDERS)
		html_fmt(b, "<br>and %u more", s->n_holders - REPORT_HOLDERS);
	html_raw(b, "</td>");
}

static void stuck_head(struct obuf *b, const struct report_stuck *s)
{
	if (!*s->ident.owner.comm) {
		html_raw(b, "<tr><th scope=\"row\" class=\"dim\">not known</th>");
		return;
	}
	html_raw(b, "<tr><th scope=\"row\">");
	html_text(b, s->ident.owner.comm, comm_len(s->ident.owner.comm));
	html_fmt(b, "/%u</th>", s->ident.owner.pid);
}

/* Live reports know why, and who: a recording has neither. */
static bool any_known(const struct report *r)
{
	for (__u32 i = 0; i < r->n_stuck; i++)
		if (r->stuck[i].diagnosis || r->stuck[i].n_holders)
			return true;
	return false;
}

static void stuck_row(struct obuf *b, const struct report_page *page, const struct report_stuck *s,
		      bool known)
{
	const char *why = diagnosis_words(s->diagnosis);
	char text[FMT_DURATION_MAX + 1];

	stuck_head(b, s);
	cell_str(b, state_name(page->o->names, s->state));
	html_fmt(b, "<td data-v=\"%llu\">%s%s</td>", s->dwell_ns, s->at_least ? "&ge;" : "",
		 report_duration(text, s->dwell_ns));
	cell_ns(b, s->threshold_ns);
	cell_str(b, s->over ? "it left the state" : "still in it");
	cell_endpoint(b, s->ident.laddr, s->ident.lport);
	cell_endpoint(b, s->ident.raddr, s->ident.rport);
	if (known) {
		cell_text(b, "w l", why ? why : "", why ? strlen(why) : 0);
		put_holders(b, s);
	}
	html_raw(b, "</tr>\n");
}

static void put_stuck_by(struct obuf *b, const struct report_page *page)
{
	const struct topn *t = &page->r->stuck_by;

	table_begin(b, "By process, state and the port of the service",
		    "<Process|<State|Port|Stays|Longest");
	for (__u32 i = 0; i < shown(t); i++) {
		comm_head(b, &t->row[i].key);
		cell_str(b, state_name(page->o->names, t->row[i].key.state));
		cell_n(b, t->row[i].key.port);
		cell_n(b, t->row[i].stuck);
		cell_ns(b, t->row[i].longest_ns);
		html_raw(b, "</tr>\n");
	}
	table_end(b);
}

static void put_stuck_each(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;
	__u32 n = r->n_stuck < STUCK_ROWS ? r->n_stuck : STUCK_ROWS;
	bool known = any_known(r);

	table_begin(b, "Each, the longest stay first",
		    known ? "<Owner|<State|For|Threshold|<Now|<Local|<Remote|<Why|<Held by"
			  : "<Owner|<State|For|Threshold|<Now|<Local|<Remote");
	for (__u32 i = 0; i < n; i++)
		stuck_row(b, page, &r->stuck[i], known);
	table_end(b);
	if (r->stuck_total > n)
		html_fmt(b, "<p class=\"dim\">%llu more are only counted.</p>\n",
			 r->stuck_total - n);
}

static void put_stuck(struct obuf *b, const struct report_page *page)
{
	section_begin(b, "stuck", "Stuck sockets");
	if (!nothing(b, !page->r->stuck_total,
		     "None stayed longer than its threshold (see --max).")) {
		put_stuck_by(b, page);
		put_stuck_each(b, page);
	}
	section_end(b);
}

static void port_row(struct obuf *b, const struct report_port *p)
{
	char text[FMT_ENDPOINT_MAX];
	double percent = p->usable ? 100.0 * p->peak / p->usable : 0;

	row_head(b, text, fmt_endpoint(text, p->raddr, p->rport) - text);
	cell_text(b, "l", text, fmt_addr(text, p->laddr) - text);
	cell_n(b, p->netns);
	cell_n(b, p->peak);
	html_fmt(b, "<td data-v=\"%u\">%u%s</td>", p->usable, p->usable,
		 p->limits_known ? "" : " (default)");
	html_fmt(b, "<td data-v=\"%.3f\">%.1f%%</td></tr>\n", percent, percent);
}

static void put_ports(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;

	section_begin(b, "ports", "TIMED_WAIT and local ports");
	html_fmt(b, "<p>At most %u sockets were in %s at a time.</p>\n", r->peak[ST_TIME_WAIT],
		 state_name(page->o->names, ST_TIME_WAIT));
	if (!nothing(b, !r->n_ports, "This host opened no connection.")) {
		table_begin(b,
			    "Local ports taken towards each service at most: connect() fails when "
			    "none is left, and each TIMED_WAIT keeps one for a minute",
			    "<Service|<From|Namespace|Taken|Of|Share");
		for (__u32 i = 0; i < r->n_ports; i++)
			port_row(b, &r->port[i]);
		table_end(b);
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
	put_stuck(b, page);
	put_failures(b, page);
	put_processes(b, page);
	put_peers(b, page);
	put_ports(b, page);
	put_lost(b, page->r);
	html_raw(b,
		 "</main>\n<footer>Made by tcpdwell. A column's head sorts by it; the page needs "
		 "no network.</footer>\n</body>\n</html>\n");
}
