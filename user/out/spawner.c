// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The caller's side: starts the process, and sends it what to run. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "out/spawner.h"
#include "out/spawner_loop.h"

/* As execvp() looks for it, but before there is anything to run. */
static int find_command(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char at[4096];
	int err = -ENOENT;

	if (strchr(name, '/'))
		return access(name, X_OK) ? -errno : 0;
	for (path = path ? path : "/usr/bin:/bin"; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		if ((size_t)snprintf(at, sizeof(at), "%.*s/%s", (int)(end - path), path, name) >=
		    sizeof(at))
			continue;
		if (!access(at, X_OK))
			return 0;
		if (errno == EACCES)
			err = -EACCES;
	}
	return err;
}

int spawner_start(struct spawner *s, const struct spawner_options *o)
{
	int pair[2], err = find_command(o->argv[0]);

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	s->pid = fork();
	if (s->pid < 0) {
		err = -errno;
		close(pair[0]);
		close(pair[1]);
		return err;
	}
	if (!s->pid)
		_exit(spawner_loop(pair[1], o));
	close(pair[1]);
	s->fd = pair[0];
	return 0;
}

/* A file, not a pipe: a command that reads nothing of it keeps nobody waiting. */
static int input_file(const char *input, size_t len)
{
	int fd = memfd_create("tcpdwell alert", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (len) {
		ssize_t n = write(fd, input, len);

		if (n < 0) {
			close(fd);
			return -errno;
		}
		input += n;
		len -= (size_t)n;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int send_job(int to, const char *env, size_t env_len, int input)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {(void *)env, env_len};
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &input, sizeof(int));
	return sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int spawner_run(struct spawner *s, const char *env, size_t env_len, const char *input,
		size_t input_len)
{
	int fd = s->fd < 0 ? -EPIPE : input_file(input, input_len);
	int err;

	if (fd < 0) {
		s->refused++;
		return fd;
	}
	err = send_job(s->fd, env, env_len, fd);
	close(fd);
	s->refused += err != 0;
	return err == -ECONNRESET ? -EPIPE : err;
}

int spawner_take(struct spawner *s)
{
	struct spawner_counts counts;
	ssize_t n;

	if (s->fd < 0)
		return -EPIPE;
	while ((n = recv(s->fd, &counts, sizeof(counts), MSG_DONTWAIT)) == sizeof(counts))
		s->counts = counts;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return -EPIPE;
}

struct spawner_counts spawner_counts(const struct spawner *s)
{
	struct spawner_counts counts = s->counts;

	counts.dropped += s->refused;
	return counts;
}

void spawner_stop(struct spawner *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
