// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "out/escape.h"
#include "out/fmt.h"
#include "out/histogram.h"
#include "out/json.h"

#define LINE_ROOM 1024
#define BUCKET_ROOM (3 * FMT_U64_MAX + 48)

static char *put_quoted(char *p, const char *s, size_t n)
{
	*p++ = '"';
	p = json_escape(p, s, n);
	*p++ = '"';
	return p;
}

static char *put_text(char *p, const char *s)
{
	return put_quoted(p, s, strlen(s));
}

/* What is grouped by, under the name of the option's value; absent where it is not known. */
static char *put_group(char *p, const struct hist_entry *e, const struct hist_view *v,
		       const char *path)
{
	const char *comm = (const char *)e->group.id;

	if (v->by == HIST_BY_STATE)
		return p;
	if (e->slot == HIST_SLOT_OTHER)
		return FMT_LIT(p, ",\"others\":true");
	if (e->slot == HIST_SLOT_UNKNOWN)
		return FMT_LIT(p, ",\"unknown\":true");
	switch (v->by) {
	case HIST_BY_PORT:
		return fmt_u64(KEY(p, "port"), e->group.no);
	case HIST_BY_PROCESS:
		p = fmt_u64(KEY(p, "pid"), e->group.no);
		return put_quoted(KEY(p, "comm"), comm, strnlen(comm, COMM_LEN));
	case HIST_BY_PEER:
		p = FMT_LIT(p, ",\"peer\":\"");
		p = fmt_addr(p, (const __u8 *)e->group.id);
		*p++ = '"';
		return p;
	default:
		p = fmt_u64(KEY(p, "cgroup_id"), e->group.id[0]);
		return path ? put_text(KEY(p, "cgroup"), path) : p;
	}
}

static char *put_stats(char *p, const struct hist_stats *s)
{
	p = fmt_u64(KEY(p, "count"), s->count);
	p = fmt_u64(KEY(p, "p50_ns"), s->p50_ns);
	p = fmt_u64(KEY(p, "p90_ns"), s->p90_ns);
	p = fmt_u64(KEY(p, "p99_ns"), s->p99_ns);
	p = fmt_u64(KEY(p, "p999_ns"), s->p999_ns);
	return fmt_u64(KEY(p, "max_ns"), s->max_ns);
}

/* Only those with something in them: [from, to) and how many. */
static void put_buckets(struct obuf *b, const struct hist_row *h)
{
	char *p = obuf_room(b, LINE_ROOM + HIST_BUCKETS * BUCKET_ROOM);
	bool any = false;

	if (!p)
		return;
	p = FMT_LIT(p, ",\"buckets\":[");
	for (int i = 0; i < HIST_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		if (any)
			*p++ = ',';
		any = true;
		p = fmt_u64(FMT_LIT(p, "{\"from_ns\":"), hist_from(i));
		p = fmt_u64(KEY(p, "to_ns"), hist_from(i + 1));
		p = fmt_u64(KEY(p, "count"), h->count[i]);
		*p++ = '}';
	}
	obuf_done(b, FMT_LIT(p, "]}\n"));
}

static char *put_times(char *p, const struct hist_view *v, const struct out_options *o)
{
	struct fmt_clock clock = {0};

	p = FMT_LIT(p, ",\"time\":\"");
	p = fmt_time(p, &clock, (__s64)v->mono_ns + o->mono_to_real_ns);
	*p++ = '"';
	p = fmt_u64(KEY(p, "mono_ns"), v->mono_ns);
	return fmt_u64(KEY(p, "span_ns"), v->span_ns);
}

static void put_row(struct obuf *b, const struct hist_view *v, const struct hist_entry *e, int row,
		    const struct out_options *o, bool whole)
{
	const char *path = v->by == HIST_BY_CGROUP && e->group.id[0] && o->cgroup_path
				   ? o->cgroup_path(e->group.id[0])
				   : NULL;
	struct hist_stats s = histogram_stats(&e->row[row]);
	char *p = obuf_room(b, LINE_ROOM + JSON_ESCAPE_MAX * (path ? strlen(path) : 0));

	if (!p)
		return;
	p = put_times(FMT_LIT(p, "{\"type\":\"hist\""), v, o);
	p = whole ? FMT_LIT(p, ",\"whole\":true") : FMT_LIT(p, ",\"whole\":false");
	p = put_text(KEY(p, "by"), hist_by_name(v->by));
	p = put_group(p, e, v, path);
	if (row == HIST_AGE)
		p = FMT_LIT(p, ",\"of\":\"age\"");
	else
		p = put_text(FMT_LIT(p, ",\"of\":\"state\",\"state\":"), state_name(o->names, row));
	obuf_done(b, put_stats(p, &s));
	put_buckets(b, &e->row[row]);
}

static void put_entry(struct obuf *b, const struct hist_view *v, const struct hist_entry *e,
		      const struct out_options *o, bool whole)
{
	int row;

	for (unsigned int rank = 0; (row = hist_row_at(rank)) >= 0; rank++)
		if (histogram_count(&e->row[row]))
			put_row(b, v, e, row, o, whole);
}

void hist_json(struct obuf *b, const struct hist_view *v, const struct out_options *o, bool whole)
{
	__u32 *order = calloc(v->n, sizeof(*order));
	__u32 n = order ? hist_view_order(v, order) : 0;

	for (__u32 i = 0; i < n; i++)
		put_entry(b, v, &v->entry[order[i]], o, whole);
	free(order);
}

static char *put_missed(char *p, const struct hist_view *v)
{
	bool any = false;

	p = KEY(p, "not_counted");
	*p++ = '{';
	for (int why = 0; why < HIST_NMISSED; why++) {
		if (!v->missed[why])
			continue;
		if (any)
			*p++ = ',';
		any = true;
		p = put_text(p, hist_missed_name(why));
		*p++ = ':';
		p = fmt_u64(p, v->missed[why]);
	}
	*p++ = '}';
	return p;
}

void hist_json_summary(struct obuf *b, const struct hist_view *v, const char *not_seen)
{
	__u64 lost = v->missed[HIST_SKIPPED] + v->missed[HIST_FULL] + v->missed[HIST_SMALL_FULL];
	char *p = obuf_room(b, LINE_ROOM + (not_seen ? JSON_ESCAPE_MAX * strlen(not_seen) : 0));

	if (!p)
		return;
	/* no transition was told of */
	p = FMT_LIT(p, "{\"type\":\"summary\",\"transitions\":0");
	p = fmt_u64(KEY(p, "lost"), lost);
	p = fmt_u64(KEY(p, "duration_ns"), v->span_ns);
	p = put_missed(p, v);
	if (not_seen)
		p = put_text(KEY(p, "small_not_seen"), not_seen);
	obuf_done(b, FMT_LIT(p, "}\n"));
}
