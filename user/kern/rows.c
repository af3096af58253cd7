// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Running the iterators, in each network namespace. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kern/netns.h"
#include "kern/tracer.h"

#define ROWS_A_READ 256

/* Reads an iterator to its end.  0 or -errno. */
static int read_rows(int fd, __u32 netns, row_fn fn, void *ctx)
{
	struct row_sock rows[ROWS_A_READ];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, (char *)rows + have, sizeof(rows) - have)) != 0) {
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		have += n;
		for (size_t i = 0; i < have / sizeof(*rows); i++) {
			rows[i].ident.netns = netns;
			fn(ctx, &rows[i]);
		}
		n = have % sizeof(*rows);
		memmove(rows, (char *)rows + have - n, n);
		have = n;
	}
	return 0;
}

int iter_rows(int link_fd, __u32 netns, row_fn fn, void *ctx)
{
	int fd = bpf_iter_create(link_fd);
	int err;

	if (fd < 0)
		return fd;
	err = read_rows(fd, netns, fn, ctx);
	close(fd);
	return err;
}

static void no_row(void *ctx, const struct row_sock *row)
{
	(void)ctx;
	(void)row;
}

/* iter/tcp shows the namespace in which bpf_iter_create() was called. */
static int rows_of_netns(struct tracer *t, const struct netns *ns, row_fn fn, void *ctx)
{
	if (setns(ns->fd, CLONE_NEWNET))
		return -errno;
	return iter_rows(bpf_link__fd(t->list_link), ns->ino, fn, ctx);
}

int tracer_rows(struct tracer *t, bool claim, row_fn fn, void *ctx)
{
	struct netns_list list;
	int err = 0;

	if (claim)
		err = iter_rows(bpf_link__fd(t->claim_link), 0, no_row, NULL);
	if (!err)
		err = netns_find(&list);
	if (err)
		return err;
	for (unsigned int i = 0; !err && i < list.n; i++)
		err = rows_of_netns(t, &list.ns[i], fn, ctx);
	t->n_netns = list.n;
	if (setns(t->home_netns, CLONE_NEWNET) && !err)
		err = -errno;
	netns_free(&list);
	return err;
}
