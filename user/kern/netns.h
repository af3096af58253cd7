/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The network namespaces of the host. */
#ifndef TCPDWELL_KERN_NETNS_H
#define TCPDWELL_KERN_NETNS_H

#include <stdbool.h>
#include <linux/types.h>

struct netns {
	__u32 ino;
	int fd; /* to setns() to */
};

struct netns_list {
	struct netns *ns;
	unsigned int n, room;
};

#define NETNS_SET 64

/* Some of them, by inode; without room for one more: all. */
struct netns_set {
	__u32 ino[NETNS_SET];
	unsigned int n;
	bool all;
};

void netns_set_add(struct netns_set *s, __u32 ino);
bool netns_set_has(const struct netns_set *s, __u32 ino);

/*
 * All that a process is in (/proc/PID/ns/net), or that is kept by a mount (/run/netns,
 * /var/run/docker/netns).  One that only a descriptor or a socket keeps alive
 * is not found.  0 or -errno.
 */
int netns_find(struct netns_list *l);
void netns_free(struct netns_list *l);

/* A bit for each of n inodes that is not among them. */
__u32 netns_unmet(const struct netns_list *l, const volatile __u32 *ino, unsigned int n);

/* Inode of the namespace that a path ("/run/netns/x", "/proc/1/ns/net") or a bare name in
 * /run/netns leads to.  0 or -errno. */
int netns_ino(const char *path, __u32 *ino);

/*
 * Whether no TCP socket is in the calling thread's network namespace, by what
 * the kernel counts (/proc/net/sockstat): an iterator walks the table of all
 * namespaces, some milliseconds, to find as much.  A request_sock whose listener
 * was closed, which its timer ends, is not counted.  False when it can't be read.
 */
bool netns_is_empty(void);

#endif
