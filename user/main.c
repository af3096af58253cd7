// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static const struct command {
	const char *name;
	const char *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"trace", "every transition, live", cmd_trace},
	{"list", "every TCP socket now: its state, for how long, and whose it is", cmd_list},
	{"states", "the states, what they mean, and how this kernel shows each", cmd_states},
	{"doctor", "what this kernel allows, what is used, what is lost without the rest",
	 cmd_doctor},
};

#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static void help(FILE *to)
{
	fputs("Usage: tcpdwell COMMAND [OPTION...]\n"
	      "Shows every TCP state transition of this host as it happens, and how long each\n"
	      "socket stayed in each state.\n\n",
	      to);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].what);
	fputs("\n`tcpdwell COMMAND --help' tells the options of a command.\n", to);
}

static int run_command(const struct command *c, int argc, char **argv)
{
	char name[64];

	/* argp speaks of the program by argv[0] */
	snprintf(name, sizeof(name), "tcpdwell %s", c->name);
	argv[0] = name;
	return c->run(argc, argv);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return STATUS_DONE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("tcpdwell " TCPDWELL_VERSION);
		return STATUS_DONE;
	}
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return run_command(&commands[i], argc - 1, argv + 1);
	fputs("tcpdwell: no such command; one of: ", stderr);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", commands[i].name);
	fputc('\n', stderr);
	return STATUS_USAGE;
}
