/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands.  Each takes its own argv, argv[0] being "tcpdwell NAME", and
 * gives the exit status. */
#ifndef TCPDWELL_CMD_H
#define TCPDWELL_CMD_H

#include <argp.h>

#include "cmd/settings.h"

enum exit_status {
	STATUS_DONE = 0,
	STATUS_FOUND = 1, /* a check found what it was asked to find */
	STATUS_USAGE = 2,
	STATUS_UNABLE = 3, /* not allowed, or not supported here */
};

struct command {
	const char *name;
	const char *what; /* in a few words */
	const struct argp
		*argp; /* the options and their texts: for man pages and completions too */
	int (*run)(int argc, char **argv);
};

/* In the order of the help; one without a name ends it. */
extern const struct command commands[];

/* NULL: there is none. */
const struct command *command_by_name(const char *name);

extern const struct command_argp trace_argp, list_argp, holders_argp, states_argp, doctor_argp,
	watch_argp;
extern const struct command_argp record_argp, replay_argp, top_argp, report_argp, hist_argp;

int cmd_trace(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_holders(int argc, char **argv);
int cmd_states(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_hist(int argc, char **argv);

#endif
