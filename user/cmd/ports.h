/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Watches what TIMED_WAIT uses up: local ports, and the places in TIMED_WAIT themselves. */
#ifndef TCPDWELL_CMD_PORTS_H
#define TCPDWELL_CMD_PORTS_H

#include "cmd/alarm.h"
#include "model/pressure.h"

struct ports {
	struct pressure pressure; /* the model's */
	struct alarm *alarm;
	__u64 looked_ns, read_ns; /* when it last did */
};

/* Between run_init() and run_start().  0 or -errno. */
int ports_init(struct ports *p, struct model *m, struct alarm *a);

/* When it wants to be called again: never while nothing is short. */
__u64 ports_round(struct ports *p, __u64 now_ns);

/* Before their figures are shown: the limits of each namespace as of a few seconds ago at most. */
void ports_refresh(struct ports *p, __u64 now_ns);
void ports_free(struct ports *p);

#endif
