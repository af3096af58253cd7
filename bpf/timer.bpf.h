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

#endif
