// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stdio.h>

#include "util/log.h"

static int verbose;
static void (*divert)(const char *line);

void log_divert(void (*take)(const char *line))
{
	divert = take;
}

void log_set_verbose(int on)
{
	verbose = on;
}

int log_is_verbose(void)
{
	return verbose;
}

__attribute__((format(printf, 1, 0))) static void say_elsewhere(const char *fmt, va_list args)
{
	char line[512];

	vsnprintf(line, sizeof(line), fmt, args);
	divert(line);
}

__attribute__((format(printf, 1, 0))) static void say(const char *fmt, va_list args)
{
	if (divert) {
		say_elsewhere(fmt, args);
		return;
	}
	flockfile(stderr);
	fputs("tcpdwell: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void warn_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

void debug_line(const char *fmt, ...)
{
	va_list args;

	if (!verbose)
		return;
	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}
