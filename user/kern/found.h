/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Holders as they are found, gathered by socket.  For kern/holders*.c. */
#ifndef TCPDWELL_KERN_FOUND_H
#define TCPDWELL_KERN_FOUND_H

#include "kern/holders.h"

struct found_sock {
	__u64 cookie;
	__u32 ino;
	__u32 start; /* of its holders, once settled */
	__u32 n;
};

struct holders_found {
	struct found_sock *sock;
	__u32 n_socks;
	__u32 *slot; /* by cookie: number of a socket + 1, 0 empty */
	__u32 mask;
	struct holder *holder;
	__u32 *sock_of; /* of each holder, until settled */
	__u32 n, room;
	char **text; /* command lines */
	__u32 n_texts, texts_room;
};

/* Nothing found yet of these sockets.  0 or -ENOMEM; found_free() in any case. */
int found_begin(struct holders_found *f, const struct wanted_sock *wanted, size_t n);
void found_free(struct holders_found *f);

/* NULL: not one of the sockets. */
struct found_sock *found_sock(const struct holders_found *f, __u64 cookie);

/* A holder of one of them.  0 or -ENOMEM. */
int found_add(struct holders_found *f, const struct found_sock *s, const struct holder *h);

/*
 * The command line of a process, kept until found_free(); NULL where there is
 * none to be had.  start_ns: as struct holder has it; a process of that number
 * that began at another time is another process.
 */
const char *found_cmdline(struct holders_found *f, __u32 pid, __u64 start_ns);

/* All are found: puts them in order, and sees who inherited.  0 or -ENOMEM. */
int found_settle(struct holders_found *f);

#endif
