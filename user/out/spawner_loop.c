// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "out/spawner_loop.h"
#include "util/account.h"
#include "util/files.h"
#include "util/log.h"

#define SECOND_NS 1000000000ULL
#define MINUTE_NS (60 * SECOND_NS)
#define ENV_MAX 8192
#define ENV_WORDS 64

struct job {
	int input;
	size_t env_len;
	char env[ENV_MAX];
};

struct running {
	pid_t pid; /* 0: the place is free */
	__u64 due_ns;
	bool told_to_end;
};

struct loop {
	const struct spawner_options *o;
	int fd; /* -1: the other end is closed */
	int children;
	struct job *queue; /* a ring of o->queue */
	unsigned int first, n_queued;
	struct running *run; /* o->at_once places */
	unsigned int n_running;
	__u64 credit_ns; /* of MINUTE_NS / a_minute each a start costs; a minute's at most */
	__u64 credit_at_ns;
	struct spawner_counts counts;
	bool changed;
};

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

/*
 * The command
 */

/* The environment of the program, and more.  A value that is there already is hidden. */
static void extend_environment(char *env, size_t len)
{
	for (char *p = env; p < env + len; p += strlen(p) + 1)
		if (strchr(p, '='))
			putenv(p);
}

static void be_command(struct job *job, const struct spawner_options *o)
{
	struct sigaction normal = {.sa_handler = SIG_DFL};
	sigset_t none;

	setpgid(0, 0);
	for (int i = 1; i < NSIG; i++)
		sigaction(i, &normal, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(job->input, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	extend_environment(job->env, job->env_len);
	files_restore();
	execvp(o->argv[0], o->argv);
	warn_line("--exec: the command can't be run: %s", strerror(errno));
	_exit(127);
}

static void start(struct loop *l, struct running *place, struct job *job, __u64 at_ns)
{
	pid_t pid = fork();

	if (!pid)
		be_command(job, l->o);
	l->changed = true;
	if (pid < 0) {
		l->counts.failed++;
		return;
	}
	setpgid(pid, pid); /* it does so too: who comes first does not matter */
	*place = (struct running){.pid = pid, .due_ns = at_ns + l->o->timeout_ns};
	l->n_running++;
	l->counts.started++;
}

static struct running *free_place(struct loop *l)
{
	for (unsigned int i = 0; i < l->o->at_once; i++)
		if (!l->run[i].pid)
			return &l->run[i];
	return NULL;
}

static __u64 price(const struct loop *l)
{
	return MINUTE_NS / l->o->a_minute;
}

static void earn(struct loop *l, __u64 at_ns)
{
	l->credit_ns += at_ns - l->credit_at_ns;
	l->credit_at_ns = at_ns;
	if (l->credit_ns > MINUTE_NS)
		l->credit_ns = MINUTE_NS;
}

static void start_waiting(struct loop *l, __u64 at_ns)
{
	struct running *place;

	earn(l, at_ns);
	while (l->n_queued && l->credit_ns >= price(l) && (place = free_place(l))) {
		struct job *job = &l->queue[l->first];

		start(l, place, job, at_ns);
		close(job->input);
		l->first = (l->first + 1) % l->o->queue;
		l->n_queued--;
		l->credit_ns -= price(l);
	}
}

static void drop_waiting(struct loop *l)
{
	for (; l->n_queued; l->n_queued--) {
		close(l->queue[l->first].input);
		l->first = (l->first + 1) % l->o->queue;
	}
}

static void reap(struct loop *l)
{
	struct signalfd_siginfo info;
	int status;

	while (read(l->children, &info, sizeof(info)) == sizeof(info))
		;
	for (unsigned int i = 0; i < l->o->at_once; i++) {
		struct running *r = &l->run[i];

		if (!r->pid || waitpid(r->pid, &status, WNOHANG) != r->pid)
			continue;
		if (r->told_to_end)
			l->counts.timed_out++;
		else if (status)
			l->counts.failed++;
		else
			l->counts.ok++;
		l->changed = true;
		l->n_running--;
		r->pid = 0;
	}
}

/* Its group: what it has started ends with it. */
static void end_late(struct loop *l, __u64 at_ns)
{
	for (unsigned int i = 0; i < l->o->at_once; i++) {
		struct running *r = &l->run[i];

		if (!r->pid || at_ns < r->due_ns)
			continue;
		kill(-r->pid, r->told_to_end ? SIGKILL : SIGTERM);
		r->told_to_end = true;
		r->due_ns = at_ns + SPAWNER_GRACE_MS * 1000000ULL;
	}
}

/*
 * What is sent
 */

static int take_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* false: there is none; the other end may have gone. */
static bool receive(struct loop *l, struct job *job)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {job->env, ENV_MAX - 1};
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t n = recvmsg(l->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EINTR;
	job->input = take_fd(&m);
	if (job->input < 0) {
		close(l->fd);
		l->fd = -1;
		return false;
	}
	job->env[n] = '\0';
	job->env_len = (size_t)n;
	return true;
}

static void take_jobs(struct loop *l)
{
	static struct job job;

	job.input = -1;
	while (receive(l, &job)) {
		if (job.input < 0)
			continue;
		if (l->n_queued == l->o->queue) {
			close(job.input);
			l->counts.dropped++;
			l->changed = true;
		} else {
			l->queue[(l->first + l->n_queued++) % l->o->queue] = job;
			start_waiting(l, now_ns()); /* or the next one has no place */
		}
		job.input = -1;
	}
}

/* Sums, so that one which does not get through is made good by the next. */
static void tell(struct loop *l)
{
	if (l->changed && l->fd >= 0 &&
	    send(l->fd, &l->counts, sizeof(l->counts), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		l->changed = false;
}

/*
 * Around it
 */

static __u64 due_ns(const struct loop *l, __u64 at_ns)
{
	__u64 due = UINT64_MAX;

	for (unsigned int i = 0; i < l->o->at_once; i++)
		if (l->run[i].pid && l->run[i].due_ns < due)
			due = l->run[i].due_ns;
	if (l->n_queued && l->n_running < l->o->at_once && at_ns + price(l) - l->credit_ns < due)
		due = at_ns + price(l) - l->credit_ns;
	return due;
}

static int wait_ms(const struct loop *l, __u64 at_ns)
{
	__u64 due = due_ns(l, at_ns);

	if (due == UINT64_MAX)
		return -1;
	if (due <= at_ns)
		return 0;
	return due - at_ns > 1000 * SECOND_NS ? 1000000 : (int)((due - at_ns) / 1000000) + 1;
}

/* What the program has open is its own. */
static int keep_only(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (dup2(fd, 3) < 0)
		return -errno;
	fcntl(3, F_SETFD, FD_CLOEXEC);
#ifdef SYS_close_range
	if (!syscall(SYS_close_range, 4U, ~0U, 0U))
		return 3;
#endif
	for (int i = 4; i < 1024; i++) /* before Linux 5.9 */
		close(i);
	return 3;
}

/* Keys on the terminal and the service manager speak to the program, whose end is ours too. */
static int children_fd(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	sigset_t set;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int set_up(struct loop *l, int fd)
{
	int err = l->o->account ? account_become(l->o->account) : 0;

	if (err) {
		warn_line("--exec: can't become that user: %s", strerror(-err));
		return err;
	}
	prctl(PR_SET_NAME, "tcpdwell-exec");
	l->fd = keep_only(fd);
	l->children = children_fd();
	l->queue = calloc(l->o->queue, sizeof(*l->queue));
	l->run = calloc(l->o->at_once, sizeof(*l->run));
	l->credit_ns = MINUTE_NS;
	l->credit_at_ns = now_ns();
	return l->fd >= 0 && l->children >= 0 && l->queue && l->run ? 0 : -ENOMEM;
}

static void round_once(struct loop *l)
{
	struct pollfd p[2] = {{l->children, POLLIN, 0}, {l->fd, POLLIN, 0}};

	poll(p, 2, wait_ms(l, now_ns()));
	if (p[1].revents)
		take_jobs(l);
	if (l->fd < 0)
		drop_waiting(l);
	reap(l);
	end_late(l, now_ns());
	start_waiting(l, now_ns());
	tell(l);
}

int spawner_loop(int fd, const struct spawner_options *o)
{
	struct loop l = {.o = o};
	int err = set_up(&l, fd);

	while (!err && (l.fd >= 0 || l.n_running))
		round_once(&l);
	free(l.queue);
	free(l.run);
	return err != 0;
}
