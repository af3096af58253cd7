/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Small sockets (inet_timewait_sock) by their timer's tracepoints, which work
 * under lockdown too.  Every timer of the host passes here: the first thing is
 * to let go of those that are not ours.
 */
#ifndef TCPDWELL_SMALL_BPF_H
#define TCPDWELL_SMALL_BPF_H

#include "maps.bpf.h"
#include "sock.bpf.h"
#include "emit.bpf.h"
#include "request.bpf.h"
#include "timer.bpf.h"

/* net/ipv4/inet_timewait_sock.c; static, so known by address alone */
extern const void tw_timer_handler __ksym __weak;

static __always_inline bool is_tw_timer(const struct timer_list *timer)
{
	return (const void *)timer->function == &tw_timer_handler;
}

static __always_inline struct inet_timewait_sock *tw_of_timer(struct timer_list *timer)
{
	return (void *)timer - bpf_core_field_offset(struct inet_timewait_sock, tw_timer);
}

static __always_inline void read_tw_flow(struct inet_timewait_sock *tw, struct flow *w)
{
	w->family = BPF_CORE_READ(tw, __tw_common.skc_family) == AF_INET6 ? 6 : 4;
	w->lport = bpf_ntohs(BPF_CORE_READ(tw, tw_sport));
	w->rport = bpf_ntohs(BPF_CORE_READ(tw, __tw_common.skc_dport));
	w->netns = BPF_CORE_READ(tw, __tw_common.skc_net.net, ns.inum);
	if (w->family == 6) {
		BPF_CORE_READ_INTO(&w->laddr, tw, __tw_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&w->raddr, tw, __tw_common.skc_v6_daddr);
		return;
	}
	w->laddr[0] = 0;
	w->laddr[1] = v4_mapped_tail(BPF_CORE_READ(tw, __tw_common.skc_rcv_saddr));
	w->raddr[0] = 0;
	w->raddr[1] = v4_mapped_tail(BPF_CORE_READ(tw, __tw_common.skc_daddr));
}

static __always_inline bool tw_wanted(struct inet_timewait_sock *tw)
{
	struct flow w;

	if (!config.flow_filter)
		return true;
	read_tw_flow(tw, &w);
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

static __always_inline unsigned long tw_expires(struct inet_timewait_sock *tw)
{
	return BPF_CORE_READ(tw, tw_timer.expires);
}

static __always_inline __u32 tw_wheel_us(struct inet_timewait_sock *tw)
{
	return timer_wheel_us(BPF_CORE_READ(tw, tw_timer.expires),
			      BPF_CORE_READ(tw, tw_timer.flags));
}

/* Of a timer that is not set yet the place in the wheel is not known. */
static __always_inline void emit_small(struct inet_timewait_sock *tw, enum small_what what,
				       enum via via, unsigned long expires, __u32 wheel_us)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct rec_small *r;

	if (!tw_wanted(tw))
		return;
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		count_lost(LOST_RING_FULL);
		return;
	}
	r->kind = REC_SMALL;
	r->what = what;
	r->substate = BPF_CORE_READ(tw, tw_substate);
	r->via = via;
	r->wheel_us = wheel_us;
	r->cookie = BPF_CORE_READ(tw, __tw_common.skc_cookie.counter);
	r->mono_ns = now_ns;
	r->left_ns = small_left_ns(expires, now_ns);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	wake_if_wanted(now_ns);
}

static __always_inline void on_tw_timer(struct timer_list *timer, enum small_what what)
{
	emit_small(tw_of_timer(timer), what, VIA_TIMER, timer->expires,
		   timer_wheel_us(timer->expires, timer->flags));
}

/* What inet_twsk_purge() looks at, when a namespace is removed. */
static __always_inline bool netns_is_gone(struct inet_timewait_sock *tw)
{
	struct net *net = BPF_CORE_READ(tw, __tw_common.skc_net.net);
	struct ns_common___count *older = (void *)&net->ns;
	struct ns_common___ref *newer = (void *)&net->ns;

	if (bpf_core_field_exists(newer->__ns_ref))
		return !BPF_CORE_READ(newer, __ns_ref.refs.counter);
	if (bpf_core_field_exists(older->count))
		return !BPF_CORE_READ(older, count.refs.counter);
	return false;
}

static __always_inline enum small_what stop_of(struct inet_timewait_sock *tw)
{
	return netns_is_gone(tw) ? SMALL_PURGED : SMALL_STOPPED;
}

/* If a SYN did it, its request_sock follows at once, on this CPU: see on_req_start(). */
static __always_inline void on_tw_stop(struct timer_list *timer)
{
	struct inet_timewait_sock *tw = tw_of_timer(timer);
	struct stopped *last;
	__u32 zero = 0;

	on_tw_timer(timer, stop_of(tw));
	last = bpf_map_lookup_elem(&last_stopped, &zero);
	if (!last)
		return;
	last->at_ns = bpf_ktime_get_ns();
	last->cookie = BPF_CORE_READ(tw, __tw_common.skc_cookie.counter);
	last->rport = BPF_CORE_READ(tw, __tw_common.skc_dport);
	last->lport = BPF_CORE_READ(tw, tw_sport);
}

SEC("tp_btf/timer_start")
int BPF_PROG(timer_start, struct timer_list *timer)
{
	if (config.tw_timers && is_tw_timer(timer))
		on_tw_timer(timer, SMALL_BORN);
	else if (is_req_timer(timer))
		on_req_start(timer);
	return 0;
}

/*
 * Fires before a timer is set again and before it expires too.  An expiry is
 * told by the next program; in a re-arm a start follows at once.
 */
SEC("tp_btf/timer_cancel")
int BPF_PROG(timer_cancel, struct timer_list *timer)
{
	bool tw = config.tw_timers && is_tw_timer(timer);

	if ((!tw && !is_req_timer(timer)) || timer_left_ns(timer->expires) <= 0)
		return 0;
	if (tw)
		on_tw_stop(timer);
	else
		on_req_stop(timer);
	return 0;
}

SEC("tp_btf/timer_expire_entry")
int BPF_PROG(timer_expire, struct timer_list *timer)
{
	if (config.tw_timers && is_tw_timer(timer))
		on_tw_timer(timer, SMALL_EXPIRED);
	else if (is_req_timer(timer))
		on_req_expire(timer);
	return 0;
}

#endif
