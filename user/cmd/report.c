// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/playback.h"
#include "cmd/ports.h"
#include "cmd/progress.h"
#include "cmd/run.h"
#include "cmd/term.h"
#include "out/escape.h"
#include "out/fmt.h"
#include "out/perfetto.h"
#include "out/report.h"
#include "util/files.h"
#include "util/log.h"

#define SECOND_NS 1000000000ULL
#define BATCH_NS 100000000ULL

enum format {
	FORMAT_HTML = 0,
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_PERFETTO,
};

struct report_options {
	struct options o; /* first: see states.c */
	const char *path; /* -o; NULL: stdout */
	bool force, text, perfetto;
};

struct reporting {
	const struct report_options *o;
	struct playback play;
	struct run run;
	struct alarm alarm;
	struct ports ports;
	struct pressure pressure;
	struct report *report; /* the model's; NULL with --perfetto */
	struct sink *perfetto; /* the model's */
	struct out_options out;
	struct progress progress;
	__u32 by_state[ST_MAX]; /* see recount() */
	char source[4096 + 64];
	char host[REC_HOST_MAX];
	bool made; /* the output is a file that was not there before */
};

enum key {
	KEY_FORCE = 512,
	KEY_TEXT,
	KEY_PERFETTO,
};

static const struct argp_option own_options[] = {
	{0, 0, 0, 0, "The report:", 4},
	{"output", 'o', "FILE", 0, "where to (default: standard output, if it is no terminal)", 4},
	{"force", KEY_FORCE, 0, 0, "overwrite a file that is there", 4},
	{"text", KEY_TEXT, 0, 0, "for the terminal, in place of HTML", 4},
	{"perfetto", KEY_PERFETTO, 0, 0,
	 "a trace for ui.perfetto.dev: a track for each connection, in place of HTML", 4},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{&rules_argp, 0, NULL, 0},
	{&run_argp, 0, NULL, 0},
	{0},
};

static enum format format_of(const struct report_options *o)
{
	if (o->perfetto)
		return FORMAT_PERFETTO;
	if (o->text)
		return FORMAT_TEXT;
	return o->o.json ? FORMAT_JSON : FORMAT_HTML;
}

static void check(struct argp_state *state, void *options)
{
	struct report_options *o = options;
	enum format format = format_of(o);

	if (o->path && !strcmp(o->path, "-"))
		o->path = NULL;
	if (o->text + o->perfetto + o->o.json > 1)
		argp_error(state, "--text, --json and --perfetto exclude each other");
	if (!o->o.n_files && !o->o.duration_ns && !o->o.count)
		argp_error(state, "it needs a recording, or all files of one, or --duration to "
				  "watch this host for so long");
	if (!o->path && (format == FORMAT_HTML || format == FORMAT_PERFETTO) &&
	    isatty(STDOUT_FILENO))
		argp_error(state, "this is nothing for a terminal: it needs -o FILE, or --text");
}

static const struct setting settings[] = {
	SETTING('o', SET_TEXT, struct report_options, path),
	SETTING(KEY_FORCE, SET_FLAG, struct report_options, force),
	SETTING(KEY_TEXT, SET_FLAG, struct report_options, text),
	SETTING(KEY_PERFETTO, SET_FLAG, struct report_options, perfetto),
	{0},
};

const struct command_argp report_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.children = children,
			.args_doc = "[FILE...]",
			.doc = "Tells where the time went, of the files that `tcpdwell record' wrote, or of this host "
			       "for --duration: the state machine with counts and medians, the time in each state, "
			       "sockets over time, processes, peers, failed connections, stuck sockets, local ports; "
			       "as one HTML page that needs no network.",
		},
	.setting = settings,
	.check = check,
};

/*
 * How far it is
 */

static void show_done(const struct reporting *r)
{
	unsigned int done = reader_permille(&r->play.reader);

	fprintf(stderr, "\rreport: %u.%u%%, %llu transitions \033[K", done / 10, done % 10,
		r->play.model.sum.transitions);
}

static void show_time(const struct reporting *r)
{
	__u64 since_ns = mono_now_ns() - r->progress.began_ns;
	char of[FMT_DURATION_MAX + 1] = "";

	if (r->o->o.duration_ns)
		*fmt_threshold(of, r->o->o.duration_ns) = '\0';
	fprintf(stderr, "\rreport: %llus%s%s, %llu transitions \033[K", since_ns / SECOND_NS,
		*of ? " of " : "", of, r->run.model.sum.transitions);
}

/*
 * Where it goes
 */

