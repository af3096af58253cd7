/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Dwell times in a log-linear histogram: 8 buckets for each power of two, so that a percentile is
 * off by at most an eighth. */
#ifndef TCPDWELL_MODEL_DWELLS_H
#define TCPDWELL_MODEL_DWELLS_H

#include <linux/types.h>

#define DWELL_BUCKETS 496

struct dwells {
	__u64 n;
	__u64 min_ns, max_ns;
	__u64 bucket[DWELL_BUCKETS];
};

void dwells_add(struct dwells *d, __u64 ns);
void dwells_merge(struct dwells *d, const struct dwells *more);

/* The dwell that so many of a thousand do not exceed; 0 when there is none. */
__u64 dwells_permille(const struct dwells *d, unsigned int permille);

/* Bucket of a dwell, and the least dwell of a bucket. */
unsigned int dwells_bucket(__u64 ns);
__u64 dwells_low(unsigned int bucket);

#endif
