/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets counted by process, peer, state or port: which have most that are stuck, which grow. */
#ifndef TCPDWELL_TUI_TALLY_H
#define TCPDWELL_TUI_TALLY_H

#include "tui/pick.h"
#include "tui/source.h"

enum grouping {
	BY_NONE = 0,
	BY_PROCESS,
	BY_PEER,
	BY_STATE,
	BY_PORT, /* the one that was connected to, as far as that is known */
	GROUPINGS,
};

/* "process", ... */
const char *grouping_name(enum grouping by);

/* An address, a process id, a state or a port. */
struct bunch_id {
	__u64 word[2];
};

/* False: the socket belongs to none, such as a listener to a peer. */
bool bunch_id_of(enum grouping by, const struct conn *c, struct bunch_id *key);

/* Changes are counted over so many marks, set so often: over the last minute. */
#define GROUP_MARKS 6
#define GROUP_MARK_NS 10000000000ULL
/* Whoever has more peers than that does not look at each of them. */
#define GROUPS_MAX 65536

struct bunch {
	struct bunch_id key;
	char comm[COMM_LEN]; /* BY_PROCESS */
	__u32 sockets;
	__u32 stuck;
	__u32 by_state[ST_MAX];
	__u32 mark[GROUP_MARKS]; /* sockets there were, newest first */
};

struct tally {
	enum grouping by;
	struct bunch *group;
	__u32 n, room;
	__u32 *index; /* group + 1 by hash, 0: empty */
	__u32 mask;
	__u32 others; /* sockets of groups that found no room */
	unsigned int n_marks;
	__u64 mark_ns; /* when the newest was set */
	struct pick *order;
	__u32 n_order;
};

/* 0 or -ENOMEM. */
int tally_init(struct tally *g, enum grouping by);
void tally_free(struct tally *g);

/* Counts anew: all sockets between begin and end. */
void tally_begin(struct tally *g);
void tally_add(struct tally *g, const struct conn *c, bool stuck);
void tally_end(struct tally *g, __u64 now_ns);

/* How many sockets there are more than a minute, or as long as it is known, ago. */
__s64 bunch_change(const struct tally *g, const struct bunch *group);

/* Puts the from-th to (to - 1)-th in order: most stuck first, then what grows fastest, then most
 * sockets. */
void tally_order(struct tally *g, size_t from, size_t to);

/* i < n_order, within what was put in order. */
const struct bunch *tally_at(const struct tally *g, size_t i);

#endif
