// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "cmd/term.h"
#include "kern/census.h"
#include "out/list.h"
#include "util/log.h"

struct list_options {
	struct options o;
	enum listing_sort sort;
	bool summary;
	bool fail_if_any;
};

enum key {
	KEY_SORT = 512,
	KEY_SUMMARY,
	KEY_FAIL_IF_ANY,
};

#define SORTS "state, dwell, pid, local, remote, recv_q, send_q or netns"

static const struct argp_option own_options[] = {
	{"sort", KEY_SORT, "KEY", 0, SORTS " (default state)", 2},
	{"summary", KEY_SUMMARY, 0, 0, "how many by state and by process, in place of the list", 2},
	{"fail-if-any", KEY_FAIL_IF_ANY, 0, 0, "exit status 1 when there is any", 2},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{0},
};

static const struct setting settings[] = {
	SETTING(KEY_SORT, SET_NAME, struct list_options, sort, .by_name = listing_sort_by_name,
		.takes = SORTS),
	SETTING(KEY_SUMMARY, SET_FLAG, struct list_options, summary),
	SETTING(KEY_FAIL_IF_ANY, SET_FLAG, struct list_options, fail_if_any),
	{0},
};

const struct command_argp list_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.children = children,
			.doc = "Shows every TCP socket of every network namespace: its state now, and how long it "
			       "has been in it.  Listeners, half-open connections and what is left of closed ones "
			       "are among them.\v"
			       "What the kernel keeps after close() (TIMED_WAIT, FIN_WAIT_2) has no owner and no "
			       "cgroup any more: --pid, --comm and --cgroup leave it out.  Of TIMED_WAIT, SYN_SEND "
			       "and SYN_RECEIVED the kernel knows the begin; of ESTABLISHED, CLOSE_WAIT, CLOSING "
			       "and FIN_WAIT_2 it is as old as the last segment at least.",
		},
	.setting = settings,
};

/* What is kept of all sockets. */
struct reading {
	const struct list_options *o;
	struct out_options out;
	struct census census;
	struct listing l;
	struct list_lines lines;
	unsigned int n_netns;
	bool netns_met; /* all that were asked for are among them */
};

/* So few that they are still in the cache. */
#define ROWS_AHEAD 64

static void take_row(void *ctx, const struct row_sock *row)
{
	struct reading *t = ctx;
	const struct filter *f = &t->o->o.tracer.filter;

	listing_add(&t->l, row);
	if (t->o->summary || t->lines.full || t->l.n < t->lines.n + ROWS_AHEAD)
		return;
	if (t->o->o.json)
		list_json_ahead(&t->lines, &t->l, f, &t->out);
	else
		list_text_ahead(&t->lines, &t->l, f, &t->out, t->census.n_netns);
}

/* 0, or an exit status; the message is out. */
static int read_all(struct reading *t)
{
	const struct filter *f = &t->o->o.tracer.filter;
	struct listing *l = &t->l;
	int err;

	if (census_open(&t->census, f))
		return STATUS_UNABLE;
	err = census_read(&t->census, take_row, t);
	t->n_netns = t->census.n_netns;
	t->netns_met = err || options_netns_met(&t->o->o, t->census.unmet);
	census_close(&t->census);
	if (!err && l->no_memory)
		err = -ENOMEM;
	if (!err)
		err = listing_choose(l, f);
	if (!err)
		err = listing_sort(l, t->o->sort);
	if (!err)
		return 0;
	tracer_explain_rows(err);
	return STATUS_UNABLE;
}

static int tell_hello(const struct reading *t, const struct listing_counts *c)
{
	const struct options *o = &t->o->o;
	struct utsname host;
	struct hello h = {
		.version = TCPDWELL_VERSION,
		.tier = "none",
		.tier_reason = "read once, nothing is followed",
		.filter = *o->filter_words ? o->filter_words : NULL,
		.mono_ns = mono_now_ns(),
		.n_netns = t->n_netns,
	};
	struct sink *sink = json_sink_new(&t->out);
	int err;

	if (!sink)
		return -ENOMEM;
	uname(&host);
	h.kernel = host.release;
	memcpy(h.sockets, c->by_state, sizeof(h.sockets));
	sink->ops->hello(sink, &h);
	err = sink->ops->flush(sink);
	sink->ops->free(sink);
	return err;
}

static void print_json(struct obuf *b, const struct reading *t, const struct listing_counts *c,
		       __u64 began_ns)
{
	bool summary = t->o->summary;

	if (!summary)
		list_json_rows(b, &t->l, &t->out, &t->lines);
	list_json_summary(b, c, t->out.names, summary, mono_now_ns() - began_ns);
}

static void print_text(struct obuf *b, const struct reading *t, const struct listing_counts *c)
{
	struct obuf talk;

	if (t->o->summary)
		list_text_counts(b, c, &t->out);
	else
		list_text_rows(b, &t->l, &t->out, t->n_netns, &t->lines);
	/* the data goes first, where both go to one terminal */
	if (obuf_flush(b) || obuf_init(&talk, t->out.talk_fd))
		return;
	list_talk(&talk, &t->l, t->n_netns);
	obuf_flush(&talk);
	obuf_free(&talk);
}

/* 0 or -errno. */
static int print(const struct reading *t, __u64 began_ns)
{
	bool json = t->o->o.json;
	struct listing_counts c = {0};
	struct obuf b;
	int err = 0;

	/* the rows as text tell of none of it */
	if (json || t->o->summary)
		err = listing_count(&t->l, &c, t->o->summary);

	if (!err)
		err = obuf_init(&b, STDOUT_FILENO);
	if (err)
		return err;
	if (json)
		err = tell_hello(t, &c);
	if (!err && json)
		print_json(&b, t, &c, began_ns);
	else if (!err)
		print_text(&b, t, &c);
	if (!err)
		err = obuf_flush(&b);
	obuf_free(&b);
	listing_counts_free(&c);
	return err;
}

int cmd_list(int argc, char **argv)
{
	struct list_options o = {0};
	__u64 began_ns = mono_now_ns();
	struct reading t = {.o = &o};
	int status, err;

	options_init(&o.o);
	options_parse(&list_argp, argc, argv, &o.o);
	t.out = term_output(o.o.names);
	if (listing_init(&t.l) || list_lines_init(&t.lines)) {
		listing_free(&t.l);
		warn_line("out of memory");
		return STATUS_UNABLE;
	}
	status = read_all(&t);
	if (!status) {
		err = print(&t, began_ns);
		if (err && err != -EPIPE)
			warn_line("the output can't be written: %s", strerror(-err));
		if ((err && err != -EPIPE) || !t.netns_met)
			status = STATUS_UNABLE;
		else if (o.fail_if_any && t.l.n_order)
			status = STATUS_FOUND;
	}
	list_lines_free(&t.lines);
	listing_free(&t.l);
	return status;
}
