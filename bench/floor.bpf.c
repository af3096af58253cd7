// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The least that tracing can cost: an empty program on the tracepoint; empty
 * ones wherever the timer tier has one; and those with the one thing that no
 * tracer can do without, the time of each transition in a ring buffer.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "wire.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool record;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(floor_set_state)
{
	struct rec_step *r;

	if (!record)
		return 0;
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r)
		return 0;
	__builtin_memset(r, 0, sizeof(*r));
	r->mono_ns = bpf_ktime_get_ns();
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(floor_set_state_again)
{
	return 0;
}

SEC("tp_btf/timer_start")
int BPF_PROG(floor_timer_start)
{
	return 0;
}

SEC("tp_btf/timer_cancel")
int BPF_PROG(floor_timer_cancel)
{
	return 0;
}

SEC("tp_btf/timer_expire_entry")
int BPF_PROG(floor_timer_expire)
{
	return 0;
}
