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
struct walk_slab;

struct walk {
	const struct filter *filter;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t more;
	int link_fd; /* -1 until it is known */
	bool stop;
	struct walk_block *first, **end; /* read, and not yet taken */
	struct walk_block *spare;
	struct walk_slab *slabs; /* all of them are in one of these */
	bool done;
	int err;
	unsigned int n_netns; /* of which rows are read; known with the first row */
	__u32 unmet;	      /* a bit for each of the filter's namespaces that was not found */
};

/* Begins, with a search for the namespaces that f, which must stay, wants.  0 or -errno. */
int walk_start(struct walk *w, const struct filter *f);

/* Reads the iterator of a link in each of them. */
void walk_read(struct walk *w, int link_fd);

/*
 * Hands over each row, its namespace filled in, until there are no more, and ends
 * the thread.  fn may write into the row.  0 or -errno.
 */
typedef void (*walk_fn)(void *ctx, struct row_sock *row);
int walk_finish(struct walk *w, walk_fn fn, void *ctx);

/* Ends it, whatever it is at: in place of walk_finish(). */
void walk_cancel(struct walk *w);

#endif
