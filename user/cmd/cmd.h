/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands.  Each takes its own argv, argv[0] being "tcpdwell NAME", and
 * gives the exit status. */
#ifndef TCPDWELL_CMD_H
#define TCPDWELL_CMD_H

enum exit_status {
	STATUS_DONE = 0,
	STATUS_FOUND = 1, /* a check found what it was asked to find */
	STATUS_USAGE = 2,
	STATUS_UNABLE = 3, /* not allowed, or not supported here */
};

int cmd_trace(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_states(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
