// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "model/diagnosis.h"
#include "out/escape.h"
#include "out/fmt.h"
#include "out/html.h"
#include "out/report_parts.h"

#define ROWS 10

static void line(struct obuf *b, const char *name, const char *value)
{
	if (!*value)
		return;
	html_fmt(b, "%-12s ", name);
	html_raw(b, value);
	html_raw(b, "\n");
}

/* Bytes from outside, as a terminal may have them. */
static void safe(struct obuf *b, const char *s, size_t n, unsigned int columns)
{
	char *p = obuf_room(b, TERM_ESCAPE_MAX * n + columns);
	char *end;
	unsigned int width;

	if (!p)
		return;
	end = term_escape(p, s, n);
	for (width = term_columns(p, end - p); width < columns; width++)
		*end++ = ' ';
	obuf_done(b, end);
}

static void comm(struct obuf *b, const char name[COMM_LEN])
{
	if (*name)
		safe(b, name, strnlen(name, COMM_LEN), COMM_LEN);
	else
		html_fmt(b, "%-*s", COMM_LEN, "-");
}

static void put_head(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;
	char text[FMT_TIME_MAX + FMT_DURATION_MAX + 16], *p = text;
	struct fmt_clock clock = {0};

	p = fmt_time(p, &clock, (__s64)r->begin_ns + page->o->mono_to_real_ns);
	p = fmt_duration(FMT_LIT(p, ", for "), r->end_ns - r->begin_ns);
	*p = '\0';
	html_fmt(b, "%-12s ", "source");
	safe(b, page->source, strlen(page->source), 0);
	html_raw(b, "\n");
	line(b, "kernel", r->kernel);
	line(b, "from", text);
	line(b, "filter", r->filter);
	line(b, "tier", r->tier);
	line(b, "note", page->warning ? page->warning : "");
	html_fmt(b, "\n%llu transitions, %llu connections, %llu failed, %llu sockets stuck\n",
		 r->transitions, r->connections, r->failed, r->stuck_total);
	for (int i = 0; i < LOST_NCAUSES; i++)
		if (r->lost[i])
			html_fmt(b, "%llu events lost: %s\n", r->lost[i], lost_name(i));
}

static void durations(struct obuf *b, const struct dwells *d)
{
	static const unsigned int permille[] = {500, 900, 990};
	char text[FMT_DURATION_MAX + 1];

	for (unsigned int i = 0; i < sizeof(permille) / sizeof(*permille); i++)
		html_fmt(b, " %8s",
			 d->n ? report_duration(text, dwells_permille(d, permille[i])) : "-");
	html_fmt(b, " %8s\n", d->n ? report_duration(text, d->max_ns) : "-");
}

static void put_states(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;
	struct dwells d;

	html_fmt(b, "\n%-14s %10s %8s %8s %8s %8s %8s %8s\n", "STATE", "STAYS", "NOW", "MOST",
		 "MEDIAN", "90%", "99%", "LONGEST");
	for (const unsigned char *s = report_states; *s; s++) {
		report_state_dwells(r, *s, &d);
		if (!d.n && !r->bounds[*s] && !r->peak[*s])
			continue;
		html_fmt(b, "%-14s %10llu %8u %8u", state_name(page->o->names, *s),
			 d.n + r->bounds[*s], r->at_end[*s], r->peak[*s]);
		durations(b, &d);
	}
}

static void put_arrows(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;

	html_fmt(b, "\n%-14s    %-14s %10s %8s %8s %8s %8s\n", "FROM", "TO", "COUNT", "MEDIAN",
		 "90%", "99%", "LONGEST");
	for (const unsigned char *from = report_arrows; *from; from++)
		for (const unsigned char *to = report_arrows; *to; to++) {
			if (!r->count[*from][*to])
				continue;
			html_fmt(b, "%-14s -> %-14s %10llu", state_name(page->o->names, *from),
				 state_name(page->o->names, *to), r->count[*from][*to]);
			durations(b, &r->dwell[*from][*to]);
		}
}

static __u32 rows(const struct topn *t)
{
	return t->n < ROWS ? t->n : ROWS;
}

static void counts(struct obuf *b, const struct topn_row *row)
{
	char sent[FMT_SIZE_MAX + 1], received[FMT_SIZE_MAX + 1];

	*fmt_size(sent, row->sent) = '\0';
	*fmt_size(received, row->received) = '\0';
	html_fmt(b, " %11llu %11llu %8llu %8s %8s\n", row->transitions, row->connections,
		 row->failed, sent, received);
}

static void put_other(struct obuf *b, const struct topn *t, int width)
{
	struct topn_row rest = topn_rest(t, ROWS);

	if (!rest.weight)
		return;
	html_fmt(b, "%-*s", width, "other");
	counts(b, &rest);
}

#define TRAFFIC_HEAD "TRANSITIONS CONNECTIONS   FAILED     SENT RECEIVED\n"
#define PEER_WIDTH 32

