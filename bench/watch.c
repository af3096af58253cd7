// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What `tcpdwell watch` costs: with 20,000 idle sockets, and when 20,000 sockets
 * of 100 processes get stuck.  Each in a network namespace of its own; as root.
 *
 *	watch PATH/OF/tcpdwell
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"

#define PROCESSES 100
#define IDLE_MS 10000
#define THRESHOLD_NS 5000000000ULL

struct load {
	pid_t pid[PROCESSES];
	int go[2]; /* closed: the clients close */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Without what an earlier load has left in TIMED_WAIT. */
static void new_netns(void)
{
	if (unshare(CLONE_NEWNET) || system("ip link set lo up"))
		die("a network namespace");
}

/* One end of a connection to the listener; *accepted: the other. */
static int connect_one(int listener, const struct sockaddr_in *to, int *accepted)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		die("connect");
	*accepted = accept(listener, NULL, NULL);
	if (*accepted < 0)
		die("accept");
	return fd;
}

/* Says so when all are there; then waits for the word, and closes one end of each. */
static void hold(unsigned int n, int ready, int go)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(to);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd[2048], server;
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (bind(listener, (struct sockaddr *)&to, len) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&to, &len))
		die("listen");
	for (unsigned int i = 0; i < n; i++)
		fd[i] = connect_one(listener, &to, &server);
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) < 0)
		die("pipe");
	for (unsigned int i = 0; i < n; i++)
		close(fd[i]);
	for (;;)
		pause();
}

static void load_start(struct load *l, unsigned int n)
{
	int ready[2];
	char byte;

	new_netns();
	if (pipe(ready) || pipe2(l->go, O_CLOEXEC))
		die("pipe");
	for (int i = 0; i < PROCESSES; i++) {
		l->pid[i] = fork();
		if (l->pid[i] < 0)
			die("fork");
		if (!l->pid[i]) {
			close(l->go[1]);
			hold(n, ready[1], l->go[0]);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("read");
	close(ready[0]);
	close(ready[1]);
}

static void load_end(struct load *l)
{
	for (int i = 0; i < PROCESSES; i++)
		kill(l->pid[i], SIGKILL);
	for (int i = 0; i < PROCESSES; i++)
		waitpid(l->pid[i], NULL, 0);
}

static void watch_start(struct proc *p, const char *tcpdwell)
{
	struct stat ns;
	char ino[32], line[4096];
	const char *argv[] = {tcpdwell, "watch", "--json",	  "--netns",
			      ino,	"--max", "CLOSE_WAIT=5s", NULL};

	if (stat("/proc/self/ns/net", &ns))
		die("netns");
	snprintf(ino, sizeof(ino), "%lu", (unsigned long)ns.st_ino);
	if (proc_start(p, argv, -1, -1) || proc_line(p, line, sizeof(line)))
		die("tcpdwell watch");
}

/* Resident now, without the pages of files and of the ring buffer. */
static unsigned long anon_kb(const struct proc *p)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", p->pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

#define FEW 2000

/* With few sockets: what more of them take is what one takes. */
static unsigned long few_kb(const char *tcpdwell)
{
	unsigned long kb;
	struct load l;
	struct proc p;

	load_start(&l, FEW / 2 / PROCESSES);
	watch_start(&p, tcpdwell);
	proc_settle(&p, 1000, 20000);
	kb = anon_kb(&p);
	load_end(&l);
	proc_stop(&p);
	return kb;
}

static void idle(const char *tcpdwell)
{
	unsigned long few = few_kb(tcpdwell);
	struct load l;
	struct proc p;
	uint64_t before;

	load_start(&l, 20000 / 2 / PROCESSES);
	watch_start(&p, tcpdwell);
	proc_settle(&p, 1000, 20000);
	before = proc_cpu_ns(&p);
	pause_ms(IDLE_MS);
	printf("20,000 idle sockets: %.4f%% of a core, %.0f bytes a socket, peak memory %.1f MiB\n",
	       (proc_cpu_ns(&p) - before) / (IDLE_MS * 1e6) * 100,
	       ((double)anon_kb(&p) - few) * 1024 / (20000 - FEW), proc_peak_kb(&p) / 1024.0);
	load_end(&l);
	proc_stop(&p);
}

static uint64_t member(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void stuck(const char *tcpdwell)
{
	static char line[1 << 16];
	uint64_t late = 0, sum = 0, before;
	unsigned int n = 0;
	struct load l;
	struct proc p;

	load_start(&l, 20000 / PROCESSES);
	watch_start(&p, tcpdwell);
	before = proc_cpu_ns(&p);
	close(l.go[1]);
	while (n < 20000 && !proc_line(&p, line, sizeof(line))) {
		uint64_t by;

		if (!strstr(line, "\"status\":\"firing\""))
			continue;
		by = member(line, "\"dwell_ns\":") - THRESHOLD_NS;
		late = by > late ? by : late;
		sum += by;
		n++;
	}
	printf("20,000 stuck sockets of 100 processes: %u alerts, %.0f ms after the threshold "
	       "(mean), %.0f ms (last); %.2f s of CPU, peak memory %.1f MiB\n",
	       n, n ? sum / 1e6 / n : 0.0, late / 1e6, (proc_cpu_ns(&p) - before) / 1e9,
	       proc_peak_kb(&p) / 1024.0);
	load_end(&l);
	close(p.in);
	while (!proc_line(&p, line, sizeof(line)) && !strstr(line, "\"summary\"") &&
	       !strstr(line, "\"status\":\"resolved\""))
		;
	kill(p.pid, SIGKILL);
	waitpid(p.pid, NULL, 0);
}

int main(int argc, char **argv)
{
	struct rlimit files = {65536, 65536};

	if (argc != 2) {
		fprintf(stderr, "usage: watch TCPDWELL\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	setrlimit(RLIMIT_NOFILE, &files);
	idle(argv[1]);
	stuck(argv[1]);
	return 0;
}
