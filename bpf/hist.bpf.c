// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `tcpdwell hist`: how long sockets stay in each state, counted here.  No record
 * leaves the kernel, so that this is an object of its own, without the tracer's
 * ring buffer.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "hist_handshake.bpf.h"
#include "hist_sock.bpf.h"
#include "hist_small.bpf.h"
#include "again.bpf.h"
#include "held.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(hist_set_state, struct sock *sk, int from, int to)
{
	note_taken(sk, to);
	return take_step(sk, from, to);
}

/* Behind the first, by the order in which they are attached: see again.bpf.h. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(hist_set_state2, struct sock *sk, int from, int to)
{
	if (was_taken(sk, to) || is_counted(sk, from, to))
		return 0;
	__sync_fetch_and_add(&counters.again, 1);
	return take_step(sk, from, to);
}

/*
 * Small sockets: their timers
 */

SEC("tp_btf/timer_start")
int BPF_PROG(hist_timer_start, struct timer_list *timer)
{
	struct inet_timewait_sock *tw = tw_of_timer(timer);
	__u32 zero = 0;
	struct here *h;

	if (!is_tw_timer(timer))
		return 0;
	h = bpf_map_lookup_elem(&here, &zero);
	if (!h)
		return 0;
	if (h->stop.tw == (__u64)tw) {
		set_again(&h->stop);
		return 0;
	}
	if (h->stop.tw) {
		small_over(&h->stop);
		h->stop.tw = 0;
	}
	h->made.tw = (__u64)tw;
	h->made.lport = FIELD(tw, tw_sport);
	h->made.rport = FIELD(tw, __tw_common.skc_dport);
	h->made.substate = FIELD(tw, tw_substate);
	return 0;
}

/* Before an expiry too, which the next program takes. */
SEC("tp_btf/timer_cancel")
int BPF_PROG(hist_timer_cancel, struct timer_list *timer)
{
	__u32 zero = 0;
	struct here *h;

	if (is_req_timer(timer))
		note_synack(req_of_timer(timer));
	if (!is_tw_timer(timer) || timer_left_ns(timer->expires) <= 0)
		return 0;
	h = bpf_map_lookup_elem(&here, &zero);
	if (!h)
		return 0;
	if (h->stop.tw)
		small_over(&h->stop);
	read_stop(timer, &h->stop);
	return 0;
}

SEC("tp_btf/timer_expire_entry")
int BPF_PROG(hist_timer_expire, struct timer_list *timer)
{
	struct stop s;

	if (!is_tw_timer(timer))
		return 0;
	read_stop(timer, &s);
	small_over(&s);
	return 0;
}

/*
 * Before a view: most re-arms of a timer (the peer's FIN, which ends FIN_WAIT_2)
 * stay within a bucket of the wheel, and no tracepoint tells of them.
 */
SEC("iter/bpf_map_elem")
int hist_look(struct bpf_iter__bpf_map_elem *ctx)
{
	struct inet_timewait_sock *tw;
	struct small *small = ctx->value;
	__u64 *key = ctx->key;
	__u64 now_ns, began_ns;

	if (!key || !small || !small->since_ns)
		return 0;
	tw = (void *)*key;
	if (BPF_CORE_READ(tw, tw_substate) != ST_TIME_WAIT)
		return 0;
	now_ns = bpf_ktime_get_ns();
	began_ns =
		now_ns + small_left_ns(BPF_CORE_READ(tw, tw_timer.expires), now_ns) - TIMEWAIT_NS;
	fin_wait_2_over(small, began_ns);
	small->since_ns = 0;
	return 0;
}

/*
 * What is there at the start: who holds it, for the children of listeners.
 */
SEC("iter/task_file")
int hist_claim(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct sock *sk = held_sock(ctx->file);
	struct sock_owner *o;

	if (!task || !sk)
		return 0;
	o = bpf_sk_storage_get(&owners, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (o && o->how == OWNER_UNKNOWN)
		owner_is_holder(o, task);
	return 0;
}
