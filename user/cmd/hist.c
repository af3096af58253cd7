// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "cmd/term.h"
#include "kern/histogram.h"
#include "kern/netns.h"
#include "out/buf.h"
#include "out/escape.h"
#include "out/fmt.h"
#include "out/histogram.h"
#include "util/ends.h"
#include "util/files.h"
#include "util/log.h"
#include "util/parse.h"

/* To the first line; erase the screen from here on. */
#define CLEAR "\033[H\033[J"

struct hist_options {
	struct options o;
	enum hist_by by;
	__u64 interval_ns; /* 0: at the end alone */
};

enum key {
	KEY_BY = 512,
	KEY_INTERVAL,
	KEY_DURATION,
	KEY_COUNT,
	KEY_VERBOSE,
};

#define BYS "state, port, process, peer or cgroup"

static const struct argp_option own_options[] = {
	{"by", KEY_BY, "WHAT", 0, BYS " (default state); of ports, the service's", 2},
	{0, 0, 0, 0, "How long, and how:", 3},
	{"interval", KEY_INTERVAL, "DURATION", 0,
	 "show so often what has ended since the last time", 3},
	{"duration", KEY_DURATION, "DURATION", 0, "stop after so long (500ms, 90s, 4m, 2h)", 3},
	{"count", KEY_COUNT, "N", 0, "stop after so many intervals", 3},
	{"verbose", KEY_VERBOSE, 0, 0, "say what libbpf says", 3},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{0},
};

static const struct setting settings[] = {
	SETTING(KEY_BY, SET_NAME, struct hist_options, by, .by_name = hist_by_named, .takes = BYS),
	SETTING_DURATION(KEY_INTERVAL, struct hist_options, interval_ns),
	SETTING_DURATION(KEY_DURATION, struct hist_options, o.duration_ns),
	SETTING_COUNT(KEY_COUNT, struct hist_options, o.count),
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	(void)state;
	if (key != KEY_VERBOSE)
		return ARGP_ERR_UNKNOWN;
	log_set_verbose(1);
	return 0;
}

static void check(struct argp_state *state, void *options)
{
	const struct hist_options *o = options;

	if (o->o.count && !o->interval_ns)
		argp_error(state, "--count counts intervals: it needs --interval");
}

const struct command_argp hist_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.children = children,
			.doc = "Shows how long sockets stay in each state, and how long connections live: how "
			       "many, percentiles, the longest, and the distributions.  The kernel counts; nothing "
			       "is handed over between two views.  The percentiles are at most 12.5 % off."
			       "\v"
			       "--state chooses the states that are counted, --min-dwell the stays.  SYN_RECEIVED "
			       "is the true time of the handshake.  A connection's age ends where TIMED_WAIT, or "
			       "CLOSED, begins.  A TIMED_WAIT counts from when its timer was last set again.  A stay "
			       "that began before the start is not counted, as its time is not known; how many "
			       "there were is said at the end.",
		},
	.setting = settings,
	.check = check,
	.other = parse,
};

struct live {
	const struct hist_options *o;
	struct histograms h;
	struct hist_view before;
	struct out_options out;
	struct obuf b;
	bool screen; /* stdout is a terminal, and shows one view at a time */
};

static void tell_json_hello(struct live *l)
{
	struct utsname host;
	struct hello h = {
		.version = TCPDWELL_VERSION,
		.tier = l->h.small ? "timer" : "none",
		.tier_reason = *l->h.why_not_small ? l->h.why_not_small : NULL,
		.filter = *l->o->o.filter_words ? l->o->o.filter_words : NULL,
		.mono_ns = l->h.start_ns,
	};
	struct sink *json = json_sink_new(&l->out);

	if (!json)
		return;
	uname(&host);
	h.kernel = host.release;
	json->ops->hello(json, &h);
	json->ops->flush(json);
	json->ops->free(json);
}

static void tell_hello(struct live *l)
{
	if (l->o->o.json) {
		tell_json_hello(l);
		return;
	}
	warn_line("counting stays by %s%s%s%s%s%s", hist_by_name(l->o->by),
		  *l->o->o.filter_words ? ", " : "", l->o->o.filter_words,
		  l->o->o.duration_ns ? "" : "; Ctrl-C ends it",
		  l->h.small ? "" : "; not FIN_WAIT_2 and TIMED_WAIT: ", l->h.why_not_small);
}

/* After the data, where both go to one terminal. */
static void tell_end(struct live *l, const struct hist_view *v)
{
	struct obuf talk;

	if (obuf_init(&talk, l->out.talk_fd))
		return;
	hist_text_missed(&talk, v);
	obuf_flush(&talk);
	obuf_free(&talk);
}

