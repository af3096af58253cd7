// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leak.h"
#include "sock.h"
#include "tap.h"

static const struct fam *const v4 = &fams[FAM_V4];

static const char *const names[LEAK_KINDS] = {
	[LEAK_NOT_READING] = "not_reading", [LEAK_DATA] = "data",
	[LEAK_NOT_CLOSING] = "not_closing", [LEAK_CHILD] = "child",
	[LEAK_SHARED] = "shared",	    [LEAK_THREAD] = "thread",
	[LEAK_IN_FLIGHT] = "in_flight",	    [LEAK_NOT_ACCEPTED] = "not_accepted",
	[LEAK_SENDING] = "sending",
};

int leak_by_name(const char *name)
{
	for (int i = 0; i < LEAK_KINDS; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

const char *leak_name(enum leak_kind kind)
{
	return kind < LEAK_KINDS ? names[kind] : NULL;
}

/* What a listener is bound to, the sockets that it accepts are too. */
static void bind_to_device(int fd)
{
	const char *dev = getenv("LEAK_DEVICE");

	if (dev && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, dev, strlen(dev) + 1))
		tap_die("SO_BINDTODEVICE %s: %m", dev);
}

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		tap_die("no memory for %zu sockets", n);
	return p;
}

/* Both ends are this process's. */
static void allow_descriptors(unsigned int n)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= 2 * n + 100)
		return;
	limit.rlim_cur = 2 * n + 100;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		tap_die("no room for %u descriptors: %m", 2 * n);
}

static void connect_one(struct leak *l, unsigned int i)
{
	l->server[i] = -1;
	l->client[i] = sock_connect(v4, v4->lo, l->port);
	if (l->client[i] < 0)
		tap_die("connect: %s", strerror(-l->client[i]));
	l->rport[i] = sock_lport(l->client[i]);
	if (l->kind != LEAK_NOT_ACCEPTED)
		l->server[i] = sock_accept(l->listener);
}

static void client_leaves(struct leak *l, unsigned int i)
{
	if (l->kind == LEAK_DATA)
		sock_send(l->client[i], "nobody reads this");
	if (l->kind == LEAK_SENDING) {
		shutdown(l->client[i], SHUT_WR);
		return;
	}
	/* a close with unread data would be a reset: there is none */
	fd_close(&l->client[i]);
}

static void server_reads(struct leak *l, unsigned int i)
{
	sock_await(l->server[i], TCP_CLOSE_WAIT);
	if (l->kind != LEAK_NOT_READING && l->kind != LEAK_DATA)
		sock_drain(l->server[i]);
}

static void close_servers(struct leak *l)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (l->server[i] >= 0)
			fd_close(&l->server[i]);
}

/*
 * Who keeps them
 */

static void child_waits(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (;;)
		pause();
}

static void start_children(struct leak *l)
{
	pid_t me = getpid();

	for (unsigned int i = 0; i < l->n_children; i++) {
		l->child[i] = fork();
		if (l->child[i] < 0)
			tap_die("fork: %m");
		if (!l->child[i])
			child_waits(me);
	}
}

/* Starts with all descriptors of the process, and goes on with its copy of the table. */
static void *thread_keeps(void *arg)
{
	struct leak *l = arg;
	int *mine = room(l->n, sizeof(*mine));

	prctl(PR_SET_NAME, "hoarder");
	if (unshare(CLONE_FILES))
		tap_die("unshare(CLONE_FILES): %m");
	memcpy(mine, l->server, l->n * sizeof(*mine));
	__atomic_store_n(&l->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	while (!l->stop)
		usleep(10000);
	for (unsigned int i = 0; i < l->n; i++)
		close(mine[i]);
	free(mine);
	return NULL;
}

static void *thread_sends(void *arg)
{
	struct leak *l = arg;
	char got[256];

	while (!l->stop) {
		for (unsigned int i = 0; i < l->n; i++) {
			if (send(l->server[i], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
				continue;
			while (recv(l->client[i], got, sizeof(got), MSG_DONTWAIT) > 0)
				;
		}
		usleep(5000);
	}
	return NULL;
}

static void start_thread(struct leak *l, void *(*fn)(void *))
{
	if (pthread_create(&l->thread, NULL, fn, l))
		tap_die("no thread");
	while (l->kind == LEAK_THREAD && !__atomic_load_n(&l->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
}

static void send_away(struct leak *l, unsigned int i)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char text[] = "x";
	struct iovec data = {text, 1};
	struct msghdr msg = {.msg_iov = &data,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &l->server[i], sizeof(int));
	if (sendmsg(l->unix_pair[0], &msg, 0) != 1)
		tap_die("sending a descriptor: %m");
}

static void keep(struct leak *l)
{
	switch (l->kind) {
	case LEAK_CHILD:
	case LEAK_SHARED:
		start_children(l);
		break;
	case LEAK_THREAD:
		start_thread(l, thread_keeps);
		break;
	case LEAK_SENDING:
		start_thread(l, thread_sends);
		break;
	case LEAK_IN_FLIGHT:
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->unix_pair))
			tap_die("socketpair: %m");
		for (unsigned int i = 0; i < l->n; i++)
			send_away(l, i);
		break;
	default:
		break;
	}
	if (l->kind == LEAK_CHILD || l->kind == LEAK_THREAD || l->kind == LEAK_IN_FLIGHT)
		close_servers(l);
}

void leak_start(struct leak *l, enum leak_kind kind, unsigned int n, unsigned int children)
{
	memset(l, 0, sizeof(*l));
	l->kind = kind;
	l->n = n;
	l->n_children = kind == LEAK_CHILD || kind == LEAK_SHARED ? children : 0;
	l->server = room(n, sizeof(*l->server));
	l->client = room(n, sizeof(*l->client));
	l->rport = room(n, sizeof(*l->rport));
	l->child = room(l->n_children, sizeof(*l->child));
	l->unix_pair[0] = l->unix_pair[1] = -1;
	allow_descriptors(n);
	l->listener = sock_listen(v4, v4->lo);
	/* those that are not accepted have to fit into the queue */
	if (listen(l->listener, n < 4096 ? 4096 : (int)n))
		tap_die("listen: %m");
	l->port = sock_lport(l->listener);
	bind_to_device(l->listener);
	for (unsigned int i = 0; i < n; i++)
		connect_one(l, i);
	for (unsigned int i = 0; i < n; i++)
		client_leaves(l, i);
	for (unsigned int i = 0; i < n && kind != LEAK_NOT_ACCEPTED; i++)
		server_reads(l, i);
	keep(l);
}

void leak_end(struct leak *l)
{
	l->stop = 1;
	if (l->thread)
		pthread_join(l->thread, NULL);
	for (unsigned int i = 0; i < l->n_children; i++) {
		kill(l->child[i], SIGKILL);
		waitpid(l->child[i], NULL, 0);
	}
	close_servers(l);
	for (unsigned int i = 0; i < l->n; i++)
		if (l->client[i] >= 0)
			fd_close(&l->client[i]);
	for (int i = 0; i < 2; i++)
		if (l->unix_pair[i] >= 0)
			fd_close(&l->unix_pair[i]);
	fd_close(&l->listener);
	free(l->server);
	free(l->client);
	free(l->rport);
	free(l->child);
}
