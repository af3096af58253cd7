/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths of cgroups by their ids, as a recording tells them. */
#ifndef TCPDWELL_REC_PATHS_H
#define TCPDWELL_REC_PATHS_H

#include <stddef.h>
#include <linux/types.h>

struct paths {
	struct paths_entry {
		__u64 id; /* 0: free */
		char *path;
	} * entry;
	size_t n, room; /* room: a power of two */
};

/* What an id stands for from now on; without memory it stays unknown. */
void paths_add(struct paths *p, __u64 id, const char *path, size_t len);

/* NULL when it is not known. */
const char *paths_find(const struct paths *p, __u64 id);
void paths_free(struct paths *p);

#endif
