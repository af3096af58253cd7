// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who holds each socket, for `tcpdwell list`: a row for each descriptor of one, of
 * sockets of any kind, since to see which it is would be one more look at memory
 * that no cache has.  The user side puts claims and rows together.  An object of
 * its own, which is loaded while the list's rows are read; otherwise like list.bpf.c.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "held.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct iter_meta {
	struct seq_file *seq;
};

/* Of: meta, task, descriptor, file. */
SEC("iter/task_file")
int claim_all(__u64 *ctx)
{
	struct iter_meta *meta = (void *)ctx[0];
	struct task_struct *task = (void *)ctx[1];
	struct file *file = (void *)ctx[3];
	struct socket *sock = file ? bpf_sock_from_file(file) : NULL;
	struct row_claim r;

	if (!task || !sock)
		return 0;
	r.ino = socket_ino((void *)sock);
	r.pid = task->tgid;
	r.tid = task->pid;
	r.uid = task->cred->uid.val;
	bpf_probe_read_kernel(r.comm, sizeof(r.comm), task->comm);
	bpf_seq_write(meta->seq, &r, sizeof(r));
	return 0;
}
