/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter of a replay, which live is the kernel side's.  The model has to hear of everything:
 * owners and ports come from other records than those that are asked for. */
#ifndef TCPDWELL_REC_SIFT_H
#define TCPDWELL_REC_SIFT_H

#include "model/model.h"
#include "rec/event.h"

struct sift {
	struct filter filter;
	bool active;
	/* A cgroup is asked for by its path, or a part of it from the root on, or its number. */
	const char *cgroup[FILTER_MAX];
	unsigned int n_cgroup;
	const char *(*cgroup_path)(__u64 id);
};

/* For model.picks; ctx is a struct sift. */
enum match sift_picks(const void *ctx, const struct conn *c);

#endif
