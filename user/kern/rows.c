// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Running the iterators, in each network namespace. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kern/netns.h"
#include "kern/tracer.h"
#include "tcpdwell.skel.h"

#define ROWS_A_READ 256

/* Reads an iterator to its end; netns 0: the rows say it.  0 or -errno. */
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
			if (netns)
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

/* TcpExt's TCPTimeWaitOverflow of the caller's network namespace; 0 when it can't be read. */
static __u64 time_wait_overflows(void)
{
	FILE *f = fopen("/proc/thread-self/net/netstat", "re");
	char *names = NULL, *values = NULL, *name, *value, *n_save, *v_save;
	size_t n_size = 0, v_size = 0;
	__u64 count = 0;

	/* two lines of as many words each: names, then values */
	if (!f || getline(&names, &n_size, f) < 0 || getline(&values, &v_size, f) < 0)
		goto out;
	name = strtok_r(names, " \n", &n_save);
	value = strtok_r(values, " \n", &v_save);
	while (name && value && strcmp(name, "TCPTimeWaitOverflow")) {
		name = strtok_r(NULL, " \n", &n_save);
		value = strtok_r(NULL, " \n", &v_save);
	}
	if (name && value)
		count = strtoull(value, NULL, 10);
out:
	free(names);
	free(values);
	if (f)
		fclose(f);
	return count;
}

/* iter/tcp shows the namespace in which bpf_iter_create() was called. */
static int rows_of_netns(struct tracer *t, const struct netns *ns, row_fn fn, void *ctx)
{
	if (setns(ns->fd, CLONE_NEWNET))
		return -errno;
	t->overflows += time_wait_overflows();
	return netns_is_empty() ? 0 : iter_rows(bpf_link__fd(t->list_link), ns->ino, fn, ctx);
}

static int rows_of_some(const struct tracer *t, const struct netns_list *list,
			const struct netns_set *only, row_fn fn, void *ctx)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < list->n; i++) {
		if (!netns_set_has(only, list->ns[i].ino))
			continue;
		if (setns(list->ns[i].fd, CLONE_NEWNET))
			return -errno;
		if (!netns_is_empty())
			err = iter_rows(bpf_link__fd(t->list_link), list->ns[i].ino, fn, ctx);
	}
	return err;
}

int tracer_rows_of(struct tracer *t, const struct netns_set *only, row_fn fn, void *ctx)
{
	struct netns_list list;
	int err = netns_find(&list);

	if (err)
		return err;
	err = rows_of_some(t, &list, only, fn, ctx);
	if (setns(t->home_netns, CLONE_NEWNET) && !err)
		err = -errno;
	netns_free(&list);
	return err;
}

static const volatile struct filter *filter_of(const struct tracer *t)
{
	return &t->skel->rodata->config.filter;
}

/* The rows of others would all be filtered. */
static bool wanted(const struct tracer *t, const struct netns *ns)
{
	const volatile struct filter *f = filter_of(t);

	return !f->n_netns || filter_has_netns(f, ns->ino);
}

int tracer_rows(struct tracer *t, bool claim, row_fn fn, void *ctx)
{
	struct netns_list list;
	int err = 0;

	if (claim)
		err = iter_rows(bpf_link__fd(t->claim_link), 0, fn, ctx);
	if (!err)
		err = netns_find(&list);
	if (err)
		return err;
	t->overflows = 0;
	t->n_netns = 0;
	t->unmet = netns_unmet(&list, filter_of(t)->netns, filter_of(t)->n_netns);
	for (unsigned int i = 0; !err && i < list.n; i++) {
		if (!wanted(t, &list.ns[i]))
			continue;
		err = rows_of_netns(t, &list.ns[i], fn, ctx);
		t->n_netns++;
	}
	if (setns(t->home_netns, CLONE_NEWNET) && !err)
		err = -errno;
	netns_free(&list);
	return err;
}
