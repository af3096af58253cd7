/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * By whom the kernel was brought to do what a tracepoint tells of, where nothing
 * else says so: by the return addresses on its stack.  That takes a microsecond
 * or two, which only what is rare may.
 */
#ifndef TCPDWELL_CALLER_BPF_H
#define TCPDWELL_CALLER_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

/* The tracepoint's own callers, the timer's, those of the small or request socket, and some. */
#define CALLERS 24
/* Longer than any build of tcp_abort(); what follows it does not end such sockets. */
#define ABORT_LEN 1536

/* net/ipv4/tcp.c: SOCK_DESTROY (`ss -K`), and bpf_sock_destroy() */
extern const void tcp_abort __ksym __weak;

/* Whether tcp_abort() is at work.  A kernel that does not tell its stack: false. */
static __always_inline bool is_aborting(void *ctx)
{
	__u64 begin = (__u64)&tcp_abort;
	__u64 ip[CALLERS] = {};
	int i;

	if (!begin || bpf_get_stack(ctx, ip, sizeof(ip), 0) < 0)
		return false;
	for (i = 0; i < CALLERS; i++)
		if (ip[i] - begin < ABORT_LEN)
			return true;
	return false;
}

#endif
