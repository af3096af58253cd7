// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One tiny program for each thing that the tracer would like to do: what the
 * kernel says to it is what `tcpdwell doctor` shows.  Each is loaded alone, and
 * only for a moment.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* net/ipv4/inet_timewait_sock.c, net/ipv4/inet_connection_sock.c */
extern const void tw_timer_handler __ksym __weak;
extern const void reqsk_timer_handler __ksym __weak;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* rounded up to a page by the loader */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, __u64);
} storage SEC(".maps");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(probe_tracepoint, struct sock *sk, int from, int to)
{
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(probe_ring, struct sock *sk, int from, int to)
{
	void *room = bpf_ringbuf_reserve(&ring, 8, 0);

	if (room)
		bpf_ringbuf_discard(room, BPF_RB_NO_WAKEUP);
	return 0;
}

/* It must not leave storage at the sockets that pass. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(probe_storage, struct sock *sk, int from, int to)
{
	bpf_sk_storage_get(&storage, sk, 0, 0);
	return 0;
}

/* The tracer gives each socket a cookie in passing; `ss -e` does so too. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(probe_cookie, struct sock *sk, int from, int to)
{
	bpf_get_socket_cookie(sk);
	return 0;
}

/* What lockdown=confidentiality takes away. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(probe_read_kernel, struct sock *sk, int from, int to)
{
	__u64 word;

	bpf_probe_read_kernel(&word, sizeof(word), sk);
	return 0;
}

SEC("iter/tcp")
int probe_iter_tcp(struct bpf_iter__tcp *ctx)
{
	return 0;
}

SEC("iter/task_file")
int probe_iter_task_file(struct bpf_iter__task_file *ctx)
{
	return 0;
}

SEC("iter/task_file")
int probe_sock_from_file(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;

	if (file)
		bpf_sock_from_file(file);
	return 0;
}

/* Global and in every kernel from 4.19 on; called once for each small socket. */
SEC("fentry/tcp_time_wait")
int BPF_PROG(probe_fentry)
{
	return 0;
}

SEC("fexit/tcp_time_wait")
int BPF_PROG(probe_fexit)
{
	return 0;
}

/*
 * The timer tracepoints fire for every timer of the host: whoever looks at this
 * kernel pays for them only for a moment.
 */
SEC("tp_btf/timer_start")
int BPF_PROG(probe_timer_start, struct timer_list *timer)
{
	return 0;
}

SEC("tp_btf/timer_cancel")
int BPF_PROG(probe_timer_cancel, struct timer_list *timer)
{
	return 0;
}

SEC("tp_btf/timer_expire_entry")
int BPF_PROG(probe_timer_expire, struct timer_list *timer)
{
	return 0;
}

SEC("tp_btf/timer_start")
int BPF_PROG(probe_tw_handler, struct timer_list *timer)
{
	return (const void *)timer->function == &tw_timer_handler;
}

SEC("tp_btf/timer_start")
int BPF_PROG(probe_reqsk_handler, struct timer_list *timer)
{
	return (const void *)timer->function == &reqsk_timer_handler;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(probe_receive_reset, struct sock *sk)
{
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(probe_send_reset, struct sock *sk)
{
	return 0;
}
