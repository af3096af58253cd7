// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/escape.h"
#include "out/fmt.h"
#include "out/json.h"
#include "out/report.h"

#define LINE_ROOM 4096

static char *put_text(char *p, const char *s, size_t n)
{
	*p++ = '"';
	p = json_escape(p, s, n);
	*p++ = '"';
	return p;
}

static char *put_str(char *p, const char *s)
{
	return put_text(p, s, strlen(s));
}

static char *put_comm(char *p, const char comm[COMM_LEN])
{
	return *comm ? put_text(KEY(p, "comm"), comm, strnlen(comm, COMM_LEN)) : p;
}

static char *put_addr(char *p, const __u8 addr[16])
{
	*p++ = '"';
	p = fmt_addr(p, addr);
	*p++ = '"';
	return p;
}

/* A line of its own; NULL: no memory. */
static char *begin(struct obuf *b, const char *type, size_t more)
{
	char *p = obuf_room(b, LINE_ROOM + JSON_ESCAPE_MAX * more);

	return p ? put_str(FMT_LIT(p, "{\"type\":"), type) : NULL;
}

static void end(struct obuf *b, char *p)
{
	obuf_done(b, FMT_LIT(p, "}\n"));
}

static char *put_optional(char *p, const char *key, const char *value)
{
	if (!*value)
		return p;
	p = fmt_str(fmt_str(FMT_LIT(p, ",\""), key), "\":");
	return put_str(p, value);
}

static void put_hello(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;
	struct fmt_clock clock = {0};
	char *p = begin(b, "hello",
			sizeof(r->tier_reason) + sizeof(r->filter) + strlen(page->source) +
				strlen(page->host));

	if (!p)
		return;
	p = put_str(KEY(p, "version"), r->version);
	p = put_str(KEY(p, "kernel"), r->kernel);
	p = put_str(KEY(p, "tier"), r->tier);
	p = put_optional(p, "reason", r->tier_reason);
	p = put_optional(p, "filter", r->filter);
	p = put_optional(p, "source", page->source);
	p = put_optional(p, "host", page->host);
	p = put_optional(p, "warning", page->warning ? page->warning : "");
	p = FMT_LIT(KEY(p, "time"), "\"");
	p = fmt_time(p, &clock, (__s64)r->begin_ns + page->o->mono_to_real_ns);
	p = fmt_u64(FMT_LIT(p, "\",\"mono_ns\":"), r->begin_ns);
	end(b, fmt_u64(KEY(p, "netns_count"), r->n_netns));
}

static char *put_dwells(char *p, const struct dwells *d)
{
	p = fmt_u64(KEY(p, "stays"), d->n);
	if (!d->n)
		return p;
	p = fmt_u64(KEY(p, "min_ns"), d->min_ns);
	p = fmt_u64(KEY(p, "p50_ns"), dwells_permille(d, 500));
	p = fmt_u64(KEY(p, "p90_ns"), dwells_permille(d, 900));
	p = fmt_u64(KEY(p, "p99_ns"), dwells_permille(d, 990));
	return fmt_u64(KEY(p, "max_ns"), d->max_ns);
}

/* [[least ns, stays], ...] */
static char *put_buckets(char *p, const struct dwells *d)
{
	bool any = false;

	p = FMT_LIT(KEY(p, "buckets"), "[");
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		if (!d->bucket[i])
			continue;
		if (any)
			*p++ = ',';
		any = true;
		*p++ = '[';
		p = fmt_u64(p, hist_from(i));
		*p++ = ',';
		p = fmt_u64(p, d->bucket[i]);
		*p++ = ']';
	}
	*p++ = ']';
	return p;
}

static void put_state(struct obuf *b, const struct report_page *page, unsigned int state)
{
	const struct report *r = page->r;
	struct dwells d;
	char *p;

	report_state_dwells(r, state, &d);
	if (!d.n && !r->bounds[state] && !r->peak[state])
		return;
	/* two numbers and their brackets for each bucket */
	p = begin(b, "state", HIST_BUCKETS * 8);
	if (!p)
		return;
	p = put_str(KEY(p, "state"), state_name(page->o->names, state));
	p = put_dwells(p, &d);
	p = fmt_u64(KEY(p, "at_least"), r->bounds[state]);
	p = fmt_u64(KEY(p, "at_begin"), r->at_begin[state]);
	p = fmt_u64(KEY(p, "most"), r->peak[state]);
	p = fmt_u64(KEY(p, "at_end"), r->at_end[state]);
	end(b, put_buckets(p, &d));
}

static void put_arrow(struct obuf *b, const struct report_page *page, unsigned int from,
		      unsigned int to)
{
	char *p;

	if (!page->r->count[from][to])
		return;
	p = begin(b, "arrow", 0);
	if (!p)
		return;
	p = put_str(KEY(p, "from"), state_name(page->o->names, from));
	p = put_str(KEY(p, "to"), state_name(page->o->names, to));
	p = fmt_u64(KEY(p, "count"), page->r->count[from][to]);
	end(b, put_dwells(p, &page->r->dwell[from][to]));
}

