/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Thresholds on how long a socket may stay in a state. */
#ifndef TCPDWELL_MODEL_RULES_H
#define TCPDWELL_MODEL_RULES_H

#include "event.h"
#include "filter.h"

#define RULES_MAX 64
#define RULE_CGROUP_LEN 256

struct rule {
	char name[RULE_NAME_LEN];
	__u64 threshold_ns;
	__u8 state;
	__u8 step;	 /* 0, or 1 for a graver second threshold of the same state */
	__u8 set;	 /* narrowed rules that belong together: thresholds of one section */
	bool narrow;	 /* `filter` or `cgroup` narrows it */
	bool exempt;	 /* what fits never alerts */
	bool held;	 /* only while a process has the socket, as far as is known */
	bool half_close; /* alert of a half-close that is in use too */
	bool kill;	 /* close the socket when it fires */
	char cgroup[RULE_CGROUP_LEN]; /* path below the root: it and those below it; "" any */
	struct filter filter;
};

struct rules {
	struct rule rule[RULES_MAX];
	unsigned int n;
	bool held;    /* a threshold of FIN_WAIT_2 is for sockets that are still held */
	__u32 states; /* ST_BIT()s of those that have a rule */
	/* Path of a cgroup below the root, or NULL; NULL itself: no rule has one. */
	const char *(*cgroup_path)(__u64 id);
};

/* CLOSE_WAIT 60 s; TIMED_WAIT 61 s, and the four minutes of RFC 793 as the graver step. */
void rules_default(struct rules *r);

/*
 * What `watch` goes by: CLOSE_WAIT, LAST_ACK and FIN_WAIT_2 that is still held 60 s, SYN_SEND 20 s,
 * TIMED_WAIT 61 s; the four minutes as the graver step of each.
 */
void rules_watch(struct rules *r);

/*
 * Sets the threshold of a state, in place of all rules that it has.
 * 0, -EINVAL for a state no socket stays in, -ENOSPC.
 */
int rules_set(struct rules *r, unsigned int state, __u64 threshold_ns);

/* The same, but narrowed rules stay. */
int rules_set_general(struct rules *r, unsigned int state, __u64 threshold_ns);

/*
 * Adds a rule.  One that is not narrowed takes the place of all such of its
 * state and step.  0, -EINVAL as rules_set(), -ENOSPC.
 */
int rules_add(struct rules *r, const struct rule *rule);

/* NULL: there is none of that name. */
const struct rule *rules_by_name(const struct rules *r, const char *name);

/*
 * The stay in `state` after which a rule is passed: its threshold.  But the
 * kernel's timers expire up to an eighth late: over 60 s, a TIMED_WAIT that was
 * not re-armed gets that time too.
 */
__u64 rule_stay_ns(const struct rule *rule, const struct conn *c, unsigned int state);

/*
 * The rule of a socket's state with the smallest threshold above dwell_ns, or
 * NULL.  The first narrowed rule that fits the socket decides, with those of its
 * set; where none fits, those that are not narrowed.
 */
const struct rule *rules_next(const struct rules *r, const struct conn *c, __u64 dwell_ns);

/* The gravest rule whose threshold a finished stay has passed, or NULL. */
const struct rule *rules_passed(const struct rules *r, const struct conn *c, unsigned int state,
				__u64 dwell_ns);

#endif
