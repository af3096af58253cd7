/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which process holds which socket: what the pass over all descriptors told, by inode. */
#ifndef TCPDWELL_KERN_CLAIMS_H
#define TCPDWELL_KERN_CLAIMS_H

#include <stddef.h>
#include "wire.h"

struct claims {
	struct row_claim *row;
	__u32 n, room;
	__u32 *slot; /* by inode: row + 1, 0: empty */
	__u32 mask;
};

/* Reads the iterator of claims to its end, by its link's descriptor.  0 or -errno. */
int claims_read(struct claims *c, int link_fd);

/* The first that holds the socket of an inode; NULL: none does. */
const struct row_claim *claims_find(const struct claims *c, __u32 ino);

/* Of one that is all zeros too. */
void claims_free(struct claims *c);

#endif
