// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "model/bulk.h"
#include "out/buf.h"

#define OBUF_START (64U << 10)

int obuf_init(struct obuf *b, int fd)
{
	memset(b, 0, sizeof(*b));
	b->fd = fd;
	b->data = malloc(OBUF_START);
	if (!b->data)
		return -ENOMEM;
	b->cap = OBUF_START;
	return 0;
}

void obuf_free(struct obuf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

static int grow(struct obuf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : OBUF_START;
	char *data;

	while (cap < need)
		cap *= 2;
	data = bulk_grow(b->data, b->len, cap);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

char *obuf_room(struct obuf *b, size_t n)
{
	if (b->err)
		b->len = 0;
	if (b->cap - b->len >= n)
		return b->data + b->len;
	if (!grow(b, b->len + n))
		return b->data + b->len;
	/* Short of memory: what is there can go, and may leave enough. */
	obuf_flush(b);
	if (b->cap >= n)
		return b->data;
	if (!b->err)
		b->err = -ENOMEM;
	return NULL;
}

void obuf_done(struct obuf *b, const char *end)
{
	b->len = end - b->data;
	if (b->len >= OBUF_EARLY && b->fd >= 0)
		obuf_flush(b);
}

/* What ran out of memory once may fit the next time. */
void obuf_clear(struct obuf *b)
{
	b->len = 0;
	b->err = 0;
}

void obuf_add(struct obuf *b, const char *data, size_t n)
{
	char *p = obuf_room(b, n);

	if (!p)
		return;
	memcpy(p, data, n);
	obuf_done(b, p + n);
}

/*
 * Ends that do not wait for a reader
 */

static struct {
	int fd; /* -1: writes wait for as long as they take */
	bool stopping;
	int own[STDERR_FILENO + 1]; /* of each of the three: a description of our own, or -1 */
	bool socket[STDERR_FILENO + 1];
} stop = {.fd = -1, .own = {-1, -1, -1}};

/*
 * O_NONBLOCK belongs to the description, which others write through too, such as
 * the shell: so to one of our own of the same pipe or terminal.  A socket has none; it
 * is asked not to wait with each call.
 */
static int open_again(int fd)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) || !(S_ISFIFO(st.st_mode) || isatty(fd)))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static bool is_socket(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

void obuf_stop_on(int stop_fd)
{
	stop.fd = stop_fd;
	stop.stopping = false;
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		if (stop.own[fd] >= 0)
			close(stop.own[fd]);
		stop.own[fd] = stop_fd < 0 ? -1 : open_again(fd);
		stop.socket[fd] = stop_fd >= 0 && is_socket(fd);
	}
}

void obuf_stopping(void)
{
	stop.stopping = stop.fd >= 0;
}

/* As write(2), which does not wait where that would delay the end. */
static ssize_t write_some(int fd, const void *data, size_t len)
{
	bool std = fd == STDOUT_FILENO || fd == STDERR_FILENO;

	if (std && stop.socket[fd])
		return send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(std && stop.own[fd] >= 0 ? stop.own[fd] : fd, data, len);
}

/* 0 or -ETIMEDOUT.  Whatever else ends the wait, the next write(2) tells what there is to know. */
static int wait_writable(int fd)
{
	struct pollfd p[] = {{.fd = fd, .events = POLLOUT}, {.fd = stop.fd, .events = POLLIN}};

	if (!stop.stopping) {
		poll(p, 2, -1);
		if (!p[1].revents || p[0].revents)
			return 0;
		stop.stopping = true;
	}
	return poll(p, 1, OBUF_PATIENCE_MS) ? 0 : -ETIMEDOUT;
}

/* A terminal that has hung up takes nothing any more, as a pipe that nobody reads; a file's EIO is
 * the disk's. */
static int write_error(int fd, int err)
{
	return err == EIO && !isatty(fd) && errno == EIO ? -EPIPE : -err;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write_some(fd, data, len);
		int err = 0;

		if (n >= 0) {
			data += n;
			len -= n;
		} else if (errno == EAGAIN) {
			err = wait_writable(fd);
		} else if (errno != EINTR) {
			err = write_error(fd, errno);
		}
		if (err)
			return err;
	}
	return 0;
}

int obuf_flush(struct obuf *b)
{
	if (!b->err && b->len && b->fd < 0)
		b->err = -ENOMEM;
	if (!b->err && b->len)
		b->err = write_all(b->fd, b->data, b->len);
	b->len = 0;
	return b->err;
}
