// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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
	data = realloc(b->data, cap);
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

static void wait_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	/* Whatever ends the wait, the next write(2) tells what there is to know. */
	poll(&p, 1, -1);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n >= 0) {
			data += n;
			len -= n;
		} else if (errno == EAGAIN) {
			wait_writable(fd);
		} else if (errno != EINTR) {
			return -errno;
		}
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
