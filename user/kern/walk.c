// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kern/netns.h"
#include "kern/walk.h"
#include "model/bulk.h"

/* So many that the other thread is seldom woken, so few that they stay in its cache; and as many
 * as six reads give: the kernel has 8 pages for the rows of one. */
#define BLOCK_ROWS (6 * 170)

struct walk_block {
	struct walk_block *next;
	__u32 netns;
	__u32 n;
	struct row_sock row[BLOCK_ROWS];
};

/* Many blocks are made at once: as many as a huge page has room for. */
#define SLAB_BLOCKS 10

struct walk_slab {
	struct walk_slab *next;
	struct walk_block block[SLAB_BLOCKS];
};

_Static_assert(sizeof(struct walk_slab) <= BULK_PAGE, "a slab is no more than a page");

/*
 * The thread that reads
 */

/* More spare ones.  The lock is held. */
static void slab_add(struct walk *w)
{
	struct walk_slab *s = bulk_alloc(sizeof(*s));

	if (!s)
		return;
	s->next = w->slabs;
	w->slabs = s;
	for (int i = 0; i < SLAB_BLOCKS; i++) {
		s->block[i].next = w->spare;
		w->spare = &s->block[i];
	}
}

static struct walk_block *block_take(struct walk *w, __u32 netns)
{
	struct walk_block *b;

	pthread_mutex_lock(&w->lock);
	if (!w->spare)
		slab_add(w);
	b = w->spare;
	if (b)
		w->spare = b->next;
	pthread_mutex_unlock(&w->lock);
	if (b) {
		b->next = NULL;
		b->netns = netns;
		b->n = 0;
	}
	return b;
}

/* Whether there is to be another. */
static bool block_give(struct walk *w, struct walk_block *b)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	*w->end = b;
	w->end = &b->next;
	pthread_cond_signal(&w->more);
	stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return !stop;
}

/* The iterator gives whole rows.  1: the block is full; 0: there are no more; or -errno. */
static int fill(struct walk_block *b, int fd)
{
	ssize_t n;

	while (b->n < BLOCK_ROWS) {
		n = read(fd, b->row + b->n, (BLOCK_ROWS - b->n) * sizeof(*b->row));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (!n)
			return 0;
		b->n += n > 0 ? n / sizeof(*b->row) : 0;
	}
	return 1;
}

static int read_rows(struct walk *w, int fd, __u32 netns)
{
	struct walk_block *b;
	int more;

	do {
		b = block_take(w, netns);
		if (!b)
			return -ENOMEM;
		more = fill(b, fd);
	} while (block_give(w, b) && more > 0);
	return more;
}

static bool wanted(const struct walk *w, const struct netns *ns)
{
	return !w->filter->n_netns || filter_has_netns(w->filter, ns->ino);
}

/* iter/tcp shows the namespace in which bpf_iter_create() was called. */
static int read_netns(struct walk *w, const struct netns *ns)
{
	int fd, err;

	if (!wanted(w, ns))
		return 0;
	if (setns(ns->fd, CLONE_NEWNET))
		return -errno;
	if (netns_is_empty())
		return 0;
	fd = bpf_iter_create(w->link_fd);
	if (fd < 0)
		return fd;
	err = read_rows(w, fd, ns->ino);
	close(fd);
	return err;
}

static int read_list(struct walk *w, const struct netns_list *list)
{
	int err = 0;

	w->unmet = netns_unmet(list, w->filter->netns, w->filter->n_netns);
	for (unsigned int i = 0; i < list->n; i++)
		w->n_netns += wanted(w, &list->ns[i]);
	for (unsigned int i = 0; !err && i < list->n; i++)
		err = read_netns(w, &list->ns[i]);
	return err;
}

/* false: nothing is to be read. */
static bool wait_for_link(struct walk *w)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	while (w->link_fd < 0 && !w->stop)
		pthread_cond_wait(&w->more, &w->lock);
	stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return !stop;
}

static void *read_all(void *arg)
{
	struct walk *w = arg;
	struct netns_list list;
	int err = netns_find(&list);

	if (!err) {
		if (wait_for_link(w))
			err = read_list(w, &list);
		netns_free(&list);
	}
	pthread_mutex_lock(&w->lock);
	w->err = err;
	w->done = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/*
 * The other one
 */

int walk_start(struct walk *w, const struct filter *f)
{
	memset(w, 0, sizeof(*w));
	w->link_fd = -1;
	w->filter = f;
	w->end = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	return -pthread_create(&w->thread, NULL, read_all, w);
}

void walk_read(struct walk *w, int link_fd)
{
	pthread_mutex_lock(&w->lock);
	w->link_fd = link_fd;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

/* All that was read meanwhile; NULL at the end. */
static struct walk_block *blocks_take(struct walk *w)
{
	struct walk_block *first;

	pthread_mutex_lock(&w->lock);
	while (!w->first && !w->done)
		pthread_cond_wait(&w->more, &w->lock);
	first = w->first;
	w->first = NULL;
	w->end = &w->first;
	pthread_mutex_unlock(&w->lock);
	return first;
}

static void block_spare(struct walk *w, struct walk_block *b)
{
	pthread_mutex_lock(&w->lock);
	b->next = w->spare;
	w->spare = b;
	pthread_mutex_unlock(&w->lock);
}

static void hand_over(struct walk_block *b, walk_fn fn, void *ctx)
{
	for (__u32 i = 0; i < b->n; i++) {
		b->row[i].ident.netns = b->netns;
		fn(ctx, &b->row[i]);
	}
}

static void end(struct walk *w)
{
	struct walk_slab *next;

	pthread_join(w->thread, NULL);
	for (struct walk_slab *s = w->slabs; s; s = next) {
		next = s->next;
		free(s);
	}
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->more);
}

int walk_finish(struct walk *w, walk_fn fn, void *ctx)
{
	struct walk_block *b, *next;

	while ((b = blocks_take(w))) {
		for (; b; b = next) {
			next = b->next;
			hand_over(b, fn, ctx);
			block_spare(w, b);
		}
	}
	end(w);
	return w->err;
}

void walk_cancel(struct walk *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	end(w);
}
