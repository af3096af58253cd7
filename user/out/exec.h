/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A sink that runs a command with alerts: the JSON object of the alert on its
 * stdin, the most asked for in its environment:
 *
 *	TCPDWELL_STATUS (firing, resolved)  TCPDWELL_SEVERITY (warning, critical)
 *	TCPDWELL_RULE  TCPDWELL_STATE  TCPDWELL_THRESHOLD_S  TCPDWELL_DWELL_S
 *	TCPDWELL_SK  TCPDWELL_NETNS  TCPDWELL_LADDR  TCPDWELL_LPORT  TCPDWELL_RADDR  TCPDWELL_RPORT
 *	TCPDWELL_PID  TCPDWELL_COMM  TCPDWELL_DIAGNOSIS  TCPDWELL_GROUP  TCPDWELL_GROUP_COUNT
 *
 * What is not known is empty.  What other programs chose (COMM) is as
 * term_escape() makes it.
 */
#ifndef TCPDWELL_OUT_EXEC_H
#define TCPDWELL_OUT_EXEC_H

#include "out/out.h"

struct spawner;

/* Of the options, the names, the clock and the cgroups count.  The spawner stays the caller's.
 * NULL: no memory. */
struct sink *exec_sink_new(const struct out_options *o, struct spawner *spawner);

/*
 * Whether an alert is worth a run: of a group, when it begins, when it has had
 * 2, 4, 8... sockets, the same of those past the graver threshold, and when the
 * last one is resolved.
 */
bool exec_worth(const struct alert *a);

#endif
