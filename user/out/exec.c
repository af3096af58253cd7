// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/rules.h"
#include "out/escape.h"
#include "out/exec.h"
#include "out/sink.h"
#include "out/spawner.h"
#include "util/files.h"
#include "util/log.h"

#define SECOND_NS 1000000000ULL
/* What each variable takes at most, its name included; the longest is a name of RULE_NAME_LEN. */
#define VARIABLE_MAX 256
#define VARIABLES 20

struct exec_sink {
	struct sink sink;
	struct spawner *spawner;
	struct sink *json; /* writes into memory */
	enum name_set names;
	int told; /* the last error that was said */
	char env[VARIABLES * VARIABLE_MAX];
};

static bool power_of_two(__u32 n)
{
	return n && !(n & (n - 1));
}

bool exec_worth(const struct alert *a)
{
	if (!a->group)
		return true;
	if (a->status == ALERT_RESOLVED)
		return !a->group->count;
	return power_of_two(a->rule->step ? a->group->grave : a->group->total);
}

/*
 * The environment
 */

static char *begin(char *p, const char *name)
{
	p = FMT_LIT(p, "TCPDWELL_");
	p = fmt_str(p, name);
	*p++ = '=';
	return p;
}

static char *end(char *p)
{
	*p = '\0';
	return p + 1;
}

static char *put_text(char *p, const char *name, const char *value, size_t max)
{
	p = begin(p, name);
	if (value)
		p = term_escape(p, value, strnlen(value, max));
	return end(p);
}

static char *put_number(char *p, const char *name, __u64 value)
{
	return end(fmt_u64(begin(p, name), value));
}

/* Seconds and milliseconds: what a shell can print, and bc can add. */
static char *put_seconds(char *p, const char *name, __u64 ns)
{
	p = fmt_u64(begin(p, name), ns / SECOND_NS);
	*p++ = '.';
	return end(fmt_digits(p, ns % SECOND_NS / 1000000, 3));
}

static char *put_ends(char *p, const struct sock_ident *id)
{
	p = end(fmt_addr(begin(p, "LADDR"), id->laddr));
	p = put_number(p, "LPORT", id->lport);
	p = end(fmt_addr(begin(p, "RADDR"), id->raddr));
	return put_number(p, "RPORT", id->rport);
}

static char *put_process(char *p, const struct alert *a)
{
	const struct sock_owner *o = &a->conn->ident.owner;

	if (a->n_holders) {
		p = put_number(p, "PID", a->holders[0].pid);
		return put_text(p, "COMM", a->holders[0].comm, COMM_LEN);
	}
	if (!o->how)
		return put_text(put_text(p, "PID", NULL, 0), "COMM", NULL, 0);
	p = put_number(p, "PID", o->pid);
	return put_text(p, "COMM", o->comm, COMM_LEN);
}

static char *put_group(char *p, const struct alert_group *g)
{
	if (!g)
		return put_text(put_text(p, "GROUP", NULL, 0), "GROUP_COUNT", NULL, 0);
	p = put_number(p, "GROUP", g->id);
	return put_number(p, "GROUP_COUNT", g->count);
}

static size_t environment(struct exec_sink *e, const struct alert *a)
{
	char *p = e->env;

	p = put_text(p, "STATUS", a->status == ALERT_FIRING ? "firing" : "resolved", 16);
	p = put_text(p, "SEVERITY", a->rule->step ? "critical" : "warning", 16);
	p = put_text(p, "RULE", a->rule->name, RULE_NAME_LEN);
	p = put_text(p, "STATE", state_name(e->names, a->state), 32);
	p = put_seconds(p, "THRESHOLD_S", a->rule->threshold_ns);
	p = put_seconds(p, "DWELL_S", a->dwell_ns);
	p = end(fmt_hex(begin(p, "SK"), a->conn->half_open ? 0 : a->conn->cookie & COOKIE_MASK));
	p = put_number(p, "NETNS", a->conn->ident.netns);
	p = put_ends(p, &a->conn->ident);
	p = put_process(p, a);
	p = put_text(p, "DIAGNOSIS", diagnosis_name(a->diagnosis), 32);
	return put_group(p, a->group) - e->env;
}

/* Once for each thing that goes wrong, not for each alert. */
static void complain(struct exec_sink *e, int err)
{
	if (err == e->told)
		return;
	e->told = err;
	if (err == -EPIPE)
		warn_line("--exec: the process that runs the command is gone");
	else if (err)
		warn_line("--exec: not run for an alert: %s", files_strerror(-err));
}

static void exec_alert(struct sink *s, const struct alert *a)
{
	struct exec_sink *e = (struct exec_sink *)s;
	struct obuf *b = &((struct out_sink *)e->json)->buf;

	if (!exec_worth(a))
		return;
	e->json->ops->alert(e->json, a);
	complain(e, spawner_run(e->spawner, e->env, environment(e, a), b->data, b->len));
	obuf_clear(b);
}

static void exec_clock(struct sink *s, __s64 mono_to_real_ns)
{
	out_set_clock(((struct exec_sink *)s)->json, mono_to_real_ns);
}

static void exec_free(struct sink *s)
{
	struct exec_sink *e = (struct exec_sink *)s;

	e->json->ops->free(e->json);
	free(e);
}

static const struct sink_ops exec_ops = {
	.alert = exec_alert,
	.clock = exec_clock,
	.free = exec_free,
};

struct sink *exec_sink_new(const struct out_options *o, struct spawner *spawner)
{
	struct exec_sink *e = calloc(1, sizeof(*e));
	struct out_options to_memory = *o;

	if (!e)
		return NULL;
	to_memory.fd = -1;
	e->sink.ops = &exec_ops;
	e->spawner = spawner;
	e->names = o->names;
	e->json = json_sink_new(&to_memory);
	if (!e->json) {
		free(e);
		return NULL;
	}
	return &e->sink;
}
