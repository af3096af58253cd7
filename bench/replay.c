// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * replay [ROUNDS [CONNECTIONS]]: a storm is recorded, then replayed; bytes of
 * the file and transitions a second.  Prints; never fails on a figure.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/proc.h"
#include "lib/series.h"
#include "lib/subject.h"
#include "rec/player.h"

#define GOAL 2e6

static char dir[] = "/tmp/tcpdwell-replay-XXXXXX";
static char file[sizeof(dir) + 8];

static struct row {
	const char *title;
	const char *option;
	struct series wall, cpu; /* transitions a second */
} rows[] = {
	{"reader and model, no output", NULL, {}, {}},
	{"replay --watch", "--watch", {}, {}},
	{"replay --json >/dev/null", "--json", {}, {}},
	{"replay >/dev/null", "--names=article", {}, {}},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static double now_s(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

static pid_t start(const char *const argv[])
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execv(argv[0], (char **)argv);
	_exit(127);
}

static bool ended_well(pid_t pid, struct rusage *use)
{
	int status;

	return pid > 0 && wait4(pid, &status, 0, use) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) <= 1;
}

/* The file has its first block a second after the begin at the latest. */
static bool wait_for_file(void)
{
	struct stat st;

	for (int i = 0; i < 300; i++) {
		if (!stat(file, &st) && st.st_size > (off_t)sizeof(struct file_head))
			return true;
		pause_ms(100);
	}
	return false;
}

static bool record(const char *connections)
{
	const char *recorder[] = {beside("../tcpdwell"), "record", "-o", file,
				  "--buffer-size",	 "64M",	   NULL};
	const char *storm[] = {NULL, "-n", connections, NULL};
	char path[4096];
	struct rusage use;
	pid_t pid = start(recorder);
	bool ok;

	snprintf(path, sizeof(path), "%s", beside("storm"));
	storm[0] = path;
	ok = pid > 0 && wait_for_file() && ended_well(start(storm), &use);
	if (pid > 0)
		kill(pid, SIGINT);
	return ended_well(pid, &use) && ok;
}

/* In this process.  Transitions, 0 when it can't be read. */
static unsigned long play(struct row *r)
{
	static struct model m;
	double wall = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	char *paths[] = {file};
	struct player p = {.model = &m};
	struct reader reader;
	struct rec_event e;

	if (model_init(&m) || reader_open(&reader, paths, 1))
		return 0;
	p.reader = &reader;
	m.alerts = true;
	while (reader_next(&reader, &e) > 0 && !player_event(&p, &e))
		;
	player_end(&p);
	series_add(&r->wall, m.sum.transitions / (now_s(CLOCK_MONOTONIC) - wall));
	series_add(&r->cpu, m.sum.transitions / (now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu));
	reader_close(&reader);
	model_free(&m);
	return m.sum.transitions;
}

static void measure(struct row *r, unsigned long transitions)
{
	const char *argv[] = {beside("../tcpdwell"), "replay", r->option, file, NULL};
	double began = now_s(CLOCK_MONOTONIC);
	struct rusage use;

	if (!ended_well(start(argv), &use))
		return;
	series_add(&r->wall, transitions / (now_s(CLOCK_MONOTONIC) - began));
	series_add(&r->cpu, transitions / (seconds(use.ru_utime) + seconds(use.ru_stime)));
}

static void print(unsigned long transitions)
{
	struct stat st = {0};

	stat(file, &st);
	printf("\nreplay of %lu transitions, %.1f bytes each in the file\n\n", transitions,
	       (double)st.st_size / transitions);
	printf("%-30s %28s %22s\n", "", "million transitions a second", "a second of CPU time");
	for (unsigned int i = 0; i < ROWS; i++)
		printf("%-30s %14.2f [%.2f-%.2f] %19.2f\n", rows[i].title,
		       series_median(&rows[i].wall) / 1e6, series_min(&rows[i].wall) / 1e6,
		       series_max(&rows[i].wall) / 1e6, series_median(&rows[i].cpu) / 1e6);
	printf("\ngoal: at least %.0f million, with --watch: %s by the clock, %s by CPU time\n",
	       GOAL / 1e6, series_median(&rows[1].wall) >= GOAL ? "met" : "not met",
	       series_median(&rows[1].cpu) >= GOAL ? "met" : "not met");
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	const char *connections = argc > 2 ? argv[2] : "100000";
	unsigned long transitions = 0;

	if (!mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	snprintf(file, sizeof(file), "%s/rec", dir);
	if (record(connections)) {
		for (int i = 0; i < rounds && i < ROUNDS_MAX; i++) {
			transitions = play(&rows[0]);
			for (unsigned int k = 1; transitions && k < ROWS; k++)
				measure(&rows[k], transitions);
		}
	}
	if (transitions)
		print(transitions);
	else
		puts("replay: nothing could be recorded here");
	unlink(file);
	rmdir(dir);
	return 0;
}
