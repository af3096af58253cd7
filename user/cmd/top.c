// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "kern/cgroup.h"
#include "kern/holders.h"
#include "model/diagnosis.h"
#include "tui/screen.h"
#include "tui/top.h"
#include "util/log.h"
#include "util/parse.h"

#define INTERVAL_NS 1000000000ULL
#define INTERVAL_MIN_NS 100000000ULL

struct top_command {
	struct options o;
	__u64 interval_ns;
};

struct view_run {
	struct run run;
	struct top top;
	struct holders holders;
	bool have_holders;
	int signals; /* signalfd of what the terminal brings */
};

enum key {
	KEY_INTERVAL = 512,
};

static const struct argp_option own_options[] = {
	{"interval", KEY_INTERVAL, "DURATION", 0,
	 "paint so often, at least every 100ms (default 1s)", 2},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{&rules_argp, 0, NULL, 0},
	{&run_argp, 0, NULL, 0},
	{0},
};

static const struct setting settings[] = {
	SETTING(KEY_INTERVAL, SET_DURATION, struct top_command, interval_ns,
		.takes = "a duration from 100ms on", .min = INTERVAL_MIN_NS),
	{0},
};

static void check(struct argp_state *state, void *options)
{
	if (((struct options *)options)->json)
		argp_error(state, "a screen has no JSON: use trace --json or list --json");
}

const struct command_argp top_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.children = children,
			.doc = "Shows on a full screen how many sockets are in each state, which processes and "
			       "peers have most that are stuck, and a list to sort, filter, group and look into.  "
			       "? tells the keys.\v"
			       "--state and --min-dwell choose what the lists show; the state machine has all the "
			       "sockets that the other filters leave.",
		},
	.setting = settings,
	.check = check,
};

/*
 * One socket
 */

struct search {
	__u64 cookie;
	struct detail *d;
};

static void take_row(void *ctx, const struct row_sock *row)
{
	struct search *s = ctx;

	if (row->cookie != s->cookie || row->kind == ROW_REQUEST)
		return;
	s->d->row = *row;
	s->d->have_row = true;
}

static void find_holders(struct view_run *v, struct detail *d)
{
	struct wanted_sock wanted = {d->conn.cookie & COOKIE_MASK, d->have_row ? d->row.ino : 0};
	const struct holder *h;
	int err;

	d->have_holders = false;
	if (!v->have_holders) {
		strcpy(d->why_no_holders, "the kernel does not let this program look");
		return;
	}
	err = holders_find(&v->holders, &wanted, 1);
	if (err) {
		stpncpy(d->why_no_holders, strerror(-err), sizeof(d->why_no_holders) - 1);
		return;
	}
	h = holders_of(&v->holders, wanted.cookie, &d->n_holders);
	d->have_holders = true;
	for (__u32 i = 0; i < d->n_holders && i < DETAIL_HOLDERS; i++)
		d->holder[i] = h[i];
}

/* The kernel keeps no begin of the stay: the model knows it better than the row. */
static void judge(struct detail *d, const struct row_sock *before)
{
	__u32 n = d->n_holders < DETAIL_HOLDERS ? d->n_holders : DETAIL_HOLDERS;
	struct evidence e = {
		.row = &d->row,
		.holder = d->holder,
		.n_holders = n,
		.looked = d->have_holders,
	};

	if (d->row.state == d->conn.state && d->conn.since_ns &&
	    (!d->row.since_ns || d->conn.since_ns < d->row.since_ns))
		d->row.since_ns = d->conn.since_ns;
	e.again = before->state == d->row.state;
	e.moved_since = e.again && diagnosis_moved(before) < diagnosis_moved(&d->row);
	d->diagnosis = d->have_row ? diagnosis_sentence(diagnose(&e)) : NULL;
}

static void read_socket(void *ctx, struct detail *d)
{
	struct view_run *v = ctx;
	struct row_sock before = d->have_row ? d->row : (struct row_sock){0};
	struct search s = {d->conn.cookie, d};

	d->have_row = false;
	tracer_rows(&v->run.tracer, false, take_row, &s);
	find_holders(v, d);
	judge(d, &before);
	d->cgroup = d->conn.ident.cgroup ? cgroup_path(d->conn.ident.cgroup) : NULL;
}

/*
 * The terminal
 */

static struct top *note_to;
static char first_note[256];

