// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Entry points of the kernel side. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "states.h"
#include "maps.bpf.h"
#include "sock.bpf.h"
#include "again.bpf.h"
#include "emit.bpf.h"
#include "step.bpf.h"
#include "stream.bpf.h"
#include "small.bpf.h"
#include "fentry.bpf.h"
#include "iter.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int take_step(struct sock *sk, int from, int to, __u8 flags)
{
	/* close() after our FIN went out sets the state that it has: no transition */
	if (from == to || !is_tcp(sk))
		return 0;
	/* the children of an MPTCP listener share its cookie: told apart by what is kept */
	if (config.stream && sk->sk_protocol == IPPROTO_TCP)
		stream_step(sk, from, to, flags);
	else
		on_step(sk, from, to, flags);
	if (to == ST_CLOSE)
		store_forget(sk);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int from, int to)
{
	note_taken(sk, to);
	return take_step(sk, from, to, 0);
}

/* Behind the first, by the order in which they are attached. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(set_state_again, struct sock *sk, int from, int to)
{
	if (was_taken(sk, to))
		return 0;
	__sync_fetch_and_add(&counters.again, 1);
	return take_step(sk, from, to, STEP_AGAIN);
}

static __always_inline void mark_reset(struct sock *sk, __u8 flag)
{
	if (config.stream && sk->sk_protocol == IPPROTO_TCP)
		note_reset(sk, flag);
	else
		mark_sock(sk, flag);
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(receive_reset, struct sock *sk)
{
	mark_reset(sk, STEP_RST_IN);
	return 0;
}

/* From Linux 6.12 on sk may be NULL, and the arguments are more. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(send_reset, struct sock *sk)
{
	struct inet_timewait_sock *tw = TYPED(struct inet_timewait_sock, sk);

	if (!sk)
		return 0;
	if (sk->__sk_common.skc_state == ST_TIME_WAIT)
		emit_small(tw, SMALL_RESET_OUT, VIA_TIMER, tw_expires(tw), 0);
	else if (sk->__sk_common.skc_state == ST_LISTEN)
		note_refusal(sk->__sk_common.skc_num, bpf_ktime_get_ns());
	else
		mark_reset(sk, STEP_RST_OUT);
	return 0;
}
