/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Closing the sockets that rules with `kill` have fired for: not many at a time, each told. */
#ifndef TCPDWELL_CMD_KILLS_H
#define TCPDWELL_CMD_KILLS_H

#include "cmd/alarm.h"
#include "kern/destroy.h"

#define KILLS_MAX 65536 /* that wait */

struct kills_options {
	bool allowed;	/* --kill */
	bool dry_run;	/* say what would be done */
	__u32 a_second; /* at most */
};

struct kills {
	struct kills_options o;
	struct alarm *alarm;
	struct destroyer destroyer;
	struct kill_wait {
		const struct conn *conn;
		__u64 cookie, since_ns;
		char rule[RULE_NAME_LEN];
	} * wait; /* a ring */
	__u32 head, n, room;
	__u64 next_ns;	  /* no other before */
	bool unsupported; /* said so */
	bool full_told;
};

/* Takes the alarm's firing alerts from here on. */
void kills_init(struct kills *k, struct alarm *a, const struct kills_options *o);

/* Closes what may be closed by now.  When it wants to be called again. */
__u64 kills_round(struct kills *k, __u64 now_ns);
void kills_free(struct kills *k);

#endif
