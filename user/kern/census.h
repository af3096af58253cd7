/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All TCP sockets there are, read once: nothing is attached to the kernel, nothing followed. */
#ifndef TCPDWELL_KERN_CENSUS_H
#define TCPDWELL_KERN_CENSUS_H

#include "kern/tracer.h"

struct list_bpf;

struct census {
	struct list_bpf *skel;
	struct tracer rows; /* its iterators alone */
};

/*
 * Of the filter only the cgroups count here: the rest is for whoever gets the
 * rows.  0, or as tracer_open(), which see also for the message.
 */
int census_open(struct census *c, const struct filter *f);
void census_close(struct census *c);

/*
 * The rows of all network namespaces, each namespace's listeners before its
 * request sockets; rows.n_netns is set.  ROW_FILTERED: not of the cgroups; of
 * a request socket it is the listener's matter, whose cookie it has.  As
 * tracer_rows().
 */
int census_read(struct census *c, row_fn fn, void *ctx);

#endif
