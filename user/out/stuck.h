/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sockets that an alert is firing for now, and what was said of each.  For files of out/ only.
 */
#ifndef TCPDWELL_OUT_STUCK_H
#define TCPDWELL_OUT_STUCK_H

#include <stddef.h>
#include "model/event.h"
#include "model/rules.h"

struct stuck {
	__u64 since_ns; /* entry into the state */
	char *json;	/* the alert as it was told, without its newline; NULL: too many to keep */
	__u32 json_len;
	__u32 key; /* 0: the place is free */
	__u8 state;
	bool at_least;
	char comm[COMM_LEN]; /* of a holder, else the owner; not always with a NUL; "" unknown */
	char rule[RULE_NAME_LEN];
};

struct stuck_table {
	struct stuck *place;
	__u32 cap; /* a power of two, or 0 */
	__u32 n;
	__u32 with_json;
};

/* Texts that are kept at most: some MB. */
#define STUCK_JSON_MAX 10000

/* Puts in, or changes, the socket of a firing alert; json may be NULL, and is copied.  0 or
 * -ENOMEM. */
int stuck_put(struct stuck_table *t, const struct alert *a, const char *json, size_t len);

/* Takes a socket out, if it is in. */
void stuck_del(struct stuck_table *t, const struct conn *c);

const struct stuck *stuck_find(const struct stuck_table *t, const struct conn *c);
void stuck_free(struct stuck_table *t);

/* Those of a rule, a state and a process, in seconds and sockets. */
struct stuck_group {
	const struct stuck *one; /* of them: the rule, the state and the name */
	__u64 since_ns;		 /* the oldest one's entry */
	__u32 n;
	bool other; /* of all processes that have no group of their own */
};

/*
 * At most `max` groups, those of most sockets first, and then one for each rule
 * and state that has more: its `other` is set.  A process that calls itself
 * STUCK_OTHER is in there too.  The groups
 * are malloc()ed, *n of them; they hold until the table changes.  0 or -ENOMEM.
 */
int stuck_groups(const struct stuck_table *t, size_t max, struct stuck_group **groups, size_t *n);

#define STUCK_OTHER "other"

#endif
