/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Dwell times in the buckets of hist.h: a percentile is off by at most an eighth. */
#ifndef TCPDWELL_MODEL_DWELLS_H
#define TCPDWELL_MODEL_DWELLS_H

#include "hist.h"

struct dwells {
	__u64 n;
	__u64 min_ns, max_ns;
	__u64 bucket[HIST_BUCKETS];
};

void dwells_add(struct dwells *d, __u64 ns);
void dwells_merge(struct dwells *d, const struct dwells *more);

/* The dwell that so many of a thousand do not exceed; 0 when there is none. */
__u64 dwells_permille(const struct dwells *d, unsigned int permille);

#endif