/* A message would be painted over: it is shown on the screen, and again after it. */
static void take_message(const char *line)
{
	if (!*first_note)
		stpncpy(first_note, line, sizeof(first_note) - 1);
	top_note(note_to, line);
}

static void take_keys(void *ctx)
{
	struct view_run *v = ctx;
	char gone;

	top_keys(&v->top);
	v->run.stop |= v->top.quit;
	/* a terminal that hung up would be ready for ever */
	if (!isatty(STDIN_FILENO) || (read(STDIN_FILENO, &gone, 0) < 0 && errno == EIO))
		v->run.stop = true;
}

static void take_signal(void *ctx)
{
	struct view_run *v = ctx;
	struct signalfd_siginfo info;

	while (read(v->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTSTP)
			screen_stop();
		else if (info.ssi_signo == SIGCONT)
			screen_resume();
		else
			screen_resized();
	}
	top_resized(&v->top);
}

static __u64 each(void *ctx, __u64 now_ns)
{
	struct view_run *v = ctx;
	__u64 due_ns = top_each(&v->top, now_ns);

	v->run.stop |= v->top.quit;
	return v->run.stop ? 0 : due_ns;
}

/* Before the first thread and before ncurses, which would have handlers of its own. */
static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* 0, or an exit status; the message is out. */
static int take_terminal(struct view_run *v)
{
	int err;

	v->signals = block_signals();
	err = v->signals < 0 ? -errno : screen_open();
	if (!err)
		err = run_add_fd(&v->run, STDIN_FILENO, EPOLLIN, take_keys, v);
	if (!err)
		err = run_add_fd(&v->run, v->signals, EPOLLIN, take_signal, v);
	if (err) {
		screen_close();
		warn_line("the terminal can't be used: %s", strerror(-err));
		return STATUS_UNABLE;
	}
	note_to = &v->top;
	log_divert(take_message);
	v->run.each = each;
	v->run.each_ctx = v;
	return 0;
}

static void give_terminal_back(struct view_run *v)
{
	log_divert(NULL);
	screen_close();
	if (v->signals >= 0)
		close(v->signals);
	if (*first_note)
		warn_line("%s", first_note);
}

/* 0, or an exit status; the message is out. */
static int set_up(struct view_run *v, const struct top_options *to)
{
	int err = top_init(&v->top, to, &v->run.model);

	if (!err)
		err = model_add_sink(&v->run.model, &v->top.sink);
	if (err) {
		warn_line("%s", strerror(-err));
		return STATUS_UNABLE;
	}
	/* what is stuck is found by looking; nobody is told when */
	v->run.model.alerts = false;
	v->have_holders = !holders_open(&v->holders);
	return run_start(&v->run);
}

static int show(struct view_run *v)
{
	int status = take_terminal(v);

	if (status)
		return status;
	top_begin(&v->top);
	status = run_loop(&v->run);
	give_terminal_back(v);
	return status;
}

/* 0, or an exit status. */
static int look_at_terminal(void)
{
	char why[384];

	if (!screen_is_there()) {
		warn_line("top needs a terminal to show on and to take keys from: trace, list and "
			  "states print");
		return STATUS_USAGE;
	}
	if (!screen_check(why, sizeof(why)))
		return 0;
	warn_line("%s", why);
	return STATUS_UNABLE;
}

int cmd_top(int argc, char **argv)
{
	static struct view_run v; /* large: rates, pages */
	struct top_command o = {.interval_ns = INTERVAL_NS};
	struct top_options to = {.read = read_socket, .read_ctx = &v};
	int status;

	options_init(&o.o);
	options_parse(&top_argp, argc, argv, &o.o);
	status = look_at_terminal();
	if (status)
		return status;
	to.names = o.o.names;
	to.interval_ns = o.interval_ns;
	to.mono_to_real_ns = mono_to_real_ns();
	to.filter.states = o.o.tracer.filter.states;
	to.filter.min_dwell_ns = o.o.tracer.filter.min_dwell_ns;
	/* a socket is followed through all states, or its state would not be known */
	o.o.tracer.filter.states = 0;
	o.o.tracer.filter.min_dwell_ns = 0;
	v.signals = -1;
	status = run_init(&v.run, &o.o);
	if (status)
		return status;
	status = set_up(&v, &to);
	if (!status)
		status = show(&v);
	if (v.have_holders)
		holders_close(&v.holders);
	run_free(&v.run);
	top_free(&v.top);
	return status;
}
