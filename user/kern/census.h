/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All TCP sockets there are, read once: nothing is attached to the kernel, nothing followed. */
#ifndef TCPDWELL_KERN_CENSUS_H
#define TCPDWELL_KERN_CENSUS_H

#include "kern/tracer.h"
#include "kern/walk.h"

struct list_bpf;
struct claims_bpf;

struct census {
	const struct filter *filter;
	struct list_bpf *fast;
	struct claims_bpf *claims; /* once they were read */
	struct tracer slow;	   /* in their place where the kernel does not take it */
	struct walk walk;
	bool begun;   /* the walk of the next census_read() */
	int claim_fd; /* the links of the iterators */
	int list_fd;
	unsigned int n_netns; /* read by the last census_read(); known with its first row */
	__u32 unmet; /* ... and a bit for each of the filter's namespaces that is not among them */
	bool no_owners; /* set to leave out who holds what, which takes a run of its own */
};

/*
 * Of the filter, which must stay, the namespaces and cgroups count here: the
 * rest is for whoever gets the rows.  0, or as tracer_open(), which see also
 * for the message.
 */
int census_open(struct census *c, const struct filter *f);
void census_close(struct census *c);

/*
 * Hands over the rows of all namespaces, each namespace's listeners before its
 * request sockets.  ROW_FILTERED: not of the cgroups; of a small or a request
 * socket the kernel can't tell.  0 or -errno.
 */
int census_read(struct census *c, row_fn fn, void *ctx);

#endif
