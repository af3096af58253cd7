// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"

#define STOP_MS 20000
#define STEP_MS 20
/* What a reader that only looks whether there is something may use within a step. */
#define REST_NS 200000

/* What was started in the background by a shell ignores ^C: that is not for what we start. */
static void child(const char *const argv[], int in, int out, int err)
{
	signal(SIGINT, SIG_DFL);
	/* nothing stays behind when the benchmark is killed */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(err, STDERR_FILENO) >= 0)
		execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int proc_start(struct proc *p, const char *const argv[], int out, int err)
{
	int in_pipe[2], out_pipe[2];

	*p = (struct proc){.in = -1};
	if (pipe2(in_pipe, O_CLOEXEC) || pipe2(out_pipe, O_CLOEXEC))
		return -errno;
	p->pid = fork();
	if (!p->pid)
		child(argv, in_pipe[0], out < 0 ? out_pipe[1] : out, err < 0 ? STDERR_FILENO : err);
	close(in_pipe[0]);
	close(out_pipe[1]);
	if (p->pid < 0)
		return -errno;
	p->in = in_pipe[1];
	p->out = fdopen(out_pipe[0], "re");
	return p->out ? 0 : -errno;
}

int proc_line(struct proc *p, char *line, size_t size)
{
	if (!fgets(line, (int)size, p->out))
		return -EPIPE;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

static void hang_up(struct proc *p)
{
	if (p->in >= 0)
		close(p->in);
	if (p->out)
		fclose(p->out);
	p->in = -1;
	p->out = NULL;
}

static int reap(struct proc *p)
{
	int status = 0;

	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	return status;
}

int proc_finish(struct proc *p)
{
	if (!p->pid)
		return 0;
	hang_up(p);
	return reap(p);
}

int proc_stop(struct proc *p)
{
	siginfo_t info = {0};

	if (!p->pid)
		return 0;
	kill(p->pid, SIGINT);
	for (int ms = 0; ms < STOP_MS && !info.si_pid; ms += STEP_MS) {
		pause_ms(STEP_MS);
		if (waitid(P_PID, p->pid, &info, WEXITED | WNOHANG | WNOWAIT))
			break;
	}
	if (!info.si_pid)
		kill(p->pid, SIGKILL);
	return proc_finish(p);
}

bool proc_alive(const struct proc *p)
{
	siginfo_t info = {0};

	return !waitid(P_PID, p->pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
}

uint64_t proc_cpu_ns(const struct proc *p)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(p->pid, &clock) || clock_gettime(clock, &ts))
		return 0;
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

uint64_t proc_peak_kb(const struct proc *p)
{
	unsigned long kb = 0;
	char text[256];
	FILE *f;

	snprintf(text, sizeof(text), "/proc/%d/status", (int)p->pid);
	f = fopen(text, "re");
	while (f && fgets(text, sizeof(text), f))
		if (!strncmp(text, "VmHWM:", 6))
			kb = strtoul(text + 6, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

bool proc_settle(const struct proc *p, int quiet_ms, int at_most_ms)
{
	uint64_t before = proc_cpu_ns(p);
	int quiet = 0;

	for (int ms = 0; ms < at_most_ms && quiet < quiet_ms; ms += STEP_MS) {
		uint64_t now;

		pause_ms(STEP_MS);
		now = proc_cpu_ns(p);
		quiet = now - before > REST_NS ? 0 : quiet + STEP_MS;
		before = now;
	}
	return quiet >= quiet_ms;
}

void pause_ms(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int proc_enter_netns(const struct proc *p)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}
