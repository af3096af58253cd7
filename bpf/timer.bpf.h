/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel timers, whose times are jiffies. */
#ifndef TCPDWELL_TIMER_BPF_H
#define TCPDWELL_TIMER_BPF_H

#include <bpf/bpf_helpers.h>
#include "config.bpf.h"

static __always_inline __s64 jiffies_to_ns(__s64 jiffies)
{
	return jiffies * (__s64)config.jiffy_ns;
}

/* Until a timer expires; below 0 it is late. */
static __always_inline __s64 timer_left_ns(unsigned long expires)
{
	return jiffies_to_ns((long)(expires - (unsigned long)bpf_jiffies64()));
}

/* As timer_pending(): it is set, and has neither expired nor been stopped. */
static __always_inline bool timer_is_set(const struct timer_list *timer)
{
	return timer->entry.pprev != NULL;
}

/*
 * Kernel timers wait in the buckets of a wheel: 64 at each level, each level's 8
 * times as wide as those of the one below, and are over when their bucket is:
 * kernel/time/timer.c since Linux 4.8 (500462a9de65).  Where a timer waits is in
 * its flags.
 */
#define WHEEL_SLOT_BITS 6
#define WHEEL_LEVEL_BITS 3
#define TIMER_ARRAYSHIFT 22

/* How much later than its expiry a timer that is set will expire, in us. */
static __always_inline __u32 timer_wheel_us(unsigned long expires, __u32 flags)
{
	__u32 idx = flags >> TIMER_ARRAYSHIFT;
	__u32 shift = (idx >> WHEEL_SLOT_BITS) * WHEEL_LEVEL_BITS;
	unsigned long bucket = expires >> shift;

	if (shift > 24) /* weeks */
		return 0;
	bucket += (idx - bucket) & ((1 << WHEEL_SLOT_BITS) - 1);
	return (__u64)jiffies_to_ns((bucket << shift) - expires) /
	       1000; /* BPF has no signed division */
}

#endif
