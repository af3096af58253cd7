// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kern/netns.h"
#include "kern/tracer.h"
#include "sweep.h"

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

struct small_count {
	__u32 netns;
	unsigned long n;
};

/* A sweep sees all namespaces, ss this one. */
static void count_small(void *ctx, const struct row_sock *row)
{
	struct small_count *c = ctx;

	c->n += row->kind == ROW_SMALL && row->ident.netns == c->netns;
}

static int time_sweep(struct tracer *t, struct sweep *out)
{
	struct small_count c = {0};
	double began = now_ms();
	int err = netns_ino("/proc/self/ns/net", &c.netns);

	if (!err)
		err = tracer_rows(t, false, count_small, &c);
	if (err)
		return err;
	series_add(&out->sweep_ms, now_ms() - began);
	out->sockets = c.n;
	out->n_netns = t->n_netns;
	return 0;
}

/* A command that fails is no figure. */
static void time_command(const char *const argv[], struct series *s)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	double began = now_ms();
	struct proc p;
	int status, err;

	err = proc_start(&p, argv, null, null);
	close(null);
	if (err)
		return;
	status = proc_finish(&p);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		series_add(s, now_ms() - began);
}

static int time_all(unsigned int rounds, struct sweep *out)
{
	const char *const ss[] = {"ss", "-tan", "state", "time-wait", NULL};
	const char *const list[] = {beside("../tcpdwell"), "list", "--state", "TIMED_WAIT", NULL};
	const struct tracer_options options = {.no_stream = true};
	struct tracer tracer;
	int err = tracer_open(&tracer, &options);

	if (err)
		return err;
	for (unsigned int i = 0; i < rounds && !err; i++) {
		err = time_sweep(&tracer, out);
		time_command(ss, &out->ss_ms);
		time_command(list, &out->list_ms);
	}
	tracer_close(&tracer);
	return err;
}

int sweep_measure(unsigned long sockets, unsigned int rounds, struct sweep *out)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct load l;
	int err = load_open(&l, &scenarios[0], sockets);

	*out = (struct sweep){0};
	if (err)
		return err;
	err = load_run(&l);
	if (!err)
		err = proc_enter_netns(&l.proc);
	if (!err)
		err = time_all(rounds, out);
	if (home >= 0) {
		if (setns(home, CLONE_NEWNET) && !err)
			err = -errno;
		close(home);
	}
	load_close(&l);
	return err;
}
