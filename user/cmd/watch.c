// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "cmd/alarm.h"
#include "cmd/cmd.h"
#include "cmd/kills.h"
#include "cmd/once.h"
#include "cmd/ports.h"
#include "cmd/reload.h"
#include "cmd/run.h"
#include "cmd/service.h"
#include "cmd/term.h"
#include "util/files.h"
#include "util/log.h"
#include "util/parse.h"

#define BATCH_NS 100000000ULL
#define CLOCK_STEP_NS 1000000LL

struct watch_options {
	struct options o; /* the first member: see watch_parse() */
	struct alarm_options alarm;
	struct kills_options kills;
	struct service_options service;
	const char *config;
	bool once;
};

struct watch {
	const struct watch_options *o;
	struct run run;
	struct alarm alarm;
	struct kills kills;
	struct ports ports;
	struct reload reload;
	struct service service;
	__s64 mono_to_real_ns; /* as the sinks have it */
};

enum key {
	KEY_HALF_CLOSE = 512,
	KEY_CONFIG,
	KEY_ONCE,
	KEY_KILL,
	KEY_DRY_RUN,
	KEY_KILL_RATE,
};

static const struct argp_option own_options[] = {
	{"half-close", KEY_HALF_CLOSE, 0, 0, "alert of half-closes that are in use too", 2},
	{"config", KEY_CONFIG, "FILE", 0, "rules of your own; SIGHUP reads them again", 2},
	{"once", KEY_ONCE, 0, 0, "look at what is stuck now; exit status 1 when there is any", 3},
	{0, 0, 0, 0, "Closing what is stuck:", 5},
	{"kill", KEY_KILL, 0, 0, "let rules with `kill = yes` in the file close their sockets", 5},
	{"kill-rate", KEY_KILL_RATE, "N", 0, "... at most so many a second (default 10)", 5},
	{"dry-run", KEY_DRY_RUN, 0, 0, "... but only say which", 5},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0}, {&output_argp, 0, NULL, 0},	 {&rules_argp, 0, NULL, 0},
	{&run_argp, 0, NULL, 0},    {&service_argp, 0, NULL, 0}, {0},
};

static error_t parse_kill(int key, const char *arg, struct argp_state *state,
			  struct kills_options *o)
{
	__u64 n;

