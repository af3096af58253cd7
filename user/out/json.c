// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One JSON object a line.  Written by hand, not by a library: it is the work
 * done for each transition.  The room is asked for once a line.
 */
#include <stdlib.h>
#include <string.h>

#include "out/json_parts.h"

static char *put_end(char *p, const struct sock_end *e)
{
	if (e->age_ns) {
		p = KEY(p, "age_ns");
		p = fmt_u64(p, e->age_ns);
	}
	if (e->facts & END_NO_TCP)
		return p;
	p = KEY(p, "bytes_sent");
	p = fmt_u64(p, e->bytes_sent);
	p = KEY(p, "bytes_received");
	p = fmt_u64(p, e->bytes_received);
	p = KEY(p, "retransmits");
	p = fmt_u64(p, e->retransmits);
	p = KEY(p, "srtt_us");
	return fmt_u64(p, e->srtt_us);
}

static char *put_time_wait(char *p, const struct transition *t)
{
	p = KEY(p, "rearms");
	p = fmt_u64(p, t->rearms);
	if (!t->reused_by)
		return p;
	p = KEY_STR(p, "reused_by");
	return quote(fmt_hex(p, t->reused_by & COOKIE_MASK));
}

static char *put_step(const struct json_sink *j, char *p, const struct transition *t)
{
	const char *via = via_name(t->via);

	p = put_state(j, KEY_STR(p, "from"), t->from);
	p = put_state(j, KEY_STR(p, "to"), t->to);
	p = put_dwell(p, t->dwell_ns, t->at_least);
	if (t->first)
		p = FMT_LIT(p, ",\"first\":true");
	return via ? put_name(KEY_STR(p, "via"), via) : p;
}

static void json_transition(struct sink *s, const struct transition *t)
{
	struct json_sink *j = (struct json_sink *)s;
	const char *reason = reason_name(t->reason);
	const char *cgroup = out_cgroup(&j->out, t->conn);
	char *p = obuf_room(&j->out.buf, LINE_ROOM + STRING_ROOM(cgroup));

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"transition\"");
	p = put_time(j, p, t->mono_ns);
	p = json_put_conn(p, t->conn, cgroup);
	p = put_step(j, p, t);
	if (reason)
		p = put_name(KEY_STR(p, "reason"), reason);
	if (t->end)
		p = put_end(p, t->end);
	if (t->from == ST_TIME_WAIT)
		p = put_time_wait(p, t);
	if (t->over)
		p = put_rule(KEY_STR(p, "over"), t->over);
	end_line(j, p);
}

static void json_socket(struct sink *s, const struct conn *c, __u64 mono_ns)
{
	struct json_sink *j = (struct json_sink *)s;
	const char *cgroup = out_cgroup(&j->out, c);
	char *p = obuf_room(&j->out.buf, LINE_ROOM + STRING_ROOM(cgroup));

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"socket\"");
	p = put_time(j, p, mono_ns);
	p = json_put_conn(p, c, cgroup);
	p = put_state(j, KEY_STR(p, "state"), c->state);
	p = put_dwell(p, out_dwell_ns(c, mono_ns), c->at_least);
	if (c->until_ns > mono_ns) {
		p = KEY(p, "remaining_ns");
		p = fmt_u64(p, c->until_ns - mono_ns);
	}
	end_line(j, p);
}

static char *put_sockets(const struct json_sink *j, char *p, const struct hello *h)
{
	bool any = false;

	p = FMT_LIT(p, ",\"sockets\":{");
	for (unsigned int i = 0; i < ST_MAX; i++) {
		__u32 count = out_count_named(h, j->out.o.names, i);

		if (!count)
			continue;
		if (any)
			*p++ = ',';
		any = true;
		p = put_state(j, quote(p), i);
		*p++ = ':';
		p = fmt_u64(p, count);
	}
	p = FMT_LIT(p, "},\"netns_count\":");
	return fmt_u64(p, h->n_netns);
}

static void json_hello(struct sink *s, const struct hello *h)
{
	struct json_sink *j = (struct json_sink *)s;
	char *p = obuf_room(&j->out.buf, LINE_ROOM + STRING_ROOM(h->version) +
						 STRING_ROOM(h->kernel) + STRING_ROOM(h->tier) +
						 STRING_ROOM(h->tier_reason) +
						 STRING_ROOM(h->filter));

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"hello\"");
	if (h->version)
		p = put_string(KEY_STR(p, "version"), h->version);
	if (h->kernel)
		p = put_string(KEY_STR(p, "kernel"), h->kernel);
	if (h->tier)
		p = put_string(KEY_STR(p, "tier"), h->tier);
	if (h->tier_reason)
		p = put_string(KEY_STR(p, "reason"), h->tier_reason);
	if (h->own_ids)
		p = FMT_LIT(p, ",\"sk_ids\":\"own\",\"sk_ids_reason\":\"this kernel does not "
			       "tell a tracer the cookies of sockets (Linux 5.12)\"");
	if (h->filter)
		p = put_string(KEY_STR(p, "filter"), h->filter);
	p = put_time(j, p, h->mono_ns);
	p = put_sockets(j, p, h);
	end_line(j, p);
}

static void json_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	struct json_sink *j = (struct json_sink *)s;
	const char *name = lost_name(cause);
	char *p = obuf_room(&j->out.buf, LINE_ROOM);

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"lost\"");
	p = put_time(j, p, mono_ns);
	p = KEY(p, "count");
	p = fmt_u64(p, count);
	if (name)
		p = put_name(KEY_STR(p, "cause"), name);
	end_line(j, p);
}

static char *put_lost(char *p, const __u64 lost[LOST_NCAUSES])
{
	__u64 total = 0;

	for (int i = 0; i < LOST_NCAUSES; i++)
		total += lost[i];
	p = KEY(p, "lost");
	p = fmt_u64(p, total);
	p = FMT_LIT(p, ",\"lost_by_cause\":{");
	for (int i = 0; i < LOST_NCAUSES; i++) {
		if (i)
			*p++ = ',';
		p = put_name(quote(p), lost_name(i));
		*p++ = ':';
		p = fmt_u64(p, lost[i]);
	}
	*p = '}';
	return p + 1;
}

static void json_summary(struct sink *s, const struct summary *sum)
{
	struct json_sink *j = (struct json_sink *)s;
	char *p = obuf_room(&j->out.buf, LINE_ROOM);

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"summary\",\"transitions\":");
	p = fmt_u64(p, sum->transitions);
	p = put_lost(p, sum->lost);
	p = KEY(p, "duration_ns");
	p = fmt_u64(p, sum->duration_ns);
	if (!sum->half_open_unseen)
		p = fmt_u64(KEY(p, "half_open"), sum->half_open);
	p = KEY(p, "alerts");
	p = fmt_u64(p, sum->alerts);
	end_line(j, p);
}

static const struct sink_ops json_ops = {
	.hello = json_hello,
	.socket = json_socket,
	.transition = json_transition,
	.alert = json_alert,
	.pressure = json_pressure,
	.killed = json_killed,
	.lost = json_lost,
	.summary = json_summary,
	.clock = out_set_clock,
	.flush = out_sink_flush,
	.free = out_sink_free,
};

struct sink *json_sink_new(const struct out_options *o)
{
	struct json_sink *j = calloc(1, sizeof(*j));

	if (!j || out_sink_init(&j->out, o, &json_ops)) {
		free(j);
		return NULL;
	}
	for (unsigned int i = 0; i < ST_MAX; i++) {
		j->states[i].name = state_name(o->names, i);
		j->states[i].len = strlen(j->states[i].name);
	}
	return &j->out.sink;
}