/* 0 or an exit status. */
static int open_output(struct reporting *r)
{
	const struct report_options *o = r->o;
	struct stat st;

	r->out = term_output(o->o.names);
	if (!o->path)
		return 0;
	r->made = stat(o->path, &st) != 0;
	if (!r->made && !o->force) {
		warn_line("%s is there already; --force overwrites it", o->path);
		return STATUS_UNABLE;
	}
	r->out.fd = open(o->path, O_WRONLY | O_CREAT | O_CLOEXEC | (o->force ? 0 : O_EXCL), 0666);
	if (r->out.fd < 0) {
		warn_line("%s: %s", o->path, files_strerror(errno));
		return STATUS_UNABLE;
	}
	/* what streams begins now; the rest leaves what is there until it is ready */
	if (format_of(o) == FORMAT_PERFETTO && ftruncate(r->out.fd, 0) && errno != EINVAL)
		warn_line("%s: %s", o->path, strerror(errno));
	return 0;
}

static void close_output(struct reporting *r, int status)
{
	if (r->o->path && r->out.fd >= 0) {
		if (status && r->made && lseek(r->out.fd, 0, SEEK_CUR) <= 0)
			unlink(r->o->path);
		close(r->out.fd);
	}
}

/* 0, or -ENOMEM. */
static int make_sink(struct reporting *r, struct model *m)
{
	if (format_of(r->o) == FORMAT_PERFETTO) {
		r->perfetto = perfetto_sink_new(&r->out, r->source);
		return r->perfetto ? 0 : -ENOMEM;
	}
	r->report = report_new();
	if (!r->report)
		return -ENOMEM;
	r->report->by_state = m->by_state;
	r->report->pressure = m->pressure;
	return 0;
}

static bool picked(const struct model *m, const struct conn *c)
{
	return c->state != ST_CLOSE && (!m->picks || m->picks(m->picks_ctx, c) == MATCH_YES);
}

static int end_trace(struct reporting *r, const struct model *m, __u64 now_ns)
{
	const struct conn *c;
	__u32 slot = 0;

	while ((c = table_next(&m->table, &slot)))
		if (picked(m, c))
			perfetto_open(r->perfetto, c, now_ns);
	perfetto_end(r->perfetto);
	return r->perfetto->ops->flush(r->perfetto);
}

static void end_report(struct reporting *r, const struct model *m, __u64 now_ns)
{
	const struct conn *c;
	__u32 slot = 0;

	while ((c = table_next(&m->table, &slot)))
		if (picked(m, c))
			report_waiting(r->report, c);
	report_close(r->report, now_ns);
}

static int print(struct reporting *r, const struct report_page *page)
{
	enum format format = format_of(r->o);
	struct obuf b;
	int err;

	if (r->o->path && ftruncate(r->out.fd, 0) && errno != EINVAL)
		return -errno;
	if (obuf_init(&b, r->out.fd))
		return -ENOMEM;
	if (format == FORMAT_TEXT)
		report_text(&b, page);
	else if (format == FORMAT_JSON)
		report_json(&b, page);
	else
		report_html(&b, page);
	err = obuf_flush(&b);
	obuf_free(&b);
	return err;
}

/* The whole output.  An exit status. */
static int finish(struct reporting *r, const struct model *m, __u64 end_ns, const char *warning)
{
	struct report_page page = {r->report, &r->out, r->source, r->host, warning};
	int err;

	if (r->perfetto) {
		err = end_trace(r, m, end_ns);
	} else {
		end_report(r, m, end_ns);
		err = print(r, &page);
	}
	if (err && err != -EPIPE) {
		term_not_written(err);
		return STATUS_UNABLE;
	}
	return STATUS_DONE;
}

/*
 * Of a recording
 */

/* The model follows all sockets: a filter chooses what it tells. */
static void recount(void *ctx)
{
	struct reporting *r = ctx;
	const struct conn *c;
	__u32 slot = 0;

	memset(r->by_state, 0, sizeof(r->by_state));
	while ((c = table_next(&r->play.model.table, &slot)))
		if (picked(&r->play.model, c))
			r->by_state[c->state]++;
}

static int begin(void *ctx, const struct rec_meta *m)
{
	struct reporting *r = ctx;

	r->out.mono_to_real_ns = m->mono_to_real_ns;
	r->out.cgroup_path = playback_cgroup;
	strcpy(r->host, m->host);
	if (!make_sink(r, &r->play.model) &&
	    !model_add_sink(&r->play.model, r->perfetto ? r->perfetto : &r->report->sink)) {
		if (r->report && r->play.player.sift.active) {
			r->report->by_state = r->by_state;
			r->report->recount = recount;
			r->report->recount_ctx = r;
		}
		return 0;
	}
	warn_line("out of memory");
	return STATUS_UNABLE;
}

static int after_event(void *ctx)
{
	struct reporting *r = ctx;

	if (r->play.events % PLAYBACK_EVERY)
		return 0;
	if (progress_due(&r->progress))
		show_done(r);
	return model_flush(&r->play.model);
}

