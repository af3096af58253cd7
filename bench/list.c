// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A list of 50,000 sockets beside ss -tan, in one network namespace: of connections,
 * of what is left of them, and of both; to /dev/null and to a file.  Each round
 * runs each command once, and compares what ran in the same round.  As root.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"
#include "series.h"
#include "subject.h"
#include "util/parse.h"

#define SOCKETS 50000
#define ROUNDS_DEFAULT 15

enum command {
	CMD_SS,
	CMD_LIST,
	CMD_JSON,
	COMMANDS,
};

/* ss sees the namespace that it is in; ours see all, unless they are told. */
#define OURS "list", "--netns", "/proc/self/ns/net"

static const char *argv[COMMANDS][6] = {
	[CMD_SS] = {"ss", "-tan"},
	[CMD_LIST] = {"", OURS},
	[CMD_JSON] = {"", OURS, "--json"},
};

/* A connection over loopback has two sockets. */
static const struct kind {
	const char *title;
	struct scenario scenario;
	unsigned long storm; /* connections that end, each to one socket in TIMED_WAIT */
} kinds[] = {
	{"TIMED_WAIT", {.args = {NULL}}, SOCKETS},
	{"ESTABLISHED", {.args = {NULL}, .held = SOCKETS / 2}, 0},
	{"half of each", {.args = {"--keep", "12500", NULL}}, SOCKETS / 2},
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

/* In ms; NAN when it failed. */
static double time_command(const char *const args[], int out, int null)
{
	double began;
	struct proc p;
	int status;

	if (ftruncate(out, 0) == 0)
		lseek(out, 0, SEEK_SET);
	began = now_ms();
	if (proc_start(&p, args, out, null))
		return NAN;
	status = proc_finish(&p);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? now_ms() - began : NAN;
}

static void target(const struct series *part, double limit)
{
	double median = series_median(part);

	printf("  %4.2f (%.2f to %.2f) %-6s", median, series_min(part), series_max(part),
	       isnan(median)	 ? "?"
	       : median <= limit ? "met"
				 : "missed");
}

static void compare(const char *title, const char *to, int out, int null, unsigned int rounds)
{
	struct series took[COMMANDS] = {0}, part[COMMANDS] = {0};

	for (unsigned int i = 0; i < rounds; i++) {
		double ms[COMMANDS];

		for (int c = 0; c < COMMANDS; c++)
			ms[c] = time_command(argv[c], out, null);
		if (isnan(ms[CMD_SS] + ms[CMD_LIST] + ms[CMD_JSON]))
			continue;
		for (int c = 0; c < COMMANDS; c++) {
			series_add(&took[c], ms[c]);
			series_add(&part[c], ms[c] / ms[CMD_SS]);
		}
	}
	printf("%-13s %-10s", title, to);
	for (int c = 0; c < COMMANDS; c++)
		printf(" %7.1f", series_median(&took[c]));
	target(&part[CMD_LIST], 0.5);
	target(&part[CMD_JSON], 1);
	putchar('\n');
	fflush(stdout);
}

static int compare_all(const char *title, unsigned int rounds)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	FILE *f = tmpfile();

	if (null < 0 || !f)
		return -errno;
	compare(title, "/dev/null", null, null, rounds);
	compare(title, "a file", fileno(f), null, rounds);
	fclose(f);
	close(null);
	return 0;
}

static int make(struct load *l, const struct kind *k)
{
	int err;

	if (!k->storm)
		return load_hold(l, &k->scenario);
	err = load_open(l, &k->scenario, k->storm);
	return err ? err : load_run(l);
}

static int measure(const struct kind *k, unsigned int rounds, int home)
{
	struct load l;
	int err = make(&l, k);

	if (!err)
		err = proc_enter_netns(&l.proc);
	if (!err)
		err = compare_all(k->title, rounds);
	if (setns(home, CLONE_NEWNET) && !err)
		err = -errno;
	load_close(&l);
	return err;
}

int main(int argc, char **args)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), err = 0;
	__u64 rounds = ROUNDS_DEFAULT;

	if (argc > 1 && parse_u64(args[1], 1, ROUNDS_MAX, &rounds)) {
		fprintf(stderr, "list: %s: 1 to %d rounds\n", args[1], ROUNDS_MAX);
		return 1;
	}
	argv[CMD_LIST][0] = argv[CMD_JSON][0] = beside("../tcpdwell");
	printf("%-13s %-10s %7s %7s %7s  %-25s %s\n", "50,000 in", "to", "ss -tan", "list",
	       "--json", " of ss, at most 0.50", " of ss, at most 1.00");
	for (unsigned int i = 0; !err && i < sizeof(kinds) / sizeof(*kinds); i++)
		err = measure(&kinds[i], rounds, home);
	if (err)
		fprintf(stderr, "list: the sockets: %s\n", strerror(-err));
	return err ? 1 : 0;
}
