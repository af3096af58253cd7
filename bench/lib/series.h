/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One figure over the rounds. */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#define ROUNDS_MAX 64

struct series {
	double v[ROUNDS_MAX];
	unsigned int n;
};

void series_add(struct series *s, double v);
/* NAN when there is nothing. */
double series_median(const struct series *s);
double series_min(const struct series *s);
double series_max(const struct series *s);

#endif
