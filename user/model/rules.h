/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Thresholds on how long a socket may stay in a state. */
#ifndef TCPDWELL_MODEL_RULES_H
#define TCPDWELL_MODEL_RULES_H

#include "event.h"
#include "filter.h"

#define RULES_MAX 64
#define RULE_NAME_LEN 48

struct rule {
	char name[RULE_NAME_LEN];
	__u64 threshold_ns;
	__u8 state;
	__u8 step;   /* 0, or 1 for a graver second threshold of the same state */
	bool narrow; /* `filter` narrows it */
	struct filter filter;
};

struct rules {
	struct rule rule[RULES_MAX];
	unsigned int n;
};

/* CLOSE_WAIT 60 s; TIMED_WAIT 61 s, and the four minutes of RFC 793 as the graver step. */
void rules_default(struct rules *r);

/*
 * Sets the threshold of a state, in place of all rules that it has.
 * 0, -EINVAL for a state no socket stays in, -ENOSPC.
 */
int rules_set(struct rules *r, unsigned int state, __u64 threshold_ns);

/*
 * The stay in `state` after which a rule is passed: its threshold.  But the
 * kernel's timers expire up to an eighth late: over 60 s, a TIMED_WAIT that was
 * not re-armed gets that time too.
 */
__u64 rule_stay_ns(const struct rule *rule, const struct conn *c, unsigned int state);

/*
 * The rule of a socket's state with the smallest threshold above dwell_ns, or
 * NULL.  A narrowed rule that fits the socket goes before a general one of the
 * same state.
 */
const struct rule *rules_next(const struct rules *r, const struct conn *c, __u64 dwell_ns);

/* The gravest rule whose threshold a finished stay has passed, or NULL. */
const struct rule *rules_passed(const struct rules *r, const struct conn *c, unsigned int state,
				__u64 dwell_ns);

#endif