static void put_processes(struct obuf *b, const struct report *r)
{
	html_fmt(b, "\n%-*s " TRAFFIC_HEAD, COMM_LEN, "PROCESS");
	for (__u32 i = 0; i < rows(&r->processes); i++) {
		comm(b, r->processes.row[i].key.comm);
		counts(b, &r->processes.row[i]);
	}
	put_other(b, &r->processes, COMM_LEN);
}

static void put_peers(struct obuf *b, const struct report *r)
{
	html_fmt(b, "\n%-*s " TRAFFIC_HEAD, PEER_WIDTH, "PEER");
	for (__u32 i = 0; i < rows(&r->peers); i++) {
		const struct topn_key *key = &r->peers.row[i].key;
		char text[FMT_ENDPOINT_MAX + 1];

		*fmt_endpoint(text, key->addr, key->port) = '\0';
		html_fmt(b, "%s %-*s", key->open == ROLE_PASSIVE ? "in " : "out", PEER_WIDTH - 4,
			 text);
		counts(b, &r->peers.row[i]);
	}
	put_other(b, &r->peers, PEER_WIDTH);
}

static void put_failures(struct obuf *b, const struct report_page *page)
{
	const struct topn *t = &page->r->failures;

	if (!t->n)
		return;
	html_fmt(b, "\n%-16s %-14s %-16s %8s  %s\n", "FAILED BY", "STATE", "PROCESS", "COUNT",
		 "PEER AND PORT");
	for (__u32 i = 0; i < rows(t); i++) {
		const struct topn_key *key = &t->row[i].key;
		char text[FMT_ENDPOINT_MAX + 1];

		*fmt_endpoint(text, key->addr, key->port) = '\0';
		html_fmt(b, "%-16s %-14s ", reason_name(key->reason),
			 state_name(page->o->names, key->state));
		comm(b, key->comm);
		html_fmt(b, " %8llu  %s\n", t->row[i].failed, text);
	}
	if (topn_rest(t, ROWS).failed)
		html_fmt(b, "%-48s %8llu\n", "other", topn_rest(t, ROWS).failed);
}

static void stuck_row(struct obuf *b, const struct report_page *page, const struct report_stuck *s)
{
	char local[FMT_ENDPOINT_MAX + 1], remote[FMT_ENDPOINT_MAX + 1];
	char text[FMT_DURATION_MAX + 1];
	const char *why = diagnosis_words(s->diagnosis);

	*fmt_endpoint(local, s->ident.laddr, s->ident.lport) = '\0';
	*fmt_endpoint(remote, s->ident.raddr, s->ident.rport) = '\0';
	html_fmt(b, "%-12s %1s%-8s ", state_name(page->o->names, s->state), s->at_least ? ">" : "",
		 report_duration(text, s->dwell_ns));
	comm(b, s->ident.owner.comm);
	html_fmt(b, " %s - %s%s%s%s", local, remote, s->over ? "  (over)" : "", why ? "  " : "",
		 why ? why : "");
	for (__u32 i = 0; i < s->n_holders && i < REPORT_HOLDERS; i++) {
		html_raw(b, i ? ", " : "  held by ");
		safe(b, s->holder[i].comm, strnlen(s->holder[i].comm, COMM_LEN), 0);
		html_fmt(b, "/%u", s->holder[i].pid);
	}
	html_raw(b, "\n");
}

static void put_stuck(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;
	__u32 n = r->n_stuck < 2 * ROWS ? r->n_stuck : 2 * ROWS;

	if (!n)
		return;
	html_fmt(b, "\n%-12s %-9s %-16s %s\n", "STUCK IN", "FOR", "OWNER", "SOCKET");
	for (__u32 i = 0; i < n; i++)
		stuck_row(b, page, &r->stuck[i]);
	if (r->stuck_total > n)
		html_fmt(b, "and %llu more\n", r->stuck_total - n);
}

static void put_ports(struct obuf *b, const struct report *r)
{
	__u32 n = r->n_ports < ROWS ? r->n_ports : ROWS;

	if (!n)
		return;
	html_fmt(b, "\n%-*s %8s %8s %6s\n", PEER_WIDTH, "LOCAL PORTS TOWARDS", "TAKEN", "OF",
		 "SHARE");
	for (__u32 i = 0; i < n; i++) {
		const struct report_port *p = &r->port[i];
		char text[FMT_ENDPOINT_MAX + 1];

		*fmt_endpoint(text, p->raddr, p->rport) = '\0';
		html_fmt(b, "%-*s %8u %8u %5.1f%%\n", PEER_WIDTH, text, p->peak, p->usable,
			 p->usable ? 100.0 * p->peak / p->usable : 0);
	}
}

void report_text(struct obuf *b, const struct report_page *page)
{
	put_head(b, page);
	put_states(b, page);
	put_arrows(b, page);
	put_stuck(b, page);
	put_failures(b, page);
	put_processes(b, page->r);
	put_peers(b, page->r);
	put_ports(b, page->r);
}
