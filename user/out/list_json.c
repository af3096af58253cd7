// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include "model/diagnosis.h"
#include "out/escape.h"
#include "out/fmt.h"
#include "out/json.h"
#include "out/list.h"

#define ROW_ROOM (JSON_CONN_MAX + 512)
#define PROCESS_ROOM (ST_MAX * 48 + 256)

static char *put_quoted(char *p, const char *name)
{
	*p++ = '"';
	p = fmt_str(p, name);
	*p++ = '"';
	return p;
}

static struct conn conn_of_row(const struct row_sock *r)
{
	return (struct conn){.cookie = r->cookie, .roles = r->roles, .ident = r->ident};
}

static char *put_stay(char *p, const struct row_sock *r)
{
	p = fmt_u64(KEY(p, "dwell_ns"), row_stay_ns(r));
	p = r->flags & ROW_AT_LEAST ? FMT_LIT(p, ",\"dwell\":\"at_least\"")
				    : FMT_LIT(p, ",\"dwell\":\"exact\"");
	p = put_quoted(KEY(p, "dwell_by"), stay_by_name(row_stay_by(r)));
	if (!row_has_end(r))
		return p;
	return fmt_u64(KEY(p, "remaining_ns"), r->left_ns > 0 ? r->left_ns : 0);
}

static char *put_diagnosis(char *p, enum diagnosis diagnosis)
{
	const char *name = diagnosis_name(diagnosis);

	return name ? put_quoted(KEY(p, "diagnosis"), name) : p;
}

void json_add_row(struct obuf *b, const struct row_sock *r, enum diagnosis diagnosis,
		  const struct out_options *o, struct fmt_clock *clock)
{
	const char *cgroup = o->cgroup_path ? o->cgroup_path(r->ident.cgroup) : NULL;
	char *p = obuf_room(b, ROW_ROOM + (cgroup ? JSON_ESCAPE_MAX * strlen(cgroup) : 0));
	struct conn c = conn_of_row(r);

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"socket\",\"time\":\"");
	p = fmt_time(p, clock, (__s64)r->mono_ns + o->mono_to_real_ns);
	p = fmt_u64(FMT_LIT(p, "\",\"mono_ns\":"), r->mono_ns);
	p = json_put_conn(p, &c, cgroup);
	p = put_quoted(KEY(p, "state"), state_name(o->names, r->state));
	p = put_stay(p, r);
	p = fmt_u64(KEY(p, "recv_q"), r->recv_q);
	p = fmt_u64(KEY(p, "send_q"), r->send_q);
	obuf_done(b, put_diagnosis(p, diagnosis));
}

static void put_line(struct obuf *b, const struct row_sock *r, const struct out_options *o,
		     struct fmt_clock *clock)
{
	json_add_row(b, r, diagnose_row(r), o, clock);
	obuf_add(b, "}\n", 2);
}

void list_json_ahead(struct list_lines *s, const struct listing *l, const struct filter *f,
		     const struct out_options *o)
{
	struct fmt_clock clock = {0};

	for (__u32 i = s->n; i < l->n; i++) {
		struct obuf *b = list_lines_begin(s);

		if (!b)
			break;
		if (listing_settled(&l->row[i], f))
			put_line(b, &l->row[i], o, &clock);
		list_lines_end(s);
	}
}

void list_json_rows(struct obuf *b, const struct listing *l, const struct out_options *o,
		    const struct list_lines *s)
{
	struct fmt_clock clock = {0};

	for (__u32 i = 0; i < l->n_order; i++) {
		list_prefetch(l, i, s);
		if (!s || !list_lines_put(s, l->order[i], b))
			put_line(b, listing_row(l, i), o, &clock);
	}
}

static char *put_states(char *p, const __u32 by_state[ST_MAX], enum name_set names)
{
	bool any = false;

	*p++ = '{';
	for (unsigned int rank = 0; listing_state_at(rank); rank++) {
		unsigned int state = listing_state_at(rank);
		__u32 count = list_count_named(by_state, names, state);

		if (!count)
			continue;
		if (any)
			*p++ = ',';
		any = true;
		p = put_quoted(p, state_name(names, state));
		*p++ = ':';
		p = fmt_u64(p, count);
	}
	*p++ = '}';
	return p;
}

/* What no process holds has neither pid nor comm. */
static void put_process(struct obuf *b, const struct process_count *c, enum name_set names,
			bool first)
{
	char *p = obuf_room(b, PROCESS_ROOM);

	if (!p)
		return;
	if (!first)
		*p++ = ',';
	p = fmt_u64(FMT_LIT(p, "{\"sockets\":"), c->sockets);
	if (c->pid) {
		p = fmt_u64(KEY(p, "pid"), c->pid);
		p = FMT_LIT(p, ",\"comm\":\"");
		p = json_escape(p, c->comm, strnlen(c->comm, COMM_LEN));
		*p++ = '"';
	}
	p = put_states(KEY(p, "states"), c->by_state, names);
	*p++ = '}';
	obuf_done(b, p);
}

/* Nothing was followed, so that there are no transitions and none is lost. */
void list_json_summary(struct obuf *b, const struct listing_counts *c, enum name_set names,
		       bool processes, __u64 duration_ns)
{
	char *p = obuf_room(b, PROCESS_ROOM);

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"summary\",\"transitions\":0,\"lost\":0,\"duration_ns\":");
	p = fmt_u64(p, duration_ns);
	p = fmt_u64(KEY(p, "sockets"), c->sockets);
	p = put_states(KEY(p, "states"), c->by_state, names);
	if (processes)
		p = FMT_LIT(p, ",\"processes\":[");
	obuf_done(b, p);
	for (__u32 i = 0; processes && i < c->n_processes; i++)
		put_process(b, &c->process[i], names, !i);
	if (processes)
		obuf_add(b, "]", 1);
	obuf_add(b, "}\n", 2);
}
