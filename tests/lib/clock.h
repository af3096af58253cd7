/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TEST_CLOCK_H
#define TEST_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS 1000000LL
#define NS_PER_S 1000000000LL

/* The clock of the tracer's mono_ns. */
static inline int64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static inline int64_t clock_ms(void)
{
	return clock_ns() / NS_PER_MS;
}

static inline void sleep_ms(long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * NS_PER_MS};

	while (nanosleep(&ts, &ts))
		;
}

/* How long to wait for what must come: long, since machines may be slow. */
#define PATIENCE_MS 20000

#endif
