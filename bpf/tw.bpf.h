/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading a small socket (inet_timewait_sock), and finding it by its timer. */
#ifndef TCPDWELL_TW_BPF_H
#define TCPDWELL_TW_BPF_H

#include "config.bpf.h"
#include "sock.bpf.h"
#include "timer.bpf.h"
#include "typed.bpf.h"

/* net/ipv4/inet_timewait_sock.c; static, so known by address alone */
extern const void tw_timer_handler __ksym __weak;

static __always_inline bool is_tw_timer(const struct timer_list *timer)
{
	return (const void *)timer->function == &tw_timer_handler;
}

static __always_inline struct inet_timewait_sock *tw_of_timer(struct timer_list *timer)
{
	return TYPED(struct inet_timewait_sock,
		     (void *)timer - bpf_core_field_offset(struct inet_timewait_sock, tw_timer));
}

static __always_inline void read_tw_parts(struct inet_timewait_sock *tw, __u32 parts,
					  struct flow *w)
{
	if (parts & FLOW_LPORT)
		w->lport = bpf_ntohs(FIELD(tw, tw_sport));
	read_parts(&tw->__tw_common, parts, w);
}

static __always_inline void read_tw_flow(struct inet_timewait_sock *tw, struct flow *w)
{
	read_tw_parts(tw, FLOW_ALL, w);
}

static __always_inline bool tw_wanted(struct inet_timewait_sock *tw)
{
	struct flow w = {};

	if (!config.flow_filter)
		return true;
	read_tw_parts(tw, flow_parts(&config.filter), &w);
	return filter_flow(&config.filter, &w) == MATCH_YES;
}

/*
 * When jiffy 0 was: the kernel counts them by CLOCK_MONOTONIC.  A machine that
 * is busy counts late, so that the earliest is the right one; races harm no
 * more than that.  Were each expiry reckoned from the jiffies of its moment, the
 * same one would seem to be another.
 */
static __s64 jiffy_zero_ns;

static __always_inline __s64 small_left_ns(unsigned long expires, __u64 now_ns)
{
	__s64 zero = now_ns - jiffies_to_ns(bpf_jiffies64());

	if (!jiffy_zero_ns || zero < jiffy_zero_ns)
		jiffy_zero_ns = zero;
	return jiffy_zero_ns + jiffies_to_ns(expires) - now_ns;
}

#endif
