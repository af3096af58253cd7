/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rules from an INI file:
 *
 *	[rule NAME]
 *	state = CLOSE_WAIT	one state; needed
 *	max = 60s		alert after so long
 *	grave = 4m		... and again, as the graver step; "no" for none (the default)
 *	alert = no		in place of max: what fits never alerts
 *	half_close = yes	alert of half-closes that are in use too
 *	held = no		FIN_WAIT_2: also of sockets that their process has closed
 *	kill = yes		close the socket at max; "grave": at grave
 *
 * and to narrow it, each a list with commas: comm, cgroup (a path, one), port,
 * lport, rport, addr, netns.  The first narrowed rule that fits a socket
 * decides; one that is not narrowed takes the place of its state's default.
 */
#ifndef TCPDWELL_CMD_CONFIG_H
#define TCPDWELL_CMD_CONFIG_H

#include "model/rules.h"

/* Adds the file's rules.  0 or -EINVAL, -errno; the message, with file and line, is out. */
int config_read(const char *path, struct rules *rules);

#endif
