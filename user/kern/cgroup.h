/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* cgroup v2: ids, as a socket has them, and paths. */
#ifndef TCPDWELL_KERN_CGROUP_H
#define TCPDWELL_KERN_CGROUP_H

#include <linux/types.h>

/*
 * Path below the root of the hierarchy ("/" for the root), or NULL when it is
 * not mounted or the cgroup is gone.  The text stays valid until the next call;
 * results are kept, a cgroup that is gone since included.  Not for threads.
 */
const char *cgroup_path(__u64 id);

/*
 * Id and level (the root's is 0) of a cgroup given by its path below the root
 * of the hierarchy, by a path in the file system, or by its id.  0 or -errno.
 */
int cgroup_lookup(const char *text, __u64 *id, __u32 *level);

#endif