static void put_end(struct obuf *b, const struct report_page *page, unsigned int reason,
		    unsigned int from)
{
	char *p;

	if (!page->r->ends[reason][from])
		return;
	p = begin(b, "end", 0);
	if (!p)
		return;
	p = put_str(KEY(p, "reason"), reason_name(reason));
	p = put_str(KEY(p, "from"), state_name(page->o->names, from));
	p = fmt_u64(KEY(p, "count"), page->r->ends[reason][from]);
	p = report_is_failure(reason, from) ? FMT_LIT(p, ",\"failed\":true")
					    : FMT_LIT(p, ",\"failed\":false");
	end(b, p);
}

static char *put_traffic(char *p, const struct topn_row *row)
{
	p = fmt_u64(KEY(p, "transitions"), row->transitions);
	p = fmt_u64(KEY(p, "connections"), row->connections);
	p = fmt_u64(KEY(p, "failed"), row->failed);
	p = fmt_u64(KEY(p, "bytes_sent"), row->sent);
	p = fmt_u64(KEY(p, "bytes_received"), row->received);
	return fmt_u64(KEY(p, "retransmits"), row->retransmits);
}

static void put_rest(struct obuf *b, const char *type, const struct topn *t)
{
	struct topn_row rest = topn_rest(t, REPORT_TOP);
	char *p;

	if (!rest.weight)
		return;
	p = begin(b, type, 0);
	if (p)
		end(b, put_traffic(FMT_LIT(p, ",\"other\":true"), &rest));
}

static void put_process(struct obuf *b, const struct report_page *page, const struct topn_row *row)
{
	const char *path = row->key.cgroup && page->o->cgroup_path
				   ? page->o->cgroup_path(row->key.cgroup)
				   : NULL;
	char *p = begin(b, "process", path ? strlen(path) : 0);

	if (!p)
		return;
	p = put_comm(p, row->key.comm);
	p = put_optional(p, "cgroup", path ? path : "");
	end(b, put_traffic(p, row));
}

static void put_peer(struct obuf *b, const struct topn_row *row)
{
	char *p = begin(b, "peer", 0);

	if (!p)
		return;
	p = put_addr(KEY(p, "addr"), row->key.addr);
	p = fmt_u64(KEY(p, "port"), row->key.port);
	if (row->key.open)
		p = put_str(KEY(p, "open"), role_name(row->key.open));
	end(b, put_traffic(p, row));
}

static void put_failure(struct obuf *b, const struct report_page *page, const struct topn_row *row)
{
	char *p = begin(b, "failure", 0);

	if (!p)
		return;
	p = put_str(KEY(p, "reason"), reason_name(row->key.reason));
	p = put_str(KEY(p, "from"), state_name(page->o->names, row->key.state));
	p = put_comm(p, row->key.comm);
	p = put_addr(KEY(p, "addr"), row->key.addr);
	p = fmt_u64(KEY(p, "port"), row->key.port);
	end(b, fmt_u64(KEY(p, "count"), row->failed));
}

static char *put_holders(char *p, const struct report_stuck *s)
{
	p = FMT_LIT(KEY(p, "holders"), "[");
	for (__u32 i = 0; i < s->n_holders && i < REPORT_HOLDERS; i++) {
		const struct holder *h = &s->holder[i];

		p = fmt_str(p, i ? ",{\"pid\":" : "{\"pid\":");
		p = fmt_u64(p, h->pid);
		p = fmt_u64(KEY(p, "tid"), h->tid);
		p = put_comm(p, h->comm);
		p = fmt_u64(KEY(p, "fd"), h->fd);
		*p++ = '}';
	}
	*p++ = ']';
	return p;
}

static char *put_ends(char *p, const struct sock_ident *id)
{
	p = fmt_u64(KEY(p, "netns"), id->netns);
	p = put_addr(KEY(p, "laddr"), id->laddr);
	p = fmt_u64(KEY(p, "lport"), id->lport);
	p = put_addr(KEY(p, "raddr"), id->raddr);
	return fmt_u64(KEY(p, "rport"), id->rport);
}

