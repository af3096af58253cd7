// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/dwells.h"

void dwells_add(struct dwells *d, __u64 ns)
{
	if (!d->n || ns < d->min_ns)
		d->min_ns = ns;
	if (ns > d->max_ns)
		d->max_ns = ns;
	d->n++;
	d->bucket[hist_bucket(ns)]++;
}

void dwells_merge(struct dwells *d, const struct dwells *more)
{
	if (!more->n)
		return;
	if (!d->n || more->min_ns < d->min_ns)
		d->min_ns = more->min_ns;
	if (more->max_ns > d->max_ns)
		d->max_ns = more->max_ns;
	d->n += more->n;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		d->bucket[i] += more->bucket[i];
}

/* The middle of its bucket, but never outside of what there was. */
static __u64 middle(const struct dwells *d, unsigned int bucket)
{
	__u64 ns = (hist_from(bucket) + hist_from(bucket + 1)) / 2;

	if (ns < d->min_ns)
		return d->min_ns;
	return ns > d->max_ns ? d->max_ns : ns;
}

__u64 dwells_permille(const struct dwells *d, unsigned int permille)
{
	/* the rank from 1 on, rounded up; n * 1000 does not overflow for any count of ours */
	__u64 rank = (d->n * permille + 999) / 1000, seen = 0;

	if (!d->n)
		return 0;
	if (rank < 1)
		rank = 1;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		seen += d->bucket[i];
		if (seen >= rank)
			return middle(d, i);
	}
	return d->max_ns;
}
