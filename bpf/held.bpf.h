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

/* Without a look at the file, which nothing else may be read of. */
static __always_inline __u32 socket_ino(const struct socket_alloc *sock)
{
	unsigned long ino = 0;

	bpf_core_read(&ino, sizeof(ino), &sock->vfs_inode.i_ino);
	return ino;
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
