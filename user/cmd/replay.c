// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/playback.h"
#include "cmd/reload.h"
#include "cmd/term.h"
#include "out/out.h"
#include "util/log.h"
#include "util/parse.h"

#define SECOND_NS 1000000000ULL

struct replay_options {
	struct options o; /* first: see states.c */
	double speed;	  /* 0: as fast as it goes */
	bool watch;
	const char *config;
};

/* Between the model and the output, with --watch. */
struct watch {
	struct sink sink;
	struct sink *out;
	bool half_closed; /* an alert is of a socket that may have been in use */
};

struct replay {
	const struct replay_options *o;
	struct playback play;
	struct watch watch;
	__u64 shown_ns;
	__s64 pace_ns; /* with --speed: wall time of the recording's begin */
	bool status;
};

enum key {
	KEY_WATCH = 512,
	KEY_SPEED,
	KEY_CONFIG,
	KEY_DURATION,
	KEY_COUNT,
};

static const struct argp_option own_options[] = {
	{"watch", KEY_WATCH, 0, 0,
	 "only the alerts: would a threshold (--max) have been passed, and when; the exit status is "
	 "1 if one was",
	 3},
	{"config", KEY_CONFIG, "FILE", 0,
	 "with --watch: the rules of this file, as `watch' has them", 3},
	{"duration", KEY_DURATION, "DURATION", 0, "stop so long after the begin of the recording",
	 3},
	{"count", KEY_COUNT, "N", 0, "stop after so many transitions", 3},
	{"speed", KEY_SPEED, "FACTOR", 0,
	 "so many times as fast as it happened: 1, 10, 0.5 (default: as fast as possible)", 3},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{&rules_argp, 0, NULL, 0},
	{0},
};

static void parse_speed(struct argp_state *state, const char *arg, struct replay_options *o)
{
	char *end;

	o->speed = strtod(arg, &end);
	if (end == arg || *end || !(o->speed >= 1e-3 && o->speed <= 1e6))
		option_refuse(state, "--speed", arg, "a factor such as 1, 10 or 0.5");
}

static const struct setting settings[] = {
	SETTING(KEY_WATCH, SET_FLAG, struct replay_options, watch),
	SETTING(KEY_CONFIG, SET_TEXT, struct replay_options, config),
	SETTING_DURATION(KEY_DURATION, struct replay_options, o.duration_ns),
	SETTING_COUNT(KEY_COUNT, struct replay_options, o.count),
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_SPEED:
		parse_speed(state, arg, state->input);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "it needs a recording, or all files of one");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check(struct argp_state *state, void *options)
{
	const struct replay_options *o = options;

	if (o->config && !o->watch)
		argp_error(state, "--config goes with --watch");
}

const struct command_argp replay_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.children = children,
			.args_doc = "FILE...",
			.doc = "Shows what `tcpdwell trace' would have shown while `tcpdwell record' wrote the files.",
		},
	.setting = settings,
	.check = check,
	.other = parse,
};

/*
 * Alerts alone
 */

static void watch_hello(struct sink *s, const struct hello *h)
{
	struct sink *out = ((struct watch *)s)->out;

	out->ops->hello(out, h);
}

static void watch_alert(struct sink *s, const struct alert *a)
{
	struct watch *w = (struct watch *)s;

	w->half_closed |= a->state == ST_CLOSE_WAIT || a->state == ST_FIN_WAIT2;
	w->out->ops->alert(w->out, a);
}

static void watch_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	struct sink *out = ((struct watch *)s)->out;

	out->ops->lost(out, cause, count, mono_ns);
}

/* Of transitions none was printed. */
static void watch_summary(struct sink *s, const struct summary *sum)
{
	struct sink *out = ((struct watch *)s)->out;
	struct summary mine = *sum;

	mine.transitions = 0;
	out->ops->summary(out, &mine);
}

static int watch_flush(struct sink *s)
{
	struct sink *out = ((struct watch *)s)->out;

	return out->ops->flush(out);
}

static void watch_free(struct sink *s)
{
	struct sink *out = ((struct watch *)s)->out;

	out->ops->free(out);
}

static const struct sink_ops watch_ops = {
	.hello = watch_hello,
	.alert = watch_alert,
	.lost = watch_lost,
	.summary = watch_summary,
	.flush = watch_flush,
	.free = watch_free,
};

