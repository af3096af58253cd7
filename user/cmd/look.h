/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel says of some sockets now, all of them in one read of its table. */
#ifndef TCPDWELL_CMD_LOOK_H
#define TCPDWELL_CMD_LOOK_H

#include "kern/holders.h"
#include "kern/netns.h"
#include "kern/tracer.h"

enum look_found {
	LOOK_MISSED = 0, /* not there */
	LOOK_ELSEWHERE,	 /* in another state */
	LOOK_MET,
};

struct look {
	__u64 cookie;
	__u32 from; /* the caller's number for it */
	__u8 state;
	__u8 found;
	/* of its row, unless missed: what a verdict needs, a third of it */
	__u8 kind, flags, owner_how;
	__u16 lport;
	__u32 owner_pid, ino, send_q, unread;
	__u64 mono_ns, since_ns, last_rx_ns, last_tx_ns;
	__u64 moved; /* diagnosis_moved() */
};

_Static_assert(sizeof(struct look) <= 80, "memory");

/* The row, without what a look does not keep. */
struct row_sock look_row(const struct look *l);

/* Sockets a look is for at most. */
#define LOOKS_MAX 32768

struct looks {
	struct look *look;
	__u32 *index; /* look + 1 by cookie */
	__u32 mask;
	__u32 n, room;
	struct netns_set netns; /* that they are in */
};

/* The sockets of these network namespaces at least.  0 or -errno. */
typedef int (*looks_fn)(void *ctx, const struct netns_set *only, row_fn fn, void *fn_ctx);

/* For up to n sockets, LOOKS_MAX at most.  0 or -ENOMEM. */
int looks_init(struct looks *ls, __u32 n);
void looks_free(struct looks *ls);

/* Nothing is added when it is full. */
void looks_add(struct looks *ls, const struct conn *c, unsigned int state, __u32 from);

/* Reads the table with `rows`.  0 or -errno. */
int looks_read(struct looks *ls, looks_fn rows, void *ctx);

/* holders_find() for those that were met.  0 or -errno. */
int looks_holders(struct looks *ls, struct holders *h);

#endif
