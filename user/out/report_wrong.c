// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The HTML report: connections that failed, and sockets that are stuck. */
#include <string.h>

#include "model/diagnosis.h"
#include "out/fmt.h"
#include "out/html.h"
#include "out/report_parts.h"
#include "out/report_table.h"

#define STUCK_ROWS 50

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

void report_failures(struct obuf *b, const struct report_page *page)
{
	const struct topn *t = &page->r->failures;
	char text[REPORT_NUMBER_MAX];

	section_begin(b, "failures", "Failed connections");
	if (!nothing(b, !t->n, "No connection failed.")) {
		table_begin(b, "The most frequent, by reason, process and service",
			    "<Reason|<State before|<Process|<Peer and port|Count");
		for (__u32 i = 0; i < top_shown(t); i++) {
			const struct topn_key *key = &t->row[i].key;

			row_head(b, reason_name(key->reason), strlen(reason_name(key->reason)));
			cell_str(b, state_name(page->o->names, key->state));
			cell_comm(b, key->comm);
			cell_endpoint(b, key->addr, key->port);
			cell_n(b, t->row[i].failed);
			html_raw(b, "</tr>\n");
		}
		table_end(b);
		if (topn_rest(t, REPORT_TOP).failed)
			html_fmt(b, "<p class=\"dim\">%s more are of other kinds.</p>\n",
				 report_number(text, topn_rest(t, REPORT_TOP).failed));
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
		html_text(b, s->holder[i].comm, strnlen(s->holder[i].comm, COMM_LEN));
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
	html_text(b, s->ident.owner.comm, strnlen(s->ident.owner.comm, COMM_LEN));
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
	for (__u32 i = 0; i < top_shown(t); i++) {
		comm_head(b, &t->row[i].key);
		cell_str(b, state_name(page->o->names, t->row[i].key.state));
		cell_id(b, t->row[i].key.port);
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
	char text[REPORT_NUMBER_MAX];
	bool known = any_known(r);

	table_begin(b, "Each, the longest stay first",
		    known ? "<Owner|<State|For|Threshold|<Now|<Local|<Remote|<Why|<Held by"
			  : "<Owner|<State|For|Threshold|<Now|<Local|<Remote");
	for (__u32 i = 0; i < n; i++)
		stuck_row(b, page, &r->stuck[i], known);
	table_end(b);
	if (r->stuck_total > n)
		html_fmt(b, "<p class=\"dim\">%s more are only counted.</p>\n",
			 report_number(text, r->stuck_total - n));
}

void report_stuck_sockets(struct obuf *b, const struct report_page *page)
{
	section_begin(b, "stuck", "Stuck sockets");
	if (!nothing(b, !page->r->stuck_total,
		     "None stayed longer than its threshold (see --max).")) {
		put_stuck_by(b, page);
		put_stuck_each(b, page);
	}
	section_end(b);
}
