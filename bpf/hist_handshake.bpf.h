/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long a handshake took.  Its request_sock knows when the first SYN-ACK was
 * sent, and its timer is stopped between the birth of the child and the child's
 * first step, all in one softirq.
 */
#ifndef TCPDWELL_HIST_HANDSHAKE_BPF_H
#define TCPDWELL_HIST_HANDSHAKE_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "req.bpf.h"
#include "sock.bpf.h"

/* The request_sock that was done with last on this CPU. */
struct synack {
	__u64 sent_ns; /* 0: none, or one that does not tell */
	struct port_pair ports;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct synack);
} last_synack SEC(".maps");

static __always_inline struct synack *synack_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&last_synack, &zero);
}

/* What was noted before is of another connection: a child by a SYN cookie has no request_sock. */
static __always_inline void child_is_made(void)
{
	struct synack *last = synack_here();

	if (last)
		last->sent_ns = 0;
}

static __always_inline void note_synack(struct request_sock *req)
{
	struct synack *last = synack_here();

	if (!last)
		return;
	last->sent_ns = synack_sent(req);
	read_ports(&req->__req_common, &last->ports);
}

static __always_inline __u64 synack_of(const struct sock *sk)
{
	const struct synack *last = synack_here();

	if (!last || last->ports.rport != sk->__sk_common.skc_dport ||
	    last->ports.lport != sk->__sk_common.skc_num)
		return 0;
	return last->sent_ns;
}

/*
 * As handshake_time() in step.bpf.h: where the request_sock did not tell, the one
 * sample that the RTT has, unless the SYN-ACK was sent again.  0: it can't be told.
 */
static __always_inline __u64 handshake_ns(struct sock *sk, __u64 now_ns)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	__u64 sent_ns = synack_of(sk);

	if (sent_ns && sent_ns < now_ns)
		return now_ns - sent_ns;
	if (!tp || tp->total_retrans || BPF_CORE_READ_BITFIELD(tp, syn_data_acked))
		return 0;
	return (tp->srtt_us >> 3) * 1000ULL;
}

#endif