	switch (key) {
	case KEY_KILL:
		o->allowed = true;
		return 0;
	case KEY_DRY_RUN:
		o->allowed = o->dry_run = true;
		return 0;
	case KEY_KILL_RATE:
		if (parse_u64(arg, 1, 1000000, &n))
			option_refuse(state, "--kill-rate", arg, "a number from 1 to 1000000");
		o->a_second = n;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Nobody is to believe that a look from cron does these. */
static void check_once(struct argp_state *state, const struct watch_options *o)
{
	const struct service_options *s = &o->service;

	if (o->once && (o->kills.allowed || s->listen || s->journal || s->argv[0]))
		argp_error(state, "--once looks and prints: it goes with none of --kill, "
				  "--dry-run, --listen, --journal and --exec");
}

static error_t watch_parse(int key, char *arg, struct argp_state *state)
{
	struct watch_options *o = state->input;

	switch (key) {
	case ARGP_KEY_END:
		check_once(state, o);
		return 0;
	case ARGP_KEY_INIT:
		for (int i = 0; children[i].argp; i++)
			state->child_inputs[i] =
				children[i].argp == &service_argp ? (void *)&o->service : &o->o;
		return 0;
	case KEY_HALF_CLOSE:
		o->alarm.half_close = true;
		return 0;
	case KEY_CONFIG:
		o->config = arg;
		return 0;
	case KEY_ONCE:
		o->once = true;
		return 0;
	default:
		return parse_kill(key, arg, state, &o->kills);
	}
}

const struct command_argp watch_argp = {
	.argp =
		{
			.options = own_options,
			.parser = watch_parse,
			.children = children,
			.doc = "Alerts while a socket is stuck in a state, with who holds it and what is wrong.\v"
			       "Defaults: CLOSE_WAIT, LAST_ACK, and FIN_WAIT_2 of a socket that is still held, "
			       "60 s; SYN_SEND 20 s; TIMED_WAIT 61 s, which is longer than Linux keeps it unless "
			       "it is re-armed.  Four minutes (2MSL in RFC 793) are the graver step of each.  "
			       "--max takes the place of both.",
		},
};

static int rows_of(void *ctx, const struct netns_set *only, row_fn fn, void *fn_ctx)
{
	return tracer_rows_of(ctx, only, fn, fn_ctx);
}

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* It runs for weeks: what it prints has to be right after the wall clock was set. */
static void see_clock(void *ctx)
{
	struct watch *w = ctx;
	__s64 offset_ns = mono_to_real_ns();
	__s64 by_ns = offset_ns - w->mono_to_real_ns;

	if (by_ns < CLOCK_STEP_NS && by_ns > -CLOCK_STEP_NS)
		return;
	w->mono_to_real_ns = offset_ns;
	alarm_set_clock(&w->alarm, offset_ns);
}

/* Everything that wants to be called once a round. */
static __u64 each_round(void *ctx, __u64 now_ns)
{
	struct watch *w = ctx;
	__u64 due_ns;

	due_ns = alarm_round(&w->alarm, now_ns);
	due_ns = earlier(due_ns, ports_round(&w->ports, now_ns));
	due_ns = earlier(due_ns, kills_round(&w->kills, now_ns));
	return earlier(due_ns, service_round(&w->service, now_ns));
}

static int add_printer(struct watch *w)
{
	struct out_options out = term_output(w->o->o.names);
	struct sink *s = w->o->o.json ? json_sink_new(&out) : watch_text_sink_new(&out);

	return s ? alarm_add_sink(&w->alarm, s, false) : -ENOMEM;
}

/* 0, or an exit status; the message is out. */
static int set_up(struct watch *w)
{
	int err = alarm_init(&w->alarm, &w->run.model, &w->o->alarm);

	if (!err)
		err = model_add_sink(&w->run.model, &w->alarm.sink);
	if (!err)
		err = add_printer(w);
	if (!err)
		err = ports_init(&w->ports, &w->run.model, &w->alarm);
	if (!err)
		err = reload_init(&w->reload, &w->run, &w->alarm, w->o->config, &w->o->o);
	if (err) {
		warn_line("%s", files_strerror(-err));
		return STATUS_UNABLE;
	}
	kills_init(&w->kills, &w->alarm, &w->o->kills);
	w->alarm.rows = rows_of;
	w->alarm.rows_ctx = &w->run.tracer;
	w->alarm.wake_ns = &w->run.each_due_ns;
	w->run.looks_up = true;
	w->run.begin = see_clock;
	w->run.each = each_round;
	w->run.each_ctx = w;
	w->run.each_due_ns = UINT64_MAX;
	return 0;
}

static void look_for_kills(const struct watch_options *o)
{
	const struct rules *rules = &o->o.rules;

	for (unsigned int i = 0; i < rules->n; i++)
		if (rules->rule[i].kill)
			return;
	if (o->kills.allowed)
		warn_line("%s: no rule says `kill = yes': none is closed",
			  o->kills.dry_run ? "--dry-run" : "--kill");
}

int cmd_watch(int argc, char **argv)
{
	static struct watch_options o;
	static struct watch w = {.o = &o};
	int status;

	options_init(&o.o);
	rules_watch(&o.o.rules);
	o.alarm.batch_ns = BATCH_NS;
	service_options_init(&o.service);
	o.kills.a_second = 10;
	options_parse(&watch_argp, argc, argv, &o.o);
	if (rules_build(o.config, &o.o, &o.o.rules))
		return STATUS_USAGE;
	if (o.once)
		return watch_once(&o.o, &o.alarm);
	look_for_kills(&o);
	status = service_begin(&w.service, &o.service);
	if (!status)
		status = run_init(&w.run, &o.o);
	if (status)
		return status;
	status = set_up(&w);
	if (!status)
		status = service_sinks(&w.service, &w.run, &w.alarm, &w.ports);
	if (!status)
		status = run_start(&w.run);
	if (!status)
		status = service_start(&w.service, o.kills.allowed && !o.kills.dry_run);
	if (!status)
		status = run_loop(&w.run);
	service_end(&w.service);
	kills_free(&w.kills);
	reload_free(&w.reload);
	run_free(&w.run);
	ports_free(&w.ports);
	return status;
}
