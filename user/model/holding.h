/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets with who holds them: which are wanted, what is wrong with each, and the processes. */
#ifndef TCPDWELL_MODEL_HOLDING_H
#define TCPDWELL_MODEL_HOLDING_H

#include "filter.h"
#include "model/diagnosis.h"
#include "model/listing.h"

struct held_row {
	const struct row_sock *row;
	const struct holder *holder;
	const struct holder *listener; /* holders of the listener in whose queue it is */
	__u32 n_holders;
	__u32 n_listener;
	__u32 n_processes; /* among the holders */
	__u8 diagnosis;	   /* enum diagnosis */
};

/* One descriptor of a process, or a socket that no process holds. */
struct held_item {
	const struct held_row *of;
	const struct holder *holder; /* NULL: nobody */
};

/* A process; a thread with a descriptor table of its own is one by itself. */
struct held_group {
	const struct holder *who; /* NULL: nobody */
	__u32 first, n;		  /* of holding.item, by diagnosis, longest stay first */
};

struct holding {
	struct held_row *row;
	__u32 n, room;
	struct held_item *item;
	__u32 n_items;
	struct held_group *group; /* those with most descriptors first, nobody last */
	__u32 n_groups;
};

/* A socket, whose holders must stay.  0 or -ENOMEM. */
int holding_add(struct holding *h, const struct held_row *row);
void holding_free(struct holding *h);

/*
 * Whether --pid and --comm want it: any of its holders will do, of one that is
 * not accepted any of its listener's.
 */
bool holding_wants(const struct filter *f, const struct held_row *row);

/*
 * The listener in whose queue a socket waits to be accepted, or to become a
 * connection; NULL: it does not, or several listeners share the port.
 */
const struct row_sock *holding_listener(const struct listing *l, const struct row_sock *row);

/* Makes the groups.  0 or -ENOMEM. */
int holding_group(struct holding *h);

#endif
