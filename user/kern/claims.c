// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kern/claims.h"

#define ROOM_START 2048

static int grow(struct claims *c)
{
	__u32 room = c->room ? 2 * c->room : ROOM_START;
	struct row_claim *row = realloc(c->row, room * sizeof(*row));

	if (!row)
		return -ENOMEM;
	c->row = row;
	c->room = room;
	return 0;
}

/* The iterator gives whole rows as long as there is room for one. */
static int read_rows(struct claims *c, int fd)
{
	ssize_t n;

	for (;;) {
		if (c->n == c->room && grow(c))
			return -ENOMEM;
		n = read(fd, c->row + c->n, (c->room - c->n) * sizeof(*c->row));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (!n)
			return 0;
		c->n += n > 0 ? n / sizeof(*c->row) : 0;
	}
}

/* Inodes are numbered in the order in which they were made: as they are, they spread evenly. */
static __u32 *slot_of(const struct claims *c, __u32 ino)
{
	__u32 i = ino & c->mask;

	while (c->slot[i] && c->row[c->slot[i] - 1].ino != ino)
		i = (i + 1) & c->mask;
	return &c->slot[i];
}

static int index_rows(struct claims *c)
{
	__u32 size = 16;

	while (size < 2 * c->n)
		size *= 2;
	c->slot = calloc(size, sizeof(*c->slot));
	if (!c->slot)
		return -ENOMEM;
	c->mask = size - 1;
	for (__u32 i = 0; i < c->n; i++) {
		__u32 *slot = slot_of(c, c->row[i].ino);

		if (!*slot)
			*slot = i + 1;
	}
	return 0;
}

int claims_read(struct claims *c, int link_fd)
{
	int fd = bpf_iter_create(link_fd);
	int err;

	memset(c, 0, sizeof(*c));
	if (fd < 0)
		return fd;
	err = read_rows(c, fd);
	close(fd);
	if (!err)
		err = index_rows(c);
	if (err)
		claims_free(c);
	return err;
}

const struct row_claim *claims_find(const struct claims *c, __u32 ino)
{
	__u32 at = ino && c->slot ? *slot_of(c, ino) : 0;

	return at ? &c->row[at - 1] : NULL;
}

void claims_free(struct claims *c)
{
	free(c->row);
	free(c->slot);
	memset(c, 0, sizeof(*c));
}
