/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the iterators read of a socket or its holder, with or without a tracer behind them. */
#ifndef TCPDWELL_ROW_BPF_H
#define TCPDWELL_ROW_BPF_H

#include "sock.bpf.h"

static __always_inline void owner_is_holder(struct sock_owner *o, const struct task_struct *task)
{
	o->pid = task->tgid;
	o->tid = task->pid;
	o->uid = task->cred->uid.val;
	o->how = OWNER_DESCRIPTOR;
	bpf_probe_read_kernel(o->comm, sizeof(o->comm), task->comm);
}

/* The TCP socket behind a descriptor, or NULL. */
static __always_inline struct sock *held_sock(struct file *file)
{
	struct socket *sock = file ? bpf_sock_from_file(file) : NULL;
	struct sock *sk;

	sk = sock ? sock->sk : NULL;
	if (!sk || !is_tcp(sk) || sk->__sk_common.skc_state == ST_CLOSE)
		return NULL;
	if (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6)
		return NULL;
	return sk;
}

/*
 * A lower bound of the stay of a socket that was there before: states that a
 * segment from the peer leads to are at least as old as its last segment.
 */
static __always_inline __u64 known_stay(int state, __u64 last_rx_ns)
{
	if (state == ST_CLOSE_WAIT || state == ST_FIN_WAIT2 || state == ST_ESTABLISHED)
		return last_rx_ns;
	return 0;
}

static __always_inline void row_queues(const struct sock *sk, const struct tcp_sock *tp,
				       struct row_sock *r)
{
	if (r->state == ST_LISTEN) {
		r->recv_q = sk->sk_ack_backlog;
		r->send_q = sk->sk_max_ack_backlog;
		return;
	}
	r->unread = tp->rcv_nxt - tp->copied_seq;
	r->recv_q = (__s32)r->unread > 0 ? r->unread : 0;
	r->send_q = tp->write_seq - tp->snd_una;
}

/* All of the identity that every kind of socket has, but for its local port and its namespace. */
static __always_inline void row_ends(const struct sock_common *skc, struct row_sock *r)
{
	struct sock_ident *id = &r->ident;

	read_addrs(skc, (__u64 *)id->laddr, (__u64 *)id->raddr);
	id->rport = bpf_ntohs(skc->skc_dport);
	id->family = family_no(skc);
}

static __always_inline void row_addrs(const struct sock_common *skc, struct row_sock *r)
{
	row_ends(skc, r);
	r->ident.netns = skc->skc_net.net->ns.inum;
}

#endif
