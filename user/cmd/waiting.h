/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The part of alarm.h's alarm that waits for a look at the kernel; for alarm.c. */
#ifndef TCPDWELL_CMD_WAITING_H
#define TCPDWELL_CMD_WAITING_H

#include "cmd/alarm.h"

/* An alert that the model has fired; when it is to be looked up.  0 or -ENOMEM. */
int waiting_add(struct alarm *a, const struct alert *alert, __u64 *due_ns);

/* When a look is due; UINT64_MAX: never. */
__u64 waiting_due(const struct alarm *a);

/*
 * Looks up what is due, if anything is, and hands what is true to alarm_tell().
 * The time when it is through, CLOCK_MONOTONIC.
 */
__u64 waiting_look(struct alarm *a, __u64 now_ns);

/* Before the model gets other rules: what waits for one that is gone is dropped. */
void waiting_new_rules(struct alarm *a, const struct rules *rules);

/* alarm.c: the alert is true.  It goes into its group, and to all sinks. */
void alarm_tell(struct alarm *a, struct alert *alert);

#endif