/* Of what the screen is: the line with the filter has gone from it. */
static void put_head(struct live *l, const struct hist_view *v, bool whole)
{
	char of[FMT_DURATION_MAX + 1], all[FMT_DURATION_MAX + 1], text[512];
	size_t n;

	obuf_add(&l->b, CLEAR, strlen(CLEAR));
	*fmt_duration(of, v->span_ns) = '\0';
	*fmt_duration(all, v->mono_ns - l->h.start_ns) = '\0';
	if (whole)
		n = snprintf(text, sizeof(text), "stays that ended in %s%s%s", all,
			     *l->o->o.filter_words ? ": " : "", l->o->o.filter_words);
	else
		n = snprintf(text, sizeof(text), "stays that ended in the last %s of %s%s%s", of,
			     all, *l->o->o.filter_words ? ": " : "", l->o->o.filter_words);
	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	obuf_add(&l->b, text, term_fit(text, n, l->out.width));
	obuf_add(&l->b, "\n", 1);
}

static void put_view(struct live *l, const struct hist_view *v, bool whole)
{
	unsigned int height = l->screen && !whole ? term_height() - 2 : 0;

	if (l->o->o.json) {
		hist_json(&l->b, v, &l->out, whole);
		return;
	}
	if (l->out.width)
		l->out.width = term_width();
	if (l->screen)
		put_head(l, v, whole);
	hist_text(&l->b, v, &l->out, height);
	if (whole)
		hist_text_bars(&l->b, v, &l->out);
	else if (!l->screen)
		obuf_add(&l->b, "\n", 1);
}

/* 0 or -errno, -EPIPE once the reader of the output is gone. */
static int show(struct live *l, bool whole)
{
	struct hist_view v;
	int err = histograms_read(&l->h, &v);

	if (err)
		return err;
	if (!whole)
		hist_view_less(&v, &l->before);
	put_view(l, &v, whole);
	if (whole && l->o->o.json)
		hist_json_summary(&l->b, &v, l->h.small ? NULL : l->h.why_not_small);
	err = obuf_flush(&l->b);
	if (whole && !l->o->o.json && !err)
		tell_end(l, &v);
	hist_view_free(&v);
	return err;
}

static int stop_signals(void)
{
	sigset_t set;

	ends_set(&set);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* True when a signal, or the end of the output's reader, came before that time. */
static bool rest(int signals, __u64 until_ns)
{
	struct pollfd fds[] = {{signals, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
	__u64 now_ns = mono_now_ns();

	while (now_ns < until_ns) {
		__u64 left_ms = (until_ns - now_ns + 999999) / 1000000;
		int n = poll(fds, 2, left_ms < 3600000 ? (int)left_ms : 3600000);

		if (n > 0 || (n < 0 && errno != EINTR))
			return true;
		now_ns = mono_now_ns();
	}
	return false;
}

static int loop(struct live *l, int signals)
{
	__u64 end_ns = l->o->o.duration_ns ? l->h.start_ns + l->o->o.duration_ns : UINT64_MAX;
	__u64 due_ns = l->o->interval_ns ? l->h.start_ns : UINT64_MAX;
	__u64 shown = 0;
	int err = 0;

	while (!err && !(l->o->o.count && shown == l->o->o.count)) {
		if (due_ns != UINT64_MAX)
			due_ns += l->o->interval_ns;
		if (rest(signals, due_ns < end_ns ? due_ns : end_ns) || due_ns > end_ns)
			break;
		err = show(l, false);
		shown++;
	}
	return err ? err : show(l, true);
}

static int live_init(struct live *l, const struct hist_options *o)
{
	memset(l, 0, sizeof(*l));
	l->o = o;
	l->out = term_output(o->o.names);
	l->screen = term_erases(l->out.fd) && !o->o.json && o->interval_ns;
	return obuf_init(&l->b, l->out.fd);
}

/* 0 or -errno; the message is out. */
static int run(struct live *l)
{
	int signals = stop_signals();
	int err = signals < 0 ? signals : hist_view_init(&l->before, l->h.by, l->h.slots);

	l->before.mono_ns = l->h.start_ns;
	if (!err) {
		obuf_stop_on(signals);
		tell_hello(l);
		err = loop(l, signals);
		obuf_stop_on(-1);
	}
	if (signals >= 0)
		close(signals);
	if (err == -EPIPE)
		return 0;
	if (err == -ETIMEDOUT)
		term_not_written(err);
	else if (err)
		warn_line("%s", files_strerror(-err));
	return err;
}

static void look_for_netns(const struct options *o)
{
	const struct filter *f = &o->tracer.filter;
	struct netns_list list;

	if (!f->n_netns || netns_find(&list))
		return;
	options_netns_met(o, netns_unmet(&list, f->netns, f->n_netns));
	netns_free(&list);
}

int cmd_hist(int argc, char **argv)
{
	struct hist_options o = {0};
	struct live l;
	int err;

	options_init(&o.o);
	options_parse(&hist_argp, argc, argv, &o.o);
	if (live_init(&l, &o)) {
		warn_line("out of memory");
		return STATUS_UNABLE;
	}
	err = histograms_open(&l.h, &o.o.tracer.filter, o.by);
	if (!err) {
		look_for_netns(&o.o);
		err = run(&l);
		histograms_close(&l.h);
	}
	hist_view_free(&l.before);
	obuf_free(&l.b);
	return err ? STATUS_UNABLE : STATUS_DONE;
}
