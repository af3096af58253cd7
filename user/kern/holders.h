/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which descriptors of which processes are of given sockets: one run over all
 * descriptors of the host (iter/task_file), however many sockets are asked for.
 */
#ifndef TCPDWELL_KERN_HOLDERS_H
#define TCPDWELL_KERN_HOLDERS_H

#include <stddef.h>
#include "model/event.h"

struct holders_bpf;
struct holders_found;

struct holders {
	struct holders_bpf *skel; /* NULL: /proc is read in its place */
	int iter_fd;
	char why_proc[96]; /* why, then */
	bool partial;	   /* processes outside of this pid namespace can't be seen */
	struct holders_found *found;
};

/* A socket that is asked for: its cookie, and its inode (struct row_sock's ino; 0 not known). */
struct wanted_sock {
	__u64 cookie;
	__u32 ino;
};

/*
 * Needs what the tracer needs; afterwards holders_find() loads nothing and
 * attaches nothing.  Where the kernel does not take the program (before Linux
 * 5.17), /proc/PID/fd is read, which takes longer and finds sockets by their
 * inode.  0 or -errno.
 */
int holders_open(struct holders *h);
void holders_close(struct holders *h);

/* Looks for the holders of n sockets, all at once.  0 or -errno. */
int holders_find(struct holders *h, const struct wanted_sock *wanted, size_t n);

/*
 * What the last holders_find() found of a socket: its holders by pid, tid and
 * descriptor, *n of them (0: none, NULL).  They hold until the next
 * holders_find(), holders_forget() or holders_close().
 */
const struct holder *holders_of(const struct holders *h, __u64 cookie, __u32 *n);

/* Gives the memory of what was found back. */
void holders_forget(struct holders *h);

#endif
