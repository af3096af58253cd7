// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One JSON object a line.  Written by hand, not by a library: it is the work
 * done for each transition.  The room is asked for once a line.
 */
#include <stdlib.h>
#include <string.h>
#include "model/container.h"
#include "model/rules.h"
#include "out/escape.h"
#include "out/json.h"
#include "out/pods.h"
#include "out/sink.h"

/* More than a line takes without its strings of any length. */
#define LINE_ROOM 2560
#define STRING_ROOM(s) ((s) ? JSON_ESCAPE_MAX * strlen(s) : 0)

struct json_sink {
	struct out_sink out;
	struct {
		const char *name;
		size_t len;
	} states[ST_MAX];
};

/*
 * Pieces: each begins with its comma, but for the first of an object
 */

#define KEY(p, key) FMT_LIT(p, ",\"" key "\":")
#define KEY_STR(p, key) FMT_LIT(p, ",\"" key "\":\"")

static char *quote(char *p)
{
	*p = '"';
	return p + 1;
}

/* A name of our own, which needs no escape. */
static char *put_name(char *p, const char *name)
{
	return quote(fmt_str(p, name));
}

static char *put_string(char *p, const char *s)
{
	return quote(json_escape(p, s, strlen(s)));
}

static char *put_state(const struct json_sink *j, char *p, unsigned int state)
{
	if (state >= ST_MAX)
		state = ST_NONE;
	p = mempcpy(p, j->states[state].name, j->states[state].len);
	return quote(p);
}

static char *put_time(struct json_sink *j, char *p, __u64 mono_ns)
{
	p = KEY_STR(p, "time");
	p = quote(fmt_time(p, &j->out.clock, out_real_ns(&j->out, mono_ns)));
	p = KEY(p, "mono_ns");
	return fmt_u64(p, mono_ns);
}

static char *put_dwell(char *p, __u64 dwell_ns, bool at_least)
{
	p = KEY(p, "dwell_ns");
	p = fmt_u64(p, dwell_ns);
	return at_least ? FMT_LIT(p, ",\"dwell\":\"at_least\"")
			: FMT_LIT(p, ",\"dwell\":\"exact\"");
}

static char *put_roles(char *p, __u8 roles)
{
	const char *open = role_name(ROLE_OPEN(roles));
	const char *close = role_name(ROLE_CLOSE(roles));

	if (open)
		p = put_name(KEY_STR(p, "open"), open);
	if (close)
		p = put_name(KEY_STR(p, "close"), close);
	return p;
}

static char *put_comm(char *p, const char comm[COMM_LEN])
{
	p = KEY_STR(p, "comm");
	return quote(json_escape(p, comm, strnlen(comm, COMM_LEN)));
}

static char *put_task(char *p, const struct sock_owner *o)
{
	const char *how = owner_how_name(o->how);

	p = KEY(p, "pid");
	p = fmt_u64(p, o->pid);
	p = KEY(p, "tid");
	p = fmt_u64(p, o->tid);
	p = KEY(p, "uid");
	p = fmt_u64(p, o->uid);
	p = put_comm(p, o->comm);
	return how ? put_name(KEY_STR(p, "known_by"), how) : p;
}

/* At most 64 bytes of a name, 36 and POD_NAME_MAX of a pod, and the keys: JSON_CONN_MAX has room
 * for them. */
static char *put_container(char *p, const char *path)
{
	const char *name;
	struct container c;

	if (!container_parse(path, &c))
		return p;
	if (*c.id)
		p = put_string(KEY_STR(p, "container"), c.id);
	if (c.runtime)
		p = put_name(KEY_STR(p, "runtime"), c.runtime);
	if (*c.pod_uid)
		p = put_string(KEY_STR(p, "pod"), c.pod_uid);
	name = pod_name(c.pod_uid);
	return name ? put_name(KEY_STR(p, "pod_name"), name) : p;
}

/* The path where it is known; a cgroup that is gone has its number only. */
static char *put_cgroup(char *p, __u64 id, const char *path)
{
	if (path)
		return put_container(put_string(KEY_STR(p, "cgroup"), path), path);
	p = KEY(p, "cgroup_id");
	return fmt_u64(p, id);
}

static char *put_owner(char *p, const struct sock_ident *id, const char *cgroup)
{
	char *first;

	if (!id->owner.how && !id->cgroup)
		return p;
	p = FMT_LIT(p, ",\"owner\":");
	first = p;
	if (id->owner.how)
		p = put_task(p, &id->owner);
	if (id->cgroup)
		p = put_cgroup(p, id->cgroup, cgroup);
	*first = '{'; /* in place of the comma */
	*p = '}';
	return p + 1;
}

static char *put_ends(char *p, const struct sock_ident *id)
{
	p = KEY_STR(p, "laddr");
	p = quote(fmt_addr(p, id->laddr));
	p = KEY(p, "lport");
	p = fmt_u64(p, id->lport);
	p = KEY_STR(p, "raddr");
	p = quote(fmt_addr(p, id->raddr));
	p = KEY(p, "rport");
	return fmt_u64(p, id->rport);
}

char *json_put_conn(char *p, const struct conn *c, const char *cgroup)
{
	const struct sock_ident *id = &c->ident;

	p = KEY_STR(p, "sk");
	p = quote(fmt_hex(p, c->half_open ? 0 : c->cookie & COOKIE_MASK));
	p = KEY(p, "netns");
	p = fmt_u64(p, id->netns);
	p = id->mptcp ? FMT_LIT(p, ",\"proto\":\"mptcp\",\"family\":")
		      : FMT_LIT(p, ",\"proto\":\"tcp\",\"family\":");
	p = fmt_u64(p, id->family);
	p = put_ends(p, id);
	p = put_roles(p, c->roles);
	return put_owner(p, id, cgroup);
}

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

static char *put_rule(char *p, const struct rule *rule)
{
	p = quote(json_escape(p, rule->name, strnlen(rule->name, sizeof(rule->name))));
	p = KEY(p, "threshold_ns");
	return fmt_u64(p, rule->threshold_ns);
}

static void end_line(struct json_sink *j, char *p)
{
	p = FMT_LIT(p, "}\n");
	obuf_done(&j->out.buf, p);
}

/*
 * Lines
 */

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

static void json_alert(struct sink *s, const struct alert *a)
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

static void json_pressure(struct sink *s, const struct pressure_news *n)
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

static void json_killed(struct sink *s, const struct kill_news *k)
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
	p = KEY(p, "half_open");
	p = fmt_u64(p, sum->half_open);
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
