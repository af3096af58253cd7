/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Small sockets (inet_timewait_sock) by their timer's tracepoints, which work
 * under lockdown too.  Every timer of the host passes here: the first thing is
 * to let go of those that are not ours.
 */
#ifndef TCPDWELL_SMALL_BPF_H
#define TCPDWELL_SMALL_BPF_H

#include "maps.bpf.h"
#include "store.bpf.h"
#include "sock.bpf.h"
#include "caller.bpf.h"
#include "emit.bpf.h"
#include "request.bpf.h"
#include "timer.bpf.h"
#include "tw.bpf.h"

static __always_inline __u64 tw_cookie(struct inet_timewait_sock *tw, enum small_what what)
{
	struct flow w;
	__u64 id;

	if (!config.own_ids)
		return FIELD(tw, __tw_common.skc_cookie.counter);
	__builtin_memset(&w, 0, sizeof(w));
	read_tw_flow(tw, &w);
	id = id_of_flow(&w);
	if (what == SMALL_EXPIRED)
		bpf_map_delete_elem(&flow_ids, &w);
	return id;
}

static __always_inline unsigned long tw_expires(struct inet_timewait_sock *tw)
{
	return FIELD(tw, tw_timer.expires);
}

static __always_inline __u32 tw_wheel_us(struct inet_timewait_sock *tw)
{
	return timer_wheel_us(FIELD(tw, tw_timer.expires), FIELD(tw, tw_timer.flags));
}

/*
 * Of a timer that is not set yet the place in the wheel is not known.  The cookie;
 * 0: it is not one to look at.
 */
static __always_inline __u64 emit_small(struct inet_timewait_sock *tw, enum small_what what,
					enum via via, unsigned long expires, __u32 wheel_us)
{
	struct rec_small *r;
	__u64 cookie, now_ns;

	if (!tw_wanted(tw))
		return 0;
	cookie = tw_cookie(tw, what);
	if (config.own_ids && !cookie)
		return 0;
	now_ns = bpf_ktime_get_ns();
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		count_lost(LOST_RING_FULL);
		return cookie;
	}
	r->kind = REC_SMALL;
	r->what = what;
	r->substate = FIELD(tw, tw_substate);
	r->via = via;
	r->wheel_us = wheel_us;
	r->cookie = cookie;
	r->mono_ns = now_ns;
	r->left_ns = small_left_ns(expires, now_ns);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	wake_if_wanted(now_ns);
	return cookie;
}

static __always_inline __u64 on_tw_timer(struct timer_list *timer, enum small_what what)
{
	return emit_small(tw_of_timer(timer), what, VIA_TIMER, timer->expires,
			  timer_wheel_us(timer->expires, timer->flags));
}

/* What inet_twsk_purge() looks at, when a namespace is removed. */
static __always_inline bool netns_is_gone(struct inet_timewait_sock *tw)
{
	struct net *net = BPF_CORE_READ(tw, __tw_common.skc_net.net);
	struct net___count *oldest = (void *)net;
	struct ns_common___count *older = (void *)&net->ns;
	struct ns_common___ref *newer = (void *)&net->ns;

	if (bpf_core_field_exists(newer->__ns_ref.refs.counter))
		return !BPF_CORE_READ(newer, __ns_ref.refs.counter);
	if (bpf_core_field_exists(older->count.refs.counter))
		return !BPF_CORE_READ(older, count.refs.counter);
	if (bpf_core_field_exists(oldest->count.refs.counter))
		return !BPF_CORE_READ(oldest, count.refs.counter);
	return false;
}

static __always_inline enum small_what stop_of(struct inet_timewait_sock *tw)
{
	return netns_is_gone(tw) ? SMALL_PURGED : SMALL_STOPPED;
}

/* Of TIMED_WAIT it is all the same who stopped it early. */
static __always_inline enum small_what stop_told_by(void *ctx, struct inet_timewait_sock *tw)
{
	enum small_what what = stop_of(tw);

	if (what == SMALL_STOPPED && FIELD(tw, tw_substate) == ST_FIN_WAIT2 && is_aborting(ctx))
		return SMALL_ABORTED;
	return what;
}

/* If a SYN did it, its request_sock follows at once, on this CPU: see on_req_start(). */
static __always_inline void on_tw_stop(void *ctx, struct timer_list *timer)
{
	struct inet_timewait_sock *tw = tw_of_timer(timer);
	__u64 cookie = on_tw_timer(timer, stop_told_by(ctx, tw));
	struct stopped *last;
	__u32 zero = 0;

	if (!cookie)
		return;
	last = bpf_map_lookup_elem(&last_stopped, &zero);
	if (!last)
		return;
	last->at = bpf_jiffies64();
	last->cookie = cookie;
	read_ports(&tw->__tw_common, &last->ports);
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
		on_tw_stop(ctx, timer);
	else
		on_req_stop(ctx, timer);
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
