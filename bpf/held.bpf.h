/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Descriptors, as iter/task_file shows them. */
#ifndef TCPDWELL_HELD_BPF_H
#define TCPDWELL_HELD_BPF_H

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

#endif