static void name_source(struct reporting *r)
{
	const struct report_options *o = r->o;

	if (!o->o.n_files)
		strcpy(r->source, "live");
	else if (o->o.n_files == 1)
		snprintf(r->source, sizeof(r->source), "%s", o->o.files[0]);
	else
		snprintf(r->source, sizeof(r->source), "%.4000s and %u more", o->o.files[0],
			 o->o.n_files - 1);
}

static const char *warning_of(const struct reporting *r)
{
	if (r->play.reader.damaged)
		return "The recording is damaged: this is of what could be read.";
	if (playback_stopped())
		return "It was interrupted: this is of what was read until then.";
	return NULL;
}

static int report_files(struct reporting *r)
{
	int status, read_status, err = 0;

	r->play.begin = begin;
	r->play.after = after_event;
	r->play.ctx = r;
	status = playback_open(&r->play, &r->o->o, r->o->o.files, r->o->o.n_files);
	if (status)
		return status;
	if (pressure_init(&r->pressure)) {
		warn_line("out of memory");
		playback_close(&r->play);
		return STATUS_UNABLE;
	}
	r->play.model.pressure = &r->pressure;
	status = playback_run(&r->play, &err);
	progress_end(&r->progress);
	if (!status && r->play.ready)
		status = finish(r, &r->play.model, r->play.player.now_ns, warning_of(r));
	read_status = playback_status(&r->play);
	playback_close(&r->play);
	pressure_free(&r->pressure);
	return status ? status : read_status;
}

/*
 * Live
 */

static int rows_of(void *ctx, const struct netns_set *only, row_fn fn, void *fn_ctx)
{
	return tracer_rows_of(ctx, only, fn, fn_ctx);
}

static __u64 each_round(void *ctx, __u64 now_ns)
{
	struct reporting *r = ctx;
	__u64 due_ns = alarm_round(&r->alarm, now_ns);
	__u64 ports_ns = ports_round(&r->ports, now_ns);

	if (progress_due(&r->progress))
		show_time(r);
	if (ports_ns < due_ns)
		due_ns = ports_ns;
	if (r->progress.on && now_ns + SECOND_NS / 2 < due_ns)
		due_ns = now_ns + SECOND_NS / 2;
	return due_ns;
}

/* As `watch` has it: alerts come with their holders. */
static int set_up_live(struct reporting *r)
{
	static const struct alarm_options alarm = {.batch_ns = BATCH_NS};
	struct run *run = &r->run;
	struct utsname host;
	int err = alarm_init(&r->alarm, &run->model, &alarm);

	if (!err)
		err = model_add_sink(&run->model, &r->alarm.sink);
	if (!err)
		err = ports_init(&r->ports, &run->model, &r->alarm);
	if (!err)
		err = make_sink(r, &run->model);
	if (!err)
		err = r->perfetto ? model_add_sink(&run->model, r->perfetto)
				  : alarm_add_sink(&r->alarm, &r->report->sink, true);
	if (err) {
		warn_line("%s", files_strerror(-err));
		return STATUS_UNABLE;
	}
	if (!uname(&host))
		snprintf(r->host, sizeof(r->host), "%s", host.nodename);
	r->alarm.rows = rows_of;
	r->alarm.rows_ctx = &run->tracer;
	r->alarm.wake_ns = &run->each_due_ns;
	run->looks_up = true;
	run->silent = r->o->path;
	run->each = each_round;
	run->each_ctx = r;
	return 0;
}

static int report_live(struct reporting *r)
{
	int status = run_init(&r->run, &r->o->o);

	if (status)
		return status;
	status = set_up_live(r);
	if (!status)
		status = run_start(&r->run);
	if (!status)
		status = run_loop(&r->run);
	progress_end(&r->progress);
	if (!status)
		status = finish(r, &r->run.model, mono_now_ns(), NULL);
	run_free(&r->run);
	ports_free(&r->ports);
	return status;
}

/*
 * Together
 */

/* Files come last, and say how filters are to be taken: so it is read twice. */
static void parse_all(struct report_options *o, char **files, int argc, char **argv)
{
	for (int offline = 1; offline >= 0; offline--) {
		memset(o, 0, sizeof(*o));
		options_init(&o->o);
		o->o.files = files;
		rules_watch(&o->o.rules);
		o->o.offline = offline;
		options_parse(&report_argp, argc, argv, &o->o);
		if (o->o.n_files)
			return;
	}
}

int cmd_report(int argc, char **argv)
{
	char **files = calloc(argc, sizeof(*files));
	struct report_options o;
	struct reporting *r = calloc(1, sizeof(*r));
	int status;

	if (!r || !files) {
		warn_line("out of memory");
		free(r);
		free(files);
		return STATUS_UNABLE;
	}
	parse_all(&o, files, argc, argv);
	r->o = &o;
	name_source(r);
	status = open_output(r);
	if (!status) {
		progress_begin(&r->progress);
		status = o.o.n_files ? report_files(r) : report_live(r);
		close_output(r, status);
	}
	free(r);
	free(files);
	return status;
}
