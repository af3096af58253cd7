// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "cmd/term.h"
#include "kern/cgroup.h"
#include "out/fmt.h"
#include "out/pods.h"
#include "rec/recorder.h"
#include "util/log.h"
#include "util/parse.h"

#define SECOND_NS 1000000000ULL
#define NETNS_NAMES "/run/netns"
#define NETNS_MAX 1024

struct record_options {
	struct options o; /* first: see states.c */
	struct writer_options file;
};

struct recording {
	struct run run;
	struct recorder recorder;
	struct rec_netns *netns;
	unsigned int n_netns;
	__u64 began_ns;
	__u64 shown_ns;
	__u64 shown; /* transitions */
	bool status; /* a line of how it goes, on a terminal */
};

enum key {
	KEY_FORCE = 512,
	KEY_ROTATE_SIZE,
	KEY_ROTATE_EVERY,
	KEY_KEEP,
};

static const struct argp_option own_options[] = {
	{0, 0, 0, 0, "The file:", 4},
	{"output", 'o', "FILE", 0, "where to; with rotation FILE.0001, FILE.0002, ...", 4},
	{"force", KEY_FORCE, 0, 0, "overwrite a recording that is there", 4},
	{"rotate-size", KEY_ROTATE_SIZE, "BYTES", 0,
	 "begin another file when it is so large, and half of it is new", 4},
	{"rotate-every", KEY_ROTATE_EVERY, "DURATION", 0, "begin another file after so long", 4},
	{"keep", KEY_KEEP, "N", 0, "remove the oldest when there are more than N files", 4},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{&rules_argp, 0, NULL, 0},
	{&run_argp, 0, NULL, 0},
	{0},
};

static void check(struct argp_state *state, void *options)
{
	const struct writer_options *w = &((struct record_options *)options)->file;

	if (!w->path)
		argp_error(state, "it needs -o FILE");
	else if (!strcmp(w->path, "-"))
		argp_error(state, "a recording goes to a file, not to standard output");
	if (w->keep && !w->rotate_size && !w->rotate_every_ns)
		argp_error(state, "--keep goes with --rotate-size or --rotate-every");
}

static const struct setting settings[] = {
	SETTING('o', SET_TEXT, struct record_options, file.path),
	SETTING(KEY_FORCE, SET_FLAG, struct record_options, file.force),
	SETTING(KEY_ROTATE_SIZE, SET_SIZE, struct record_options, file.rotate_size,
		.takes = "a size from 4k on", .min = 4096),
	SETTING(KEY_ROTATE_EVERY, SET_DURATION, struct record_options, file.rotate_every_ns,
		.takes = "a duration from 1s on", .min = SECOND_NS),
	SETTING(KEY_KEEP, SET_NUMBER, struct record_options, file.keep, .takes = TAKES_NUMBER,
		.min = 1, .max = 1000000),
	{0},
};

const struct command_argp record_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.children = children,
			.doc = "Writes every TCP state transition of this host to a file, from which `tcpdwell replay' "
			       "gives what `tcpdwell trace' would have shown.  With --json it shows that too.",
		},
	.setting = settings,
	.check = check,
};

/*
 * What goes into the file's head
 */

/* For a replay elsewhere: --netns takes names. */
static void find_netns_names(struct recording *rec)
{
	DIR *dir = opendir(NETNS_NAMES);
	struct dirent *d;
	struct stat st;

	rec->netns = calloc(NETNS_MAX, sizeof(*rec->netns));
	while (dir && rec->netns && rec->n_netns < NETNS_MAX && (d = readdir(dir))) {
		struct rec_netns *ns = &rec->netns[rec->n_netns];

		if (*d->d_name == '.' || strlen(d->d_name) >= sizeof(ns->name) ||
		    fstatat(dirfd(dir), d->d_name, &st, 0))
			continue;
		ns->ino = st.st_ino;
		strcpy(ns->name, d->d_name);
		rec->n_netns++;
	}
	if (dir)
		closedir(dir);
}

