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

/*
 * Whether tcp_abort() is at work.  A kernel that does not tell its stack: false.
 *
 * Since kernel commit 37cce22dbd51 ("bpf: verifier: Refactor helper access type
 * tracking"), and until 802eef5afb18 ("bpf: Fix memory access flags in helper
 * prototypes"), the verifier holds that bpf_get_stack() only reads the buffer in such
 * programs: of zeros put there it knows that they are no caller, and drops the rest.
 * So the buffer is first filled with what it can't know; with which bytes is all the same.
 */
static __always_inline bool is_aborting(void *ctx)
{
	__u64 begin = (__u64)&tcp_abort;
	__u64 ip[CALLERS];
	long len;
	int i;

	if (!begin)
		return false;
	bpf_probe_read_kernel(ip, sizeof(ip), &tcp_abort);
	len = bpf_get_stack(ctx, ip, sizeof(ip), 0);
	for (i = 0; i < CALLERS && len > i * (long)sizeof(*ip); i++)
		if (ip[i] - begin < ABORT_LEN)
			return true;
	return false;
}

#endif
