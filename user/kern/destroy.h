/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Closing another process's socket: sock_diag(7)'s SOCK_DESTROY. */
#ifndef TCPDWELL_KERN_DESTROY_H
#define TCPDWELL_KERN_DESTROY_H

#include "wire.h"

#define DESTROYER_NETNS 16

/* A netlink socket for each network namespace that was asked for; the oldest goes. */
struct destroyer {
	struct {
		__u32 netns;
		int fd;
	} ns[DESTROYER_NETNS];
	unsigned int n;
	__u32 seq;
};

/*
 * Closes the socket with these addresses and ports if it has this cookie and is
 * in this state: its peer gets a RST, its holders ECONNABORTED.  0 or -errno:
 * -ENOENT no such socket, or in another state; -EOPNOTSUPP the kernel was built
 * without CONFIG_INET_DIAG_DESTROY; -EPERM without CAP_NET_ADMIN.
 */
int destroy_sock(struct destroyer *d, const struct sock_ident *id, __u64 cookie,
		 unsigned int state);
void destroyer_close(struct destroyer *d);

#endif
