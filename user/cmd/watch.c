// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "cmd/alarm.h"
#include "cmd/cmd.h"
#include "cmd/run.h"
#include "cmd/service.h"
#include "cmd/term.h"
#include "util/log.h"

#define BATCH_NS 100000000ULL

struct watch_options {
	struct options o; /* the first member: see watch_parse() */
	struct alarm_options alarm;
	struct service_options service;
};

struct watch {
	const struct watch_options *o;
	struct run run;
	struct alarm alarm;
	struct service service;
};

enum key {
	KEY_HALF_CLOSE = 512,
};

static const struct argp_option own_options[] = {
	{"half-close", KEY_HALF_CLOSE, 0, 0, "alert of half-closes that are in use too", 2},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0}, {&output_argp, 0, NULL, 0},	 {&rules_argp, 0, NULL, 0},
	{&run_argp, 0, NULL, 0},    {&service_argp, 0, NULL, 0}, {0},
};

static error_t watch_parse(int key, char *arg, struct argp_state *state)
{
	struct watch_options *o = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		for (int i = 0; children[i].argp; i++)
			state->child_inputs[i] =
				children[i].argp == &service_argp ? (void *)&o->service : &o->o;
		return 0;
	case KEY_HALF_CLOSE:
		o->alarm.half_close = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp watch_argp = {
	.options = own_options,
	.parser = watch_parse,
	.children = children,
	.doc = "Alerts while a socket is stuck in a state, with who holds it and what is wrong.\v"
	       "Defaults: CLOSE_WAIT, LAST_ACK, and FIN_WAIT_2 of a socket that is still held, "
	       "60 s; SYN_SEND 20 s; TIMED_WAIT 61 s, which is longer than Linux keeps it unless "
	       "it is re-armed.  Four minutes (2MSL in RFC 793) are the graver step of each.  "
	       "--max takes the place of both.",
};

static int all_rows(void *ctx, row_fn fn, void *fn_ctx)
{
	return tracer_rows(ctx, false, fn, fn_ctx);
}

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* Everything that wants to be called once a round. */
static __u64 each_round(void *ctx, __u64 now_ns)
{
	struct watch *w = ctx;

	return earlier(alarm_round(&w->alarm, now_ns), service_round(&w->service, now_ns));
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
	if (err) {
		warn_line("%s", strerror(-err));
		return STATUS_UNABLE;
	}
	w->alarm.rows = all_rows;
	w->alarm.rows_ctx = &w->run.tracer;
	w->alarm.wake_ns = &w->run.each_due_ns;
	w->run.looks_up = true;
	w->run.each = each_round;
	w->run.each_ctx = w;
	w->run.each_due_ns = UINT64_MAX;
	return 0;
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
	options_parse(&watch_argp, argc, argv, &o.o);
	status = service_begin(&w.service, &o.service);
	if (!status)
		status = run_init(&w.run, &o.o);
	if (status)
		return status;
	status = set_up(&w);
	if (!status)
		status = service_sinks(&w.service, &w.run, &w.alarm);
	if (!status)
		status = run_start(&w.run);
	if (!status)
		status = service_start(&w.service, false);
	if (!status)
		status = run_loop(&w.run);
	service_end(&w.service);
	run_free(&w.run);
	return status;
}
