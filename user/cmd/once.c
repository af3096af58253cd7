// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/once.h"
#include "cmd/run.h"
#include "cmd/term.h"
#include "kern/census.h"
#include "out/fmt.h"
#include "util/log.h"

struct once {
	const struct options *o;
	struct census census;
	struct model model;
	struct alarm alarm;
	int held; /* what is to follow the line that sums it up; -1 in JSON */
};

static int all_rows(void *ctx, const struct netns_set *only, row_fn fn, void *fn_ctx)
{
	(void)only;
	return census_read(ctx, fn, fn_ctx);
}

/* The census knows of namespaces and cgroups only. */
static bool wanted(const struct filter *f, const struct row_sock *row)
{
	const struct sock_ident *id = &row->ident;
	struct flow w = {
		.lport = id->lport, .rport = id->rport, .netns = id->netns, .family = id->family};

	memcpy(w.laddr, id->laddr, sizeof(w.laddr));
	memcpy(w.raddr, id->raddr, sizeof(w.raddr));
	return !(row->flags & ROW_FILTERED) && filter_flow(f, &w) == MATCH_YES &&
	       filter_owner(f, &id->owner) && filter_step(f, row->state, row->state, UINT64_MAX);
}

static void take_row(void *ctx, const struct row_sock *row)
{
	struct row_sock copy = *row;
	struct once *once = ctx;

	if (row->kind == ROW_REQUEST || !wanted(&once->o->tracer.filter, row))
		return;
	/* nothing is known of when it began: from now on */
	if (!copy.since_ns)
		copy.since_ns = copy.mono_ns;
	model_row(&once->model, &copy);
}

static void tell_hello(struct once *once)
{
	struct utsname host;
	struct hello h = {
		.version = TCPDWELL_VERSION,
		.tier = "none",
		.tier_reason = "read once, nothing is followed",
		.filter = *once->o->filter_words ? once->o->filter_words : NULL,
		.mono_ns = mono_now_ns(),
		.n_netns = once->census.n_netns,
	};

	uname(&host);
	h.kernel = host.release;
	model_hello(&once->model, &h);
}

/* By state, and the age of the oldest. */
struct sum {
	__u32 by_state[ST_MAX];
	__u32 n;
	__u64 oldest_ns;
};

static struct sum sum_up(const struct groups *g, __u64 now_ns)
{
	struct sum s = {0};

	for (const struct group *i = g->all; i; i = i->next) {
		struct alert_group v = group_view(i, now_ns);

		s.n += v.count;
		s.by_state[v.key.state] += v.count;
		if (v.oldest_ns > s.oldest_ns)
			s.oldest_ns = v.oldest_ns;
	}
	return s;
}

/* As the plugins of Nagios have it: what it is, how it is, and figures behind a bar. */
static void print_status(const struct once *once)
{
	struct sum s = sum_up(&once->alarm.groups, mono_now_ns());
	char age[FMT_DURATION_MAX + 1];

	*fmt_duration(age, s.oldest_ns) = '\0';
	if (!s.n) {
		printf("TCPDWELL OK - no socket is stuck | stuck=0\n");
	} else {
		printf("TCPDWELL WARNING - %u socket%s stuck:", s.n, s.n == 1 ? "" : "s");
		for (unsigned int i = 0, n = 0; i < ST_MAX; i++)
			if (s.by_state[i])
				printf("%s %u %s", n++ ? "," : "", s.by_state[i],
				       state_name(once->o->names, i));
		printf(", the oldest for %s | stuck=%u oldest=%llus\n", age, s.n,
		       s.oldest_ns / 1000000000ULL);
	}
	fflush(stdout);
}

/* A line of their own for those who read only the first. */
static int unable(const struct options *o, int err)
{
	if (err)
		tracer_explain_rows(err);
	if (!o->json)
		printf("TCPDWELL UNKNOWN - the sockets could not be read\n");
	return STATUS_UNABLE;
}

/* 0 or -errno. */
static int print_held(const struct once *once)
{
	char data[16384];
	ssize_t n;

	if (once->held < 0)
		return 0;
	lseek(once->held, 0, SEEK_SET);
	while ((n = read(once->held, data, sizeof(data))) > 0)
		fwrite(data, 1, n, stdout);
	return n < 0 || fflush(stdout) ? -errno : 0;
}

static int look(struct once *once, __u64 began_ns)
{
	int err = census_read(&once->census, take_row, once);
	int looks = 0;

	if (err)
		return unable(once->o, err);
	if (!options_netns_met(once->o, once->census.unmet))
		return unable(once->o, 0);
	if (once->o->json)
		tell_hello(once);
	model_tick(&once->model, mono_now_ns());
	/* a socket that a read did not meet is looked for again */
	while (once->alarm.n_wait && looks++ < 16)
		alarm_round(&once->alarm, mono_now_ns());
	if (!once->o->json)
		print_status(once);
	else
		model_summary(&once->model, mono_now_ns() - began_ns);
	err = model_flush(&once->model);
	if (!err)
		err = print_held(once);
	if (err && err != -EPIPE) {
		warn_line("the output can't be written: %s", strerror(-err));
		return STATUS_UNABLE;
	}
	return once->alarm.groups.n_members ? STATUS_FOUND : STATUS_DONE;
}

static int set_up(struct once *once, const struct alarm_options *alarm)
{
	struct out_options out = term_output(once->o->names);
	struct sink *printer;
	int err = model_init(&once->model);

	out.talk_fd = -1;
	once->held = once->o->json ? -1 : memfd_create("alerts", MFD_CLOEXEC);
	if (once->held >= 0)
		out.fd = once->held;
	if (!err)
		err = alarm_init(&once->alarm, &once->model, alarm);
	if (err)
		return err;
	model_add_sink(&once->model, &once->alarm.sink);
	printer = once->o->json ? json_sink_new(&out) : text_sink_new(&out);
	if (!printer)
		return -ENOMEM;
	alarm_add_sink(&once->alarm, printer, false);
	once->model.filter = once->o->tracer.filter;
	once->model.rules = once->o->rules;
	once->model.alerts = true;
	once->alarm.rows = all_rows;
	once->alarm.rows_ctx = &once->census;
	return 0;
}

int watch_once(const struct options *o, const struct alarm_options *alarm)
{
	struct alarm_options now = *alarm;
	static struct once once = {.held = -1};
	__u64 began_ns = mono_now_ns();
	int status, err;

	once.o = o;
	now.batch_ns = 0;
	if (census_open(&once.census, &o->tracer.filter))
		return unable(o, 0);
	err = set_up(&once, &now);
	status = err ? unable(o, err) : look(&once, began_ns);
	model_free(&once.model);
	census_close(&once.census);
	if (once.held >= 0)
		close(once.held);
	return status;
}
