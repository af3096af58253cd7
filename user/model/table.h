/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The connections that are known, by socket cookie. */
#ifndef TCPDWELL_MODEL_TABLE_H
#define TCPDWELL_MODEL_TABLE_H

#include "event.h"

#define TABLE_CHUNK 512

struct table {
	struct conn **chunk; /* of TABLE_CHUNK connections each: they never move */
	__u32 n_chunks;
	__u32 free_head; /* slot + 1, 0: none */
	__u32 *index;	 /* slot + 1 by hash, 0: empty */
	__u32 mask;	 /* index entries - 1 */
	__u32 n;
};

/* 0 or -ENOMEM. */
int table_init(struct table *t);
void table_free(struct table *t);

/* NULL when the cookie is not known. */
struct conn *table_find(const struct table *t, __u64 cookie);

/* A new connection, zero but for its cookie, which must not be known yet.  NULL: no memory. */
struct conn *table_add(struct table *t, __u64 cookie);

/* Under another cookie from here on, which must not be known yet. */
void table_rename(struct table *t, struct conn *c, __u64 cookie);

/* The connection's memory is used again by the next table_add(). */
void table_del(struct table *t, struct conn *c);

/* A number for a connection that holds while it is known, and back; below table_slots(). */
__u32 table_slot(const struct conn *c);
struct conn *table_at(const struct table *t, __u32 slot);
__u32 table_slots(const struct table *t);

/*
 * The first connection at or after *slot, or NULL; *slot goes behind it.  The
 * one it gives may be deleted on the way.
 */
struct conn *table_next(const struct table *t, __u32 *slot);

#endif
