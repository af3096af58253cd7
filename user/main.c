// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "util/files.h"

static void help(FILE *to)
{
	fputs("Usage: tcpdwell COMMAND [OPTION...]\n"
	      "Shows every TCP state transition of this host as it happens, and how long each\n"
	      "socket stayed in each state.\n\n",
	      to);
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %-10s %s\n", c->name, c->what);
	fputs("\n`tcpdwell COMMAND --help' tells the options of a command.\n", to);
}

static int run_command(const struct command *c, int argc, char **argv)
{
	char name[64];

	files_raise();
	/* argp speaks of the program by argv[0] */
	snprintf(name, sizeof(name), "tcpdwell %s", c->name);
	argv[0] = name;
	return c->run(argc, argv);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

static int refuse(const char *name)
{
	fputs("tcpdwell: no command '", stderr);
	for (size_t i = 0; name[i] && i < 60; i++)
		fputc(isprint((unsigned char)name[i]) ? name[i] : '?', stderr);
	fputs("'; one of: ", stderr);
	for (const struct command *c = commands; c->name; c++)
		fprintf(stderr, "%s%s", c == commands ? "" : ", ", c->name);
	fputc('\n', stderr);
	return STATUS_USAGE;
}

/*
 * What was started without one of the three would open some other file in its
 * place, and write its output there.  To write or read these is an error, as it
 * would be without them.
 */
static void fill_std_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	static char asks[] = "--help";
	const struct command *c;

	fill_std_fds();
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help(stderr);
		return STATUS_USAGE;
	}
	if (is_help(argv[1]) && argc == 2) {
		help(stdout);
		return STATUS_DONE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("tcpdwell " TCPDWELL_VERSION);
		return STATUS_DONE;
	}
	if (is_help(argv[1])) {
		/* `help COMMAND' is `COMMAND --help' */
		argv[1] = argv[2];
		argv[2] = asks;
		argc = 3;
	}
	c = command_by_name(argv[1]);
	return c ? run_command(c, argc - 1, argv + 1) : refuse(argv[1]);
}
