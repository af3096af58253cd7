// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The one place that lists the commands: help, man pages and completions are made from it. */
#include <string.h>

#include "cmd/cmd.h"

const struct command commands[] = {
	{"trace", "every transition, live", &trace_argp.argp, cmd_trace},
	{"watch", "alerts while a socket is stuck, with who holds it and what is wrong",
	 &watch_argp.argp, cmd_watch},
	{"list", "every TCP socket now: its state, for how long, and whose it is", &list_argp.argp,
	 cmd_list},
	{"holders", "which processes and threads hold the sockets, and what is wrong with them",
	 &holders_argp.argp, cmd_holders},
	{"states", "the states, what they mean, and how this kernel shows each", &states_argp.argp,
	 cmd_states},
	{"record", "every transition, to a file", &record_argp.argp, cmd_record},
	{"replay", "what trace would have shown, from such a file", &replay_argp.argp, cmd_replay},
	{"report", "where the time went, from such a file or live, as a page to send on",
	 &report_argp.argp, cmd_report},
	{"hist", "how long sockets stay in each state: distributions, counted in the kernel",
	 &hist_argp.argp, cmd_hist},
	{"top", "all of it on a full screen, live", &top_argp.argp, cmd_top},
	{"doctor", "what this kernel allows, what is used, what is lost without the rest",
	 &doctor_argp.argp, cmd_doctor},
	{0},
};

const struct command *command_by_name(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}
