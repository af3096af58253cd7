// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdlib.h>

#include "series.h"

void series_add(struct series *s, double v)
{
	if (s->n < ROUNDS_MAX)
		s->v[s->n++] = v;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double nth(const struct series *s, unsigned int n)
{
	struct series sorted = *s;

	if (n >= s->n)
		return NAN;
	qsort(sorted.v, sorted.n, sizeof(*sorted.v), by_value);
	return sorted.v[n];
}

double series_median(const struct series *s)
{
	if (!s->n)
		return NAN;
	return (nth(s, (s->n - 1) / 2) + nth(s, s->n / 2)) / 2;
}

double series_min(const struct series *s)
{
	return nth(s, 0);
}

double series_max(const struct series *s)
{
	return nth(s, s->n - 1);
}
