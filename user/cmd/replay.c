// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/term.h"
#include "out/escape.h"
#include "out/out.h"
#include "rec/paths.h"
#include "rec/player.h"
#include "util/log.h"
#include "util/parse.h"

#define SECOND_NS 1000000000ULL
#define FLUSH_EVERY 4096 /* events */

struct replay_options {
	struct options o; /* first: see states.c */
	char **files;
	unsigned int n_files;
	double speed; /* 0: as fast as it goes */
	bool watch;
};

/* Between the model and the output, with --watch. */
struct watch {
	struct sink sink;
	struct sink *out;
};

struct replay {
	const struct replay_options *o;
	struct model model;
	struct reader reader;
	struct player player;
	struct watch watch;
	__u64 events;
	__u64 shown_ns;
	__s64 pace_ns; /* with --speed: wall time of the recording's begin */
	bool status;
	bool ready; /* head of the recording read, output made */
};

static volatile sig_atomic_t stopped;

/* The output asks by id alone. */
static struct paths cgroups;

enum key {
	KEY_WATCH = 512,
	KEY_SPEED,
	KEY_DURATION,
	KEY_COUNT,
};

static const struct argp_option own_options[] = {
	{"watch", KEY_WATCH, 0, 0,
	 "only the alerts: would a threshold (--max) have been passed, and when; the exit status is "
	 "1 if one was",
	 3},
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

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		for (int i = 0; children[i].argp; i++)
			state->child_inputs[i] = &o->o;
		return 0;
	case KEY_WATCH:
		o->watch = true;
		return 0;
	case KEY_SPEED:
		parse_speed(state, arg, o);
		return 0;
	case KEY_DURATION:
		if (parse_duration(arg, &o->o.duration_ns) || !o->o.duration_ns)
			option_refuse(state, "--duration", arg,
				      "a duration such as 500ms, 90s, 4m or 2h");
		return 0;
	case KEY_COUNT:
		if (parse_u64(arg, 1, -1, &o->o.count))
			option_refuse(state, "--count", arg, "a number from 1 on");
		return 0;
	case ARGP_KEY_ARG:
		o->files[o->n_files++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "it needs a recording, or all files of one");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp replay_argp = {
	.options = own_options,
	.parser = parse,
	.children = children,
	.args_doc = "FILE...",
	.doc = "Shows what `tcpdwell trace' would have shown while `tcpdwell record' wrote the files.",
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
	struct sink *out = ((struct watch *)s)->out;

	out->ops->alert(out, a);
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

/*
 * What the recording says of itself
 */

static void cgroup_is(void *ctx, __u64 id, const char *path, size_t len)
{
	paths_add(ctx, id, path, len);
}

static const char *cgroup_path(__u64 id)
{
	return paths_find(&cgroups, id);
}

/* A file can hold anything: nothing that a terminal would obey. */
static void clean(char *text, size_t room)
{
	size_t len = strnlen(text, room - 1);
	char safe[TERM_ESCAPE_MAX * REC_TEXT_MAX];
	size_t n = term_escape(safe, text, len) - safe;

	n = n < room ? n : room - 1;
	memcpy(text, safe, n);
	text[n] = '\0';
}

static void take_meta(const struct replay *r, struct rec_meta *m)
{
	const char *words = r->o->o.filter_words;
	size_t len;

	clean(m->version, sizeof(m->version));
	clean(m->kernel, sizeof(m->kernel));
	clean(m->tier, sizeof(m->tier));
	clean(m->tier_reason, sizeof(m->tier_reason));
	clean(m->filter, sizeof(m->filter));
	len = strlen(m->filter);
	if (*words)
		snprintf(m->filter + len, sizeof(m->filter) - len, "%s%s", len ? "; of these " : "",
			 words);
}

/* The name of a namespace is known to the recording alone. */
static void take_netns(struct replay *r, const struct rec_netns *ns)
{
	struct filter *f = &r->player.sift.filter;

	for (int i = 0; i < f->n_netns; i++) {
		const char *want = r->o->o.netns_text[i];
		const char *base = want ? strrchr(want, '/') : NULL;

		if (want && !strcmp(base ? base + 1 : want, ns->name))
			f->netns[i] = ns->ino;
	}
}

static int names_found(const struct replay *r)
{
	const struct filter *f = &r->player.sift.filter;

	for (int i = 0; i < f->n_netns; i++) {
		if (f->netns[i])
			continue;
		warn_line("the recording knows no network namespace of the name given to --netns");
		return STATUS_USAGE;
	}
	return 0;
}

static int make_output(struct replay *r, const struct rec_meta *m)
{
	struct out_options out = term_output(r->o->o.names);
	struct sink *sink;

	out.mono_to_real_ns = m->mono_to_real_ns;
	out.cgroup_path = cgroup_path;
	sink = r->o->o.json ? json_sink_new(&out) : text_sink_new(&out);
	if (!sink) {
		warn_line("out of memory");
		return STATUS_UNABLE;
	}
	r->watch = (struct watch){{&watch_ops}, sink};
	model_add_sink(&r->model, r->o->watch ? &r->watch.sink : sink);
	return 0;
}

/* 0 or an exit status. */
static int take_head(struct replay *r, struct rec_event *e)
{
	if (e->kind == EV_META) {
		take_meta(r, &e->meta);
		r->ready = true;
		return r->model.n_sinks ? 0 : make_output(r, &e->meta);
	}
	if (!r->ready) {
		warn_line("%s: a recording that does not say what it is of",
			  r->reader.files[0].path);
		return STATUS_UNABLE;
	}
	if (e->kind == EV_NETNS) {
		take_netns(r, &e->netns);
		return 0;
	}
	return r->events < FLUSH_EVERY ? names_found(r) : 0;
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
	__u64 since_ns = r->player.now_ns - r->player.began_ns;
	__s64 ahead_ns;
	struct timespec ts;
	int err;

	if (!r->model.started || r->player.now_ns <= r->player.began_ns)
		return 0;
	if (!r->pace_ns)
		r->pace_ns = now_ns();
	ahead_ns = r->pace_ns + (__s64)(since_ns / r->o->speed) - (__s64)now_ns();
	if (ahead_ns < 1000000)
		return 0;
	err = model_flush(&r->model);
	ts = (struct timespec){ahead_ns / SECOND_NS, ahead_ns % SECOND_NS};
	if (!err && !stopped)
		nanosleep(&ts, NULL);
	return err;
}

static void show_status(struct replay *r)
{
	unsigned int done = reader_permille(&r->reader);
	__u64 ns = now_ns();

	if (ns < r->shown_ns + SECOND_NS / 2)
		return;
	r->shown_ns = ns;
	fprintf(stderr, "\rreplay: %u.%u%% \033[K", done / 10, done % 10);
}

/*
 * Together
 */

/* 0, or -errno of the output, or 1 when it is over. */
static int after_event(struct replay *r)
{
	if (stopped)
		return 1;
	if (r->o->speed > 0)
		return keep_pace(r);
	if (++r->events % FLUSH_EVERY)
		return 0;
	if (r->status)
		show_status(r);
	return model_flush(&r->model);
}

/* All events.  0 or an exit status; *err of the output. */
static int play(struct replay *r, int *err)
{
	struct rec_event e;

	while (reader_next(&r->reader, &e) > 0) {
		bool head = e.kind >= EV_META && e.kind <= EV_SNAPSHOT_END;
		int status = head || !r->ready || r->events < FLUSH_EVERY ? take_head(r, &e) : 0;

		if (status)
			return status;
		if (player_event(&r->player, &e))
			break;
		*err = after_event(r);
		if (*err)
			break;
	}
	player_end(&r->player);
	return 0;
}

static void set_up(struct replay *r)
{
	const struct options *o = &r->o->o;
	struct sift *s = &r->player.sift;

	r->model.filter = o->tracer.filter;
	r->model.rules = o->rules;
	r->model.alerts = true;
	r->model.count_max = o->count;
	s->filter = o->tracer.filter;
	s->n_cgroup = s->filter.n_cgroup;
	memcpy(s->cgroup, o->cgroup_text, sizeof(s->cgroup));
	s->cgroup_path = cgroup_path;
	s->active = filter_by_flow(&s->filter) || filter_by_owner(&s->filter) || s->n_cgroup;
	r->player.model = &r->model;
	r->player.reader = &r->reader;
	r->player.duration_ns = o->duration_ns;
	r->reader.codec->cgroup_is = cgroup_is;
	r->reader.codec->cgroup_ctx = &cgroups;
	r->status = isatty(STDERR_FILENO) && (r->o->watch || !isatty(STDOUT_FILENO)) &&
		    !(r->o->speed > 0);
}

static int finish(struct replay *r, int err)
{
	int flush = model_flush(&r->model);

	if (r->status)
		fputs("\r\033[K", stderr);
	if (err >= 0)
		err = flush;
	if (err && err != -EPIPE) {
		warn_line("not all could be written: %s", strerror(-err));
		return STATUS_UNABLE;
	}
	if (r->model.no_memory)
		warn_line("out of memory: some connections were not followed");
	if (!r->model.started && !r->reader.damaged)
		warn_line("the recording ends before anything was recorded");
	if (r->reader.damaged || r->model.no_memory)
		return STATUS_UNABLE;
	return r->o->watch && r->model.sum.alerts ? STATUS_FOUND : STATUS_DONE;
}

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static int replay(const struct replay_options *o, struct replay *r)
{
	int status, err = 0;

	r->o = o;
	if (reader_open(&r->reader, o->files, o->n_files)) {
		reader_close(&r->reader);
		return STATUS_UNABLE;
	}
	if (model_init(&r->model)) {
		warn_line("out of memory");
		reader_close(&r->reader);
		return STATUS_UNABLE;
	}
	set_up(r);
	catch_signals();
	status = play(r, &err);
	if (!status)
		status = finish(r, err);
	model_free(&r->model);
	reader_close(&r->reader);
	paths_free(&cgroups);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	struct replay_options o = {.files = calloc(argc, sizeof(*o.files))};
	struct replay *r = calloc(1, sizeof(*r));
	int status = STATUS_UNABLE;

	if (!r || !o.files) {
		warn_line("out of memory");
	} else {
		options_init(&o.o);
		o.o.offline = true;
		options_parse(&replay_argp, argc, argv, &o.o); /* the first member */
		status = replay(&o, r);
	}
	free(r);
	free(o.files);
	return status;
}
