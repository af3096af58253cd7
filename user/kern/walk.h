/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rows of all network namespaces, read in a thread of its own: the kernel goes
 * through its tables while what came already is looked at.
 */
#ifndef TCPDWELL_KERN_WALK_H
#define TCPDWELL_KERN_WALK_H

#include <pthread.h>
#include <stdbool.h>

#include "filter.h"
#include "wire.h"

struct walk_block;

struct walk {
	int link_fd;
	const struct filter *filter;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t more;
	struct walk_block *first, **end; /* read, and not yet taken */
	struct walk_block *spare;
	bool done;
	int err;
	unsigned int n_netns; /* read */
};

/* Begins to read the iterator of a link in the namespaces that f, which must stay, wants.  0 or
 * -errno. */
int walk_start(struct walk *w, int link_fd, const struct filter *f);

/*
 * Hands over each row, its namespace filled in, until there are no more, and ends the
 * thread; to be called once after walk_start().  fn may write into the row.  With fn NULL the rows
 * are dropped.  0 or -errno.
 */
typedef void (*walk_fn)(void *ctx, struct row_sock *row);
int walk_finish(struct walk *w, walk_fn fn, void *ctx);

#endif
