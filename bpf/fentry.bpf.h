/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Small sockets by the functions that make, serve and free them; and who
 * accepts.  The loader chooses the programs by what the kernel's BTF says of
 * each function: names and signatures have changed.
 */
#ifndef TCPDWELL_FENTRY_BPF_H
#define TCPDWELL_FENTRY_BPF_H

#include "small.bpf.h"
#include "step.bpf.h"

/* enum tcp_tw_status in include/net/tcp.h */
#define TCP_TW_RST 1
#define TCP_TW_SYN 3

/* TCP_TIMEWAIT_LEN */
#define TIME_WAIT_NS 60000000000LL

/* Until Linux 6.9 the timer is running by now. */
SEC("fentry/inet_twsk_hashdance")
int BPF_PROG(tw_born, struct inet_timewait_sock *tw)
{
	emit_small(tw, SMALL_BORN, VIA_FENTRY, tw_expires(tw), tw_wheel_us(tw));
	return 0;
}

/* Since Linux 6.10 (b334b924c9b7) this starts the timer, in timeo jiffies. */
SEC("fentry/inet_twsk_hashdance_schedule")
int BPF_PROG(tw_born_schedule, struct inet_timewait_sock *tw, struct sock *sk, void *hashinfo,
	     int timeo)
{
	emit_small(tw, SMALL_BORN, VIA_FENTRY, bpf_jiffies64() + timeo, 0);
	return 0;
}

/*
 * A segment was served.  If its timer was set again, it has the whole time to
 * go (a segment in the jiffy of the last re-arm looks the same; the user side
 * knows the old expiry).
 */
static __always_inline void tw_served(struct inet_timewait_sock *tw, struct tcphdr *th, int status)
{
	unsigned long expires = tw_expires(tw);

	if (status == TCP_TW_SYN)
		emit_small(tw, SMALL_REUSED, VIA_FENTRY, expires, tw_wheel_us(tw));
	else if (status == TCP_TW_RST)
		emit_small(tw, SMALL_RESET_OUT, VIA_FENTRY, expires, tw_wheel_us(tw));
	else if (BPF_CORE_READ_BITFIELD_PROBED(th, rst))
		emit_small(tw, SMALL_RESET_IN, VIA_FENTRY, expires, tw_wheel_us(tw));
	else if (timer_left_ns(expires) >= TIME_WAIT_NS - 2 * (__s64)config.jiffy_ns)
		emit_small(tw, SMALL_BORN, VIA_FENTRY, expires, tw_wheel_us(tw));
}

/* 3 arguments until Linux 6.9, then 4, then 5: the result is behind them. */
SEC("fexit/tcp_timewait_state_process")
int BPF_PROG(tw_served3, struct inet_timewait_sock *tw, struct sk_buff *skb, struct tcphdr *th,
	     int status)
{
	tw_served(tw, th, status);
	return 0;
}

SEC("fexit/tcp_timewait_state_process")
int BPF_PROG(tw_served4, struct inet_timewait_sock *tw, struct sk_buff *skb, struct tcphdr *th,
	     void *isn, int status)
{
	tw_served(tw, th, status);
	return 0;
}

SEC("fexit/tcp_timewait_state_process")
int BPF_PROG(tw_served5, struct inet_timewait_sock *tw, struct sk_buff *skb, struct tcphdr *th,
	     void *isn, void *reason, int status)
{
	tw_served(tw, th, status);
	return 0;
}

/* Before its time: by a segment, a new connection, its namespace's end, SOCK_DESTROY. */
SEC("fentry/inet_twsk_deschedule_put")
int BPF_PROG(tw_stopped, struct inet_timewait_sock *tw)
{
	emit_small(tw, stop_of(tw), VIA_FENTRY, tw_expires(tw), 0);
	return 0;
}

SEC("fentry/inet_twsk_kill")
int BPF_PROG(tw_killed, struct inet_timewait_sock *tw)
{
	unsigned long expires = tw_expires(tw);

	if (timer_left_ns(expires) <= 0)
		emit_small(tw, SMALL_EXPIRED, VIA_FENTRY, expires, tw_wheel_us(tw));
	return 0;
}

static __always_inline void emit_owner(struct sock *sk)
{
	struct rec_owner *r;

	if (sock_wanted(sk, ST_ESTABLISHED) != MATCH_YES || !filter_cgroup(&config.filter, sk))
		return;
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		count_lost(LOST_RING_FULL);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->kind = REC_OWNER;
	r->cookie = sock_cookie(sk);
	owner_is_current(&r->owner, OWNER_ACCEPT);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	wake_if_wanted(bpf_ktime_get_ns());
}

/* The accepting task, in its own context: a better owner than the listener's. */
static __always_inline void accepted(struct sock *sk)
{
	struct sock_store *st;

	if (!sk)
		return;
	if (config.stream && sk->sk_protocol == IPPROTO_TCP) {
		emit_owner(sk);
		return;
	}
	st = store_find(sk);
	if (!st || st->owner.how > OWNER_ACCEPT)
		return;
	owner_is_current(&st->owner, OWNER_ACCEPT);
	st->told = 0; /* the next record repeats the identity */
}

/* Until Linux 6.9: (sk, flags, err, kern); since (92ef0fd55ac8): (sk, arg). */
SEC("fexit/inet_csk_accept")
int BPF_PROG(accepted4, struct sock *sk, int flags, int *err, bool kern, struct sock *child)
{
	accepted(child);
	return 0;
}

SEC("fexit/inet_csk_accept")
int BPF_PROG(accepted2, struct sock *sk, void *arg, struct sock *child)
{
	accepted(child);
	return 0;
}

#endif
