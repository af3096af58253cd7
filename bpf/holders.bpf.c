// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who holds given sockets: a row for each descriptor of one.  Like list.bpf.c an
 * object of its own that the kernel relocates itself (Linux 5.17).
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "wire.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Filled before a run; the value is not looked at. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u8);
} wanted SEC(".maps");

/* Many are asked for: the reader, who looks each up anyway, picks out what it wants. */
__u32 all_wanted = 0;

struct iter_meta {
	struct seq_file *seq;
};

/*
 * Each process has credentials of its own from its fork() on, which its threads
 * share, and a file keeps those of its opener: the same object is the same
 * process.  setuid() and execve() bring new ones, so that another object proves
 * nothing.
 */
static __always_inline __u8 opened_by(const struct file *file, const struct task_struct *task)
{
	const struct cred *cred = file->f_cred;

	if (cred == task->cred)
		return HOLDER_OPENED;
	return cred == task->real_parent->cred ? HOLDER_PARENT_OPENED : 0;
}

/* The iterator passes over threads that share the table of their first one. */
static __always_inline __u8 table_of_its_own(const struct task_struct *task)
{
	const struct files_struct *first = task->group_leader->files;

	return first && first != task->files ? HOLDER_OWN_TABLE : 0;
}

static __always_inline void fill(struct row_holder *r, const struct task_struct *task,
				 const struct file *file)
{
	r->table = (__u64)task->files;
	r->cgroup = task->cgroups->dfl_cgrp->kn->id;
	r->start_ns = task->group_leader->start_boottime;
	r->pid = task->tgid;
	r->tid = task->pid;
	r->ppid = task->real_parent->tgid;
	r->uid = task->cred->uid.val;
	r->flags = opened_by(file, task) | table_of_its_own(task);
	bpf_probe_read_kernel(r->comm, sizeof(r->comm), task->comm);
}

/*
 * Of a socket of any kind, 0 for another file or before anybody asked for it:
 * no two sockets have the same, and each other look at one is a cache line.
 */
static __always_inline __u64 cookie_of(struct file *file)
{
	struct socket *sock = bpf_sock_from_file(file);
	struct sock *sk = sock ? sock->sk : NULL;

	return sk ? sk->__sk_common.skc_cookie.counter : 0;
}

/* Of: meta, task, descriptor, file. */
SEC("iter/task_file")
int find_holders(__u64 *ctx)
{
	struct iter_meta *meta = (void *)ctx[0];
	struct task_struct *task = (void *)ctx[1];
	struct file *file = (void *)ctx[3];
	struct row_holder r = {};

	if (!task || !file)
		return 0;
	r.cookie = cookie_of(file);
	if (!r.cookie || (!all_wanted && !bpf_map_lookup_elem(&wanted, &r.cookie)))
		return 0;
	fill(&r, task, file);
	r.fd = ctx[2];
	bpf_seq_write(meta->seq, &r, sizeof(r));
	return 0;
}