static void put_stuck(struct obuf *b, const struct report_page *page, const struct report_stuck *s)
{
	char *p = begin(b, "stuck", 0);

	if (!p)
		return;
	p = FMT_LIT(KEY(p, "sk"), "\"");
	p = FMT_LIT(fmt_hex(p, s->cookie & COOKIE_MASK), "\"");
	p = put_ends(p, &s->ident);
	p = put_comm(p, s->ident.owner.comm);
	if (s->ident.owner.pid)
		p = fmt_u64(KEY(p, "pid"), s->ident.owner.pid);
	p = put_str(KEY(p, "state"), state_name(page->o->names, s->state));
	p = put_str(KEY(p, "rule"), s->rule);
	p = fmt_u64(KEY(p, "threshold_ns"), s->threshold_ns);
	p = fmt_u64(KEY(p, "dwell_ns"), s->dwell_ns);
	p = put_str(KEY(p, "dwell"), s->at_least ? "at_least" : "exact");
	p = put_str(KEY(p, "status"), s->over ? "resolved" : "firing");
	if (diagnosis_name(s->diagnosis))
		p = put_str(KEY(p, "diagnosis"), diagnosis_name(s->diagnosis));
	end(b, put_holders(p, s));
}

static void put_port(struct obuf *b, const struct report_port *port)
{
	char *p = begin(b, "port", 0);

	if (!p)
		return;
	p = fmt_u64(KEY(p, "netns"), port->netns);
	p = put_addr(KEY(p, "laddr"), port->laddr);
	p = put_addr(KEY(p, "raddr"), port->raddr);
	p = fmt_u64(KEY(p, "rport"), port->rport);
	p = fmt_u64(KEY(p, "taken"), port->peak);
	p = fmt_u64(KEY(p, "usable"), port->usable);
	end(b, port->limits_known ? FMT_LIT(p, ",\"usable_known\":true")
				  : FMT_LIT(p, ",\"usable_known\":false"));
}

static void put_column(struct obuf *b, const struct report_page *page, __u32 i)
{
	const struct timeline *t = &page->r->time;
	const struct report_column *c = &t->column[i];
	char *p = begin(b, "column", 0);

	if (!p)
		return;
	p = fmt_u64(KEY(p, "mono_ns"), t->begin_ns + i * t->width_ns);
	p = fmt_u64(KEY(p, "width_ns"), t->width_ns);
	p = fmt_u64(KEY(p, "transitions"), c->transitions);
	p = fmt_u64(KEY(p, "failed"), c->failed);
	p = FMT_LIT(KEY(p, "sockets"), "{");
	for (unsigned int state = 1, n = 0; state < ST_MAX; state++) {
		if (!c->by_state[state] || state == ST_CLOSE || state == ST_NEW_SYN_RECV)
			continue;
		if (n++)
			*p++ = ',';
		p = put_str(p, state_name(page->o->names, state));
		*p++ = ':';
		p = fmt_u64(p, c->by_state[state]);
	}
	end(b, FMT_LIT(p, "}"));
}

static void put_summary(struct obuf *b, const struct report *r)
{
	char *p = begin(b, "summary", 0);
	__u64 lost = 0;

	if (!p)
		return;
	for (int i = 0; i < LOST_NCAUSES; i++)
		lost += r->lost[i];
	p = fmt_u64(KEY(p, "transitions"), r->transitions);
	p = fmt_u64(KEY(p, "connections"), r->connections);
	p = fmt_u64(KEY(p, "failed"), r->failed);
	p = fmt_u64(KEY(p, "stuck"), r->stuck_total);
	if (!r->sum.half_open_unseen)
		p = fmt_u64(KEY(p, "half_open"), r->sum.half_open);
	p = fmt_u64(KEY(p, "lost"), lost);
	end(b, fmt_u64(KEY(p, "duration_ns"), r->end_ns - r->begin_ns));
}

static void put_tops(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;

	for (__u32 i = 0; i < r->processes.n && i < REPORT_TOP; i++)
		put_process(b, page, &r->processes.row[i]);
	put_rest(b, "process", &r->processes);
	for (__u32 i = 0; i < r->peers.n && i < REPORT_TOP; i++)
		put_peer(b, &r->peers.row[i]);
	put_rest(b, "peer", &r->peers);
	for (__u32 i = 0; i < r->failures.n && i < REPORT_TOP; i++)
		put_failure(b, page, &r->failures.row[i]);
}

void report_json(struct obuf *b, const struct report_page *page)
{
	const struct report *r = page->r;

	put_hello(b, page);
	for (unsigned int from = 0; from < ST_MAX; from++)
		put_state(b, page, from);
	for (unsigned int from = 0; from < ST_MAX; from++)
		for (unsigned int to = 0; to < ST_MAX; to++)
			put_arrow(b, page, from, to);
	for (unsigned int reason = 1; reason < REASON_MAX; reason++)
		for (unsigned int from = 0; from < ST_MAX; from++)
			put_end(b, page, reason, from);
	put_tops(b, page);
	for (__u32 i = 0; i < r->n_stuck; i++)
		put_stuck(b, page, &r->stuck[i]);
	for (__u32 i = 0; i < r->n_ports; i++)
		put_port(b, &r->port[i]);
	for (__u32 i = 0; i < r->time.n; i++)
		put_column(b, page, i);
	put_summary(b, r);
}
