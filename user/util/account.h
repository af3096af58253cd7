/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A user of the system, to run as. */
#ifndef TCPDWELL_UTIL_ACCOUNT_H
#define TCPDWELL_UTIL_ACCOUNT_H

#include <sys/types.h>

#define ACCOUNT_GROUPS 64

struct account {
	uid_t uid;
	gid_t gid;
	gid_t group[ACCOUNT_GROUPS];
	int n_groups;
};

/* By name or number.  0, or -errno (-ENOENT: there is none). */
int account_find(struct account *a, const char *name);

/* Becomes that user, all ids of it.  0 or -errno. */
int account_become(const struct account *a);

#endif
