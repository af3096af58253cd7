// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * holders [ROUNDS [SOCKETS [PROCESSES]]]: sockets stuck in CLOSE_WAIT that so
 * many processes hold, all of them; how long `ss -tnp` and `tcpdwell holders`
 * take to say who.  Prints; never fails on a figure.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "leak.h"
#include "lib/series.h"
#include "lib/subject.h"
#include "netns.h"

static char netns[32];

static struct row {
	const char *title;
	const char *argv[12];
	struct series wall_ms, cpu_ms, memory_mib;
} rows[] = {
	{"ss -tnp state close-wait", {"ss", "-tnp", "state", "close-wait"}, {}, {}, {}},
	{"tcpdwell holders", {NULL, "holders", "--state", "CLOSE_WAIT"}, {}, {}, {}},
	{"tcpdwell holders --all", {NULL, "holders", "--state", "CLOSE_WAIT", "--all"}, {}, {}, {}},
	{"tcpdwell holders --json",
	 {NULL, "holders", "--state", "CLOSE_WAIT", "--json"},
	 {},
	 {},
	 {}},
};

#define ROWS (sizeof(rows) / sizeof(*rows))
#define GOAL 0.1

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static double ms(struct timeval t)
{
	return t.tv_sec * 1e3 + t.tv_usec / 1e3;
}

/* ss sees the namespace that it is in; so does not tcpdwell, which is told. */
static pid_t start(const struct row *r)
{
	const char *argv[16];
	pid_t pid = fork();
	int null, n = 0;

	if (pid)
		return pid;
	while (n < 12 && (r->argv[n] || !n)) {
		argv[n] = r->argv[n];
		n++;
	}
	if (!argv[0]) {
		argv[0] = beside("../tcpdwell");
		argv[n++] = "--netns";
		argv[n++] = netns;
	}
	argv[n] = NULL;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], (char **)argv);
	_exit(127);
}

/* A command that fails is no figure. */
static void measure(struct row *r)
{
	double began = now_ms();
	struct rusage use;
	pid_t pid = start(r);
	int status;

	if (pid < 0 || wait4(pid, &status, 0, &use) != pid)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return;
	series_add(&r->wall_ms, now_ms() - began);
	series_add(&r->cpu_ms, ms(use.ru_utime) + ms(use.ru_stime));
	series_add(&r->memory_mib, use.ru_maxrss / 1024.0);
}

static void print_row(const struct row *r)
{
	if (isnan(series_median(&r->wall_ms))) {
		printf("%-26s can't be run here\n", r->title);
		return;
	}
	printf("%-26s %9.0f [%.0f-%.0f] %12.0f %11.1f %12.3f\n", r->title,
	       series_median(&r->wall_ms), series_min(&r->wall_ms), series_max(&r->wall_ms),
	       series_median(&r->cpu_ms), series_median(&r->memory_mib),
	       series_median(&r->wall_ms) / series_median(&rows[0].wall_ms));
}

/* JSON has every holder of every socket, as ss has. */
static void print_target(void)
{
	double part = series_median(&rows[3].wall_ms) / series_median(&rows[0].wall_ms);

	if (!isnan(part))
		printf("\nall of them as JSON in at most %.2f of the time of ss: %.3f, %s\n", GOAL,
		       part, part <= GOAL ? "met" : "not met");
}

static unsigned int number(int argc, char **argv, int i, unsigned int or_else)
{
	return argc > i && atoi(argv[i]) > 0 ? (unsigned int)atoi(argv[i]) : or_else;
}

int main(int argc, char **argv)
{
	unsigned int rounds = number(argc, argv, 1, 5);
	unsigned int sockets = number(argc, argv, 2, 3000);
	unsigned int processes = number(argc, argv, 3, 100);
	struct leak leak;

	netns_new();
	snprintf(netns, sizeof(netns), "%lu", netns_inode());
	leak_start(&leak, LEAK_SHARED, sockets, processes - 1);
	for (unsigned int i = 0; i < rounds && i < ROUNDS_MAX; i++)
		for (size_t j = 0; j < ROWS; j++)
			measure(&rows[j]);
	leak_end(&leak);
	printf("\nholders of %u sockets in CLOSE_WAIT, %u descriptors of %u processes\n\n", sockets,
	       sockets * processes, processes);
	printf("%-26s %9s %21s %11s %12s\n", "", "time, ms", "CPU, ms", "memory, MiB",
	       "part of ss");
	for (size_t j = 0; j < ROWS; j++)
		print_row(&rows[j]);
	print_target();
	return 0;
}
