/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading a request_sock, and finding it by its timer. */
#ifndef TCPDWELL_REQ_BPF_H
#define TCPDWELL_REQ_BPF_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "typed.bpf.h"

/* net/ipv4/inet_connection_sock.c; static, so known by address alone */
extern const void reqsk_timer_handler __ksym __weak;

static __always_inline bool is_req_timer(const struct timer_list *timer)
{
	const void *handler = &reqsk_timer_handler;

	return handler && (const void *)timer->function == handler;
}

static __always_inline struct request_sock *req_of_timer(struct timer_list *timer)
{
	return TYPED(struct request_sock,
		     (void *)timer - bpf_core_field_offset(struct request_sock, rsk_timer));
}

/* In us, by the clock that is ours too, and only of the first: 0 before that, and with SYN cookies.
 */
static __always_inline __u64 synack_sent(struct request_sock *req)
{
	struct tcp_request_sock *tcp = TYPED(struct tcp_request_sock, req);

	return FIELD(tcp, snt_synack) * 1000;
}

#endif
