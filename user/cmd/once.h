/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `watch --once`: what is stuck now, from the kernel's table alone. */
#ifndef TCPDWELL_CMD_ONCE_H
#define TCPDWELL_CMD_ONCE_H

#include "cmd/alarm.h"
#include "cmd/options.h"

/* Tells of it, after one line that sums it up (text).  The exit status. */
int watch_once(const struct options *o, const struct alarm_options *alarm);

#endif
