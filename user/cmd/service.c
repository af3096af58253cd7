// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/service.h"
#include "kern/cgroup.h"
#include "kern/rights.h"
#include "out/escape.h"
#include "out/exec.h"
#include "out/http.h"
#include "out/journal.h"
#include "out/metrics.h"
#include "util/files.h"
#include "util/log.h"
#include "util/parse.h"

#define SECOND_NS 1000000000ULL

enum key {
	KEY_LISTEN = 768,
	KEY_JOURNAL,
	KEY_EXEC,
	KEY_EXEC_TIMEOUT,
	KEY_USER,
};

void service_options_init(struct service_options *o)
{
	memset(o, 0, sizeof(*o));
	o->exec_timeout_ns = 10 * SECOND_NS;
}

/*
 * Options
 */

static const struct argp_option options[] = {
	{0, 0, 0, 0, "Where alerts go besides, and how it runs:", 4},
	{"listen", KEY_LISTEN, "[ADDR:]PORT", 0,
	 "serve /metrics (Prometheus), /healthz and /api/stuck over HTTP, on the loopback address "
	 "unless another is given",
	 4},
	{"journal", KEY_JOURNAL, 0, 0, "write alerts to the journal, with structured fields", 4},
	{"exec", KEY_EXEC, "COMMAND", 0,
	 "run this with alerts, in JSON on its stdin and in the environment (TCPDWELL_*); its words "
	 "are divided at blanks, no shell is asked; 4 at once, 60 a minute, 64 waiting",
	 4},
	{"exec-timeout", KEY_EXEC_TIMEOUT, "DURATION", 0,
	 "end such a command after so long (default 10s)", 4},
	{"user", KEY_USER, "NAME", 0,
	 "once everything is attached, run as this user, with the capabilities that are still "
	 "needed",
	 4},
	{0},
};

static void take_command(struct argp_state *state, struct service_options *o, char *arg)
{
	char *save, *word;
	size_t n = 0;

	free(o->command);
	o->command = strdup(arg);
	if (!o->command)
		argp_failure(state, STATUS_UNABLE, ENOMEM, "--exec");
	for (word = strtok_r(o->command, " \t\n", &save); word;
	     word = strtok_r(NULL, " \t\n", &save)) {
		if (n == COMMAND_WORDS)
			option_refuse(state, "--exec", arg, "a command of at most 64 words");
		o->argv[n++] = word;
	}
	if (!n)
		option_refuse(state, "--exec", arg, "a command");
	o->argv[n] = NULL;
}