static void fill_meta(const struct run *r, struct rec_meta *m)
{
	const struct options *o = r->options;
	struct utsname host;

	memset(m, 0, sizeof(*m));
	uname(&host);
	m->mono_to_real_ns = mono_to_real_ns();
	m->start_ns = r->tracer.start_ns;
	m->jiffy_ns = kernel_jiffy_ns();
	m->rules = rules_fingerprint(&r->model.rules);
	m->small_source = r->model.small_source;
	m->half_open = r->model.half_open ? 1 + r->model.half_open_swept : 0;
	snprintf(m->version, sizeof(m->version), "%s", TCPDWELL_VERSION);
	snprintf(m->kernel, sizeof(m->kernel), "%s", host.release);
	snprintf(m->host, sizeof(m->host), "%s", host.nodename);
	snprintf(m->tier, sizeof(m->tier), "%s", tier_name(r->tracer.tier));
	snprintf(m->tier_reason, sizeof(m->tier_reason), "%s", r->tracer.tier_reason);
	snprintf(m->filter, sizeof(m->filter), "%s", o->filter_words);
}

/*
 * How it goes
 */

static void show_status(struct recording *rec, __u64 now_ns)
{
	__u64 told = rec->run.model.sum.transitions;
	__u64 since_ns = now_ns - rec->shown_ns;
	char size[FMT_SIZE_MAX + 1];

	*fmt_size(size, rec->recorder.writer.total) = '\0';
	fprintf(stderr, "\rrecording: %llu transitions, %llu/s, %sB \033[K", told,
		(told - rec->shown) * SECOND_NS / (since_ns ? since_ns : 1), size);
	rec->shown_ns = now_ns;
	rec->shown = told;
}

static __u64 each(void *ctx, __u64 now_ns)
{
	struct recording *rec = ctx;
	__u64 due_ns = recorder_due(&rec->recorder);

	if (rec->status && now_ns >= rec->shown_ns + SECOND_NS)
		show_status(rec, now_ns);
	/* what comes without records (ticks, rows) is to be written too */
	return due_ns < now_ns + SECOND_NS ? due_ns : now_ns + SECOND_NS;
}

static void show_summary(const struct recording *rec)
{
	const struct summary *sum = &rec->run.model.sum;
	const struct writer *w = &rec->recorder.writer;
	char size[FMT_SIZE_MAX + 1], took[FMT_DURATION_MAX + 1];
	__u64 lost = 0;

	for (int i = 0; i < LOST_NCAUSES; i++)
		lost += sum->lost[i];
	*fmt_size(size, w->total) = '\0';
	*fmt_duration(took, sum->duration_ns) = '\0';
	if (rec->status)
		fputs("\r\033[K", stderr);
	warn_line("%llu transitions in %s, %llu lost; %sB in %s%s%s", sum->transitions, took, lost,
		  size, w->o.path, writer_rotates(w) ? ".*" : "",
		  rec->recorder.err ? ", without the last of them" : "");
}

/*
 * Together
 */

/* 0 or an exit status. */
static int start(struct recording *rec, const struct record_options *o)
{
	struct out_options out = term_output(o->o.names);
	struct rec_meta meta;
	struct sink *json;

	fill_meta(&rec->run, &meta);
	out.mono_to_real_ns = meta.mono_to_real_ns;
	find_netns_names(rec);
	if (recorder_open(&rec->recorder, &o->file, &meta, rec->netns, rec->n_netns,
			  &rec->run.model))
		return STATUS_UNABLE;
	rec->recorder.codec->cgroup_path = cgroup_path;
	rec->recorder.codec->pod_of_path = pod_of_path;
	rec->run.recorder = &rec->recorder;
	rec->run.silent = !o->o.json;
	rec->run.each = each;
	rec->run.each_ctx = rec;
	rec->status = term_erases(STDERR_FILENO) && !(o->o.json && isatty(STDOUT_FILENO));
	json = o->o.json ? json_sink_new(&out) : NULL;
	if (o->o.json && (!json || model_add_sink(&rec->run.model, json))) {
		warn_line("out of memory");
		return STATUS_UNABLE;
	}
	model_add_sink(&rec->run.model, &rec->recorder.sink);
	return run_start(&rec->run);
}

int cmd_record(int argc, char **argv)
{
	struct record_options o = {0};
	struct recording *rec = calloc(1, sizeof(*rec));
	int status;

	options_init(&o.o);
	options_parse(&record_argp, argc, argv, &o.o);
	if (!rec) {
		warn_line("out of memory");
		return STATUS_UNABLE;
	}
	status = run_init(&rec->run, &o.o);
	if (status) {
		free(rec);
		return status;
	}
	status = start(rec, &o);
	if (!status) {
		status = run_loop(&rec->run);
		if (recorder_close(&rec->recorder))
			status = STATUS_UNABLE;
		show_summary(rec);
	}
	recorder_close(&rec->recorder);
	run_free(&rec->run);
	free(rec->netns);
	free(rec);
	return status;
}