static int make_output(void *ctx, const struct rec_meta *m)
{
	struct replay *r = ctx;
	struct out_options out = term_output(r->o->o.names);
	struct sink *sink;

	out.mono_to_real_ns = m->mono_to_real_ns;
	out.cgroup_path = playback_cgroup;
	sink = r->o->o.json ? json_sink_new(&out) : text_sink_new(&out);
	if (!sink) {
		warn_line("out of memory");
		return STATUS_UNABLE;
	}
	r->watch = (struct watch){{&watch_ops}, sink, false};
	model_add_sink(&r->play.model, r->o->watch ? &r->watch.sink : sink);
	return 0;
}

/*
 * Pace
 */

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

static int keep_pace(struct replay *r)
{
	__u64 since_ns = r->play.player.now_ns - r->play.player.began_ns;
	__s64 ahead_ns;
	struct timespec ts;
	int err;

	if (!r->play.model.started || r->play.player.now_ns <= r->play.player.began_ns)
		return 0;
	if (!r->pace_ns)
		r->pace_ns = now_ns();
	ahead_ns = r->pace_ns + (__s64)(since_ns / r->o->speed) - (__s64)now_ns();
	if (ahead_ns < 1000000)
		return 0;
	err = model_flush(&r->play.model);
	ts = (struct timespec){ahead_ns / SECOND_NS, ahead_ns % SECOND_NS};
	if (!err && !playback_stopped())
		nanosleep(&ts, NULL);
	return err;
}

static void show_status(struct replay *r)
{
	unsigned int done = reader_permille(&r->play.reader);
	__u64 ns = now_ns();

	if (ns < r->shown_ns + SECOND_NS / 2)
		return;
	r->shown_ns = ns;
	fprintf(stderr, "\rreplay: %u.%u%% \033[K", done / 10, done % 10);
}

/*
 * Together
 */

/* 0, or -errno of the output. */
static int after_event(void *ctx)
{
	struct replay *r = ctx;

	if (r->o->speed > 0)
		return keep_pace(r);
	if (r->play.events % PLAYBACK_EVERY)
		return 0;
	if (r->status)
		show_status(r);
	return model_flush(&r->play.model);
}

/* What `watch` would have looked up. */
static void tell_unseen(const struct replay *r)
{
	if (r->watch.half_closed)
		warn_line("a recording has no queues and no holders: a half-close in use, which "
			  "`watch' leaves out, is among these if it lasted as long");
}

static int finish(struct replay *r, int err)
{
	int flush = model_flush(&r->play.model), status;

	if (r->status)
		fputs("\r\033[K", stderr);
	if (err >= 0)
		err = flush;
	if (err && err != -EPIPE) {
		term_not_written(err);
		return STATUS_UNABLE;
	}
	status = playback_status(&r->play);
	if (status)
		return status;
	tell_unseen(r);
	return r->o->watch && r->play.model.sum.alerts ? STATUS_FOUND : STATUS_DONE;
}

static int replay(const struct replay_options *o, struct replay *r)
{
	int status, err = 0;

	r->o = o;
	r->play.begin = make_output;
	r->play.after = after_event;
	r->play.ctx = r;
	status = playback_open(&r->play, &o->o, o->o.files, o->o.n_files);
	if (status)
		return status;
	r->status = term_erases(STDERR_FILENO) && (o->watch || !isatty(STDOUT_FILENO)) &&
		    !(o->speed > 0);
	status = playback_run(&r->play, &err);
	if (!status)
		status = finish(r, err);
	playback_close(&r->play);
	return status;
}

/* Cgroups by the paths that were recorded.  0, or an exit status; the message is out. */
static int read_rules(struct replay_options *o)
{
	if (!o->config)
		return 0;
	if (rules_build(o->config, &o->o, &o->o.rules))
		return STATUS_USAGE;
	o->o.rules.cgroup_path = playback_cgroup;
	return 0;
}

int cmd_replay(int argc, char **argv)
{
	char **files = calloc(argc, sizeof(*files));
	struct replay_options o = {0};
	struct replay *r = calloc(1, sizeof(*r));
	int status = STATUS_UNABLE;

	if (!r || !files) {
		warn_line("out of memory");
	} else {
		options_init(&o.o);
		o.o.offline = true;
		o.o.files = files;
		options_parse(&replay_argp, argc, argv, &o.o);
		status = read_rules(&o);
		if (!status)
			status = replay(&o, r);
	}
	free(r);
	free(files);
	return status;
}