static void take_user(struct argp_state *state, struct service_options *o, const char *arg)
{
	if (account_find(&o->account, arg))
		option_refuse(state, "--user", arg, "the name or number of a user of this system");
	o->has_account = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct service_options *o = state->input;

	switch (key) {
	case KEY_LISTEN:
		if (http_address(arg, &o->addr, &o->addr_len))
			option_refuse(
				state, "--listen", arg,
				"PORT, ADDRESS:PORT or [ADDRESS]:PORT, the address in numbers");
		o->listen = arg;
		return 0;
	case KEY_JOURNAL:
		o->journal = true;
		return 0;
	case KEY_EXEC:
		take_command(state, o, arg);
		return 0;
	case KEY_EXEC_TIMEOUT:
		if (parse_duration(arg, &o->exec_timeout_ns) || !o->exec_timeout_ns)
			option_refuse(state, "--exec-timeout", arg, "a duration such as 10s");
		return 0;
	case KEY_USER:
		take_user(state, o, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp service_argp = {.options = options, .parser = parse};

/*
 * Pages
 */

static int page_metrics(void *ctx, FILE *f, __u64 now_ns)
{
	struct service *s = ctx;

	ports_refresh(s->ports, now_ns);
	metrics_render(s->metrics, f, now_ns);
	return 200;
}

static int page_stuck(void *ctx, FILE *f, __u64 now_ns)
{
	struct service *s = ctx;

	metrics_stuck_json(s->metrics, f, now_ns);
	return 200;
}

/* That it answers says that the loop runs. */
static int page_health(void *ctx, FILE *f, __u64 now_ns)
{
	const struct service *s = ctx;

	(void)now_ns;
	if (s->run->model.no_memory) {
		fputs("out of memory: some connections were not followed\n", f);
		return 503;
	}
	fputs("ok\n", f);
	return 200;
}

static const struct http_page pages[] = {
	{"/metrics", "text/plain; version=0.0.4; charset=utf-8", page_metrics},
	{"/healthz", "text/plain; charset=utf-8", page_health},
	{"/api/stuck", "application/json", page_stuck},
};

static void counter(FILE *f, const char *name, const char *label, const char *value, __u64 n)
{
	fprintf(f, "%s{%s=\"%s\"} %llu\n", name, label, value, n);
}

static void put_http(const struct service *s, FILE *f)
{
	static const char name[] = "tcpdwell_http_requests_total";
	struct http_counts n = http_counts(s->http);

	metrics_family(f, name, "counter", "HTTP requests, by what became of them.");
	counter(f, name, "result", "ok", n.ok);
	counter(f, name, "result", "refused", n.refused);
	counter(f, name, "result", "failed", n.failed);
	counter(f, name, "result", "cut", n.cut);
}

static void put_exec(const struct service *s, FILE *f)
{
	static const char name[] = "tcpdwell_exec_commands_total";
	struct spawner_counts n = spawner_counts(&s->spawner);

	metrics_family(f, name, "counter",
		       "Commands of --exec, by how they ended; dropped: not run, too many waited.");
	counter(f, name, "result", "ok", n.ok);
	counter(f, name, "result", "failed", n.failed);
	counter(f, name, "result", "timed_out", n.timed_out);
	counter(f, name, "result", "dropped", n.dropped);
}

static void more_metrics(void *ctx, FILE *f, __u64 now_ns)
{
	const struct service *s = ctx;

	(void)now_ns;
	put_http(s, f);
	if (s->o->argv[0])
		put_exec(s, f);
	if (!s->journal)
		return;
	metrics_family(f, "tcpdwell_journal_dropped_total", "counter",
		       "Entries that the journal did not take.");
	fprintf(f, "tcpdwell_journal_dropped_total %llu\n", journal_dropped(s->journal));
}

/*
 * Begin
 */

int service_begin(struct service *s, const struct service_options *o)
{
	struct spawner_options spawn = {
		.argv = (char **)o->argv,
		.timeout_ns = o->exec_timeout_ns,
		.at_once = SPAWNER_AT_ONCE,
		.queue = SPAWNER_QUEUE,
		.a_minute = SPAWNER_A_MINUTE,
		.account = o->has_account ? &o->account : NULL,
	};
	char name[60 * TERM_ESCAPE_MAX + 1];
	int err;

	memset(s, 0, sizeof(*s));
	s->o = o;
	s->spawner.fd = -1;
	s->http_due_ns = UINT64_MAX;
	notify_open(&s->notify);
	if (!o->argv[0])
		return 0;
	err = spawner_start(&s->spawner, &spawn);
	if (!err)
		return 0;
	*term_escape(name, o->argv[0], strnlen(o->argv[0], 60)) = '\0';
	warn_line("--exec: '%s' can't be run: %s", name, files_strerror(-err));
	return err == -ENOENT || err == -EACCES ? STATUS_USAGE : STATUS_UNABLE;
}

static int add_metrics(struct service *s, struct alarm *a)
{
	struct metrics_options m = {
		.names = s->run->options->names,
		.by_state = s->run->model.by_state,
		.pressure = &s->ports->pressure,
		.mono_to_real_ns = mono_to_real_ns(),
		.cgroup_path = cgroup_path,
		.more = more_metrics,
		.ctx = s,
	};

	s->metrics = metrics_sink_new(&m);
	return s->metrics ? alarm_add_sink(a, s->metrics, true) : -ENOMEM;
}

static int add_journal(struct service *s, struct alarm *a, const struct out_options *out)
{
	int err = journal_sink_new(out, JOURNAL_SOCKET, &s->journal);

	if (!err)
		return alarm_add_sink(a, s->journal, false);
	warn_line("--journal: " JOURNAL_SOCKET ": %s", files_strerror(-err));
	return err;
}

static int add_exec(struct service *s, struct alarm *a, const struct out_options *out)
{
	struct sink *sink = exec_sink_new(out, &s->spawner);

	return sink ? alarm_add_sink(a, sink, false) : -ENOMEM;
}

int service_sinks(struct service *s, struct run *r, struct alarm *a, struct ports *p)
{
	struct out_options out = {
		.fd = -1,
		.talk_fd = -1,
		.names = r->options->names,
		.mono_to_real_ns = mono_to_real_ns(),
		.cgroup_path = cgroup_path,
	};
	int err = 0;

	s->run = r;
	s->alarm = a;
	s->ports = p;
	if (s->o->listen)
		err = add_metrics(s, a);
	if (!err && s->o->argv[0])
		err = add_exec(s, a, &out);
	if (err)
		warn_line("%s", files_strerror(-err));
	if (!err && s->o->journal)
		err = add_journal(s, a, &out);
	return err ? STATUS_UNABLE : 0;
}

static void come_by(struct service *s, __u64 ns)
{
	if (s->run->each_due_ns > ns)
		s->run->each_due_ns = ns;
}

static void http_ready(void *ctx)
{
	struct service *s = ctx;

	s->http_due_ns = http_run(s->http, mono_now_ns());
	come_by(s, s->http_due_ns);
}

static void spawner_ready(void *ctx)
{
	struct service *s = ctx;

	if (spawner_take(&s->spawner) != -EPIPE)
		return;
	warn_line("--exec: the process that runs the command has ended");
	run_del_fd(s->run, s->spawner.fd);
	spawner_stop(&s->spawner);
}

static int listen_now(struct service *s)
{
	const struct service_options *o = s->o;
	bool v6 = o->addr.ss_family == AF_INET6, any_port = !strcmp(o->listen, "0");
	int err = http_open(&s->http, &o->addr, o->addr_len, pages, sizeof(pages) / sizeof(*pages),
			    s);

	if (!err)
		err = run_add_fd(s->run, http_fd(s->http), EPOLLIN, http_ready, s);
	if (err == -EOPNOTSUPP)
		warn_line("--listen: this static binary was built without it");
	else if (err)
		warn_line("--listen %s: %s", o->listen, files_strerror(-err));
	else if (any_port || v6 || strchr(o->listen, ':'))
		warn_line("/metrics is at port %u", http_port(s->http));
	else
		warn_line("/metrics is at http://127.0.0.1:%u/metrics", http_port(s->http));
	return err;
}

static int limit_rights(const struct service *s, bool kills)
{
	struct rights_options r = {
		.account = s->o->has_account ? &s->o->account : NULL,
		.kill = kills,
	};
	int err = rights_limit(&r);

	if (err) {
		warn_line("the rights could not be limited: %s", strerror(-err));
		return err;
	}
	err = rights_filter(getenv("TCPDWELL_SECCOMP"));
	if (err == -EINVAL && getenv("TCPDWELL_SECCOMP"))
		warn_line("TCPDWELL_SECCOMP takes errno, kill, log or off");
	else if (err)
		warn_line("the system calls could not be limited: %s", strerror(-err));
	return err;
}

int service_start(struct service *s, bool kills)
{
	int err = s->o->listen ? listen_now(s) : 0;

	if (!err && s->spawner.fd >= 0)
		err = run_add_fd(s->run, s->spawner.fd, EPOLLIN, spawner_ready, s);
	if (!err)
		err = limit_rights(s, kills);
	if (err)
		return STATUS_UNABLE;
	notify_send(&s->notify, "READY=1\nSTATUS=watching, tier %s",
		    tier_name(s->run->tracer.tier));
	s->notify_due_ns = s->notify.period_ns ? 0 : UINT64_MAX;
	come_by(s, 0);
	return 0;
}

/*
 * Round by round
 */

static void tell_status(struct service *s)
{
	__u32 stuck = s->alarm->groups.n_members;

	if (stuck == s->stuck_told)
		return;
	s->stuck_told = stuck;
	notify_send(&s->notify, "STATUS=%u sockets stuck, in %u groups", stuck,
		    s->alarm->groups.n_groups);
}

static void pat_watchdog(struct service *s, __u64 now_ns)
{
	if (now_ns < s->notify_due_ns)
		return;
	notify_send(&s->notify, "WATCHDOG=1");
	s->notify_due_ns = now_ns + s->notify.period_ns;
}

__u64 service_round(struct service *s, __u64 now_ns)
{
	if (s->http && now_ns >= s->http_due_ns)
		s->http_due_ns = http_run(s->http, now_ns);
	tell_status(s);
	pat_watchdog(s, now_ns);
	return s->http_due_ns < s->notify_due_ns ? s->http_due_ns : s->notify_due_ns;
}

void service_end(struct service *s)
{
	notify_send(&s->notify, "STOPPING=1");
	notify_close(&s->notify);
	http_close(s->http);
	s->http = NULL;
	spawner_stop(&s->spawner);
}
