// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is wrong, a JSON object a line. */
#include "out/json_parts.h"

/* What the group is of, in words that stay the same while it lasts. */
static char *put_group_key(char *p, const struct group_key *k)
{
	p = json_escape(p, k->rule, strnlen(k->rule, sizeof(k->rule)));
	*p++ = ' ';
	if (k->pid) {
		p = json_escape(p, k->comm, strnlen(k->comm, COMM_LEN));
		*p++ = '/';
		p = fmt_u64(p, k->pid);
	} else {
		p = FMT_LIT(p, "cgroup/");
		p = fmt_u64(p, k->cgroup);
	}
	p = k->open == ROLE_ACTIVE ? FMT_LIT(p, " to :") : FMT_LIT(p, " at :");
	p = fmt_u64(p, k->port);
	if (diagnosis_name(k->diagnosis)) {
		*p++ = ' ';
		p = fmt_str(p, diagnosis_name(k->diagnosis));
	}
	return p;
}

static char *put_signed(char *p, __s64 v)
{
	if (v < 0)
		*p++ = '-';
	return fmt_u64(p, v < 0 ? 0 - (__u64)v : (__u64)v);
}

static char *put_group(char *p, const struct alert_group *g)
{
	p = FMT_LIT(p, ",\"group\":{\"id\":");
	p = fmt_u64(p, g->id);
	p = quote(put_group_key(KEY_STR(p, "key"), &g->key));
	p = KEY(p, "count");
	p = fmt_u64(p, g->count);
	p = KEY(p, "growth_per_min");
	p = put_signed(p, g->growth_per_min);
	p = KEY(p, "oldest_ns");
	p = fmt_u64(p, g->oldest_ns);
	*p = '}';
	return p + 1;
}

void json_alert(struct sink *s, const struct alert *a)
{
	struct json_sink *j = (struct json_sink *)s;
	const char *diagnosis = diagnosis_name(a->diagnosis);
	const char *cgroup = out_cgroup(&j->out, a->conn);
	char *p = obuf_room(&j->out.buf, LINE_ROOM + STRING_ROOM(cgroup));

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"alert\"");
	p = put_time(j, p, a->mono_ns);
	p = a->status == ALERT_FIRING ? FMT_LIT(p, ",\"status\":\"firing\"")
				      : FMT_LIT(p, ",\"status\":\"resolved\"");
	p = put_rule(KEY_STR(p, "rule"), a->rule);
	p = a->rule->step ? FMT_LIT(p, ",\"severity\":\"critical\"")
			  : FMT_LIT(p, ",\"severity\":\"warning\"");
	if (a->by_rules)
		p = FMT_LIT(p, ",\"resolved_by\":\"rules\"");
	p = json_put_conn(p, a->conn, cgroup);
	p = put_state(j, KEY_STR(p, "state"), a->state);
	p = put_dwell(p, a->dwell_ns, a->at_least);
	if (diagnosis)
		p = put_name(KEY_STR(p, "diagnosis"), diagnosis);
	if (a->group)
		p = put_group(p, a->group);
	obuf_done(&j->out.buf, p);
	json_add_holders(&j->out.buf, "holders", a->holders, a->n_holders, j->out.o.cgroup_path);
	obuf_add(&j->out.buf, "}\n", 2);
}

static char *put_pair(char *p, const struct pressure_news *n)
{
	p = KEY_STR(p, "laddr");
	p = quote(fmt_addr(p, n->laddr));
	p = KEY_STR(p, "raddr");
	p = quote(fmt_addr(p, n->raddr));
	p = KEY(p, "rport");
	return fmt_u64(p, n->rport);
}

void json_pressure(struct sink *s, const struct pressure_news *n)
{
	struct json_sink *j = (struct json_sink *)s;
	char *p = obuf_room(&j->out.buf, LINE_ROOM);

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"pressure\"");
	p = put_time(j, p, n->mono_ns);
	p = n->over ? FMT_LIT(p, ",\"status\":\"resolved\"") : FMT_LIT(p, ",\"status\":\"firing\"");
	p = n->time_wait ? FMT_LIT(p, ",\"of\":\"tcp_max_tw_buckets\"")
			 : FMT_LIT(p, ",\"of\":\"local_ports\"");
	p = KEY(p, "netns");
	p = fmt_u64(p, n->netns);
	if (!n->time_wait)
		p = put_pair(p, n);
	p = KEY(p, "used");
	p = fmt_u64(p, n->used);
	p = KEY(p, "usable");
	p = fmt_u64(p, n->usable);
	p = KEY(p, "growth_per_s");
	p = put_signed(p, n->growth_per_s);
	if (n->exhausted_in_ns) {
		p = KEY(p, "exhausted_in_ns");
		p = fmt_u64(p, n->exhausted_in_ns);
	}
	end_line(j, p);
}

static const char *kill_result(const struct kill_news *k)
{
	if (k->dry_run)
		return "dry_run";
	return k->err ? "failed" : "ok";
}

void json_killed(struct sink *s, const struct kill_news *k)
{
	struct json_sink *j = (struct json_sink *)s;
	const char *cgroup = out_cgroup(&j->out, k->conn);
	char *p = obuf_room(&j->out.buf, LINE_ROOM + STRING_ROOM(cgroup));

	if (!p)
		return;
	p = FMT_LIT(p, "{\"type\":\"kill\"");
	p = put_time(j, p, k->mono_ns);
	p = put_name(KEY_STR(p, "result"), kill_result(k));
	if (k->err) {
		p = KEY(p, "errno");
		p = fmt_u64(p, -k->err);
		p = put_string(KEY_STR(p, "error"), strerror(-k->err));
	}
	p = put_rule(KEY_STR(p, "rule"), k->rule);
	p = json_put_conn(p, k->conn, cgroup);
	p = put_state(j, KEY_STR(p, "state"), k->conn->state);
	p = put_dwell(p, k->dwell_ns, k->conn->at_least);
	end_line(j, p);
}
