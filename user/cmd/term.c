// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/run.h"
#include "cmd/term.h"
#include "kern/cgroup.h"
#include "util/log.h"

static struct winsize term_size(void)
{
	struct winsize size = {0};

	if (!isatty(STDOUT_FILENO))
		return size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		size = (struct winsize){.ws_col = 80, .ws_row = 24};
	return size;
}

unsigned int term_width(void)
{
	return term_size().ws_col;
}

unsigned int term_height(void)
{
	return term_size().ws_row;
}

bool term_erases(int fd)
{
	const char *type = getenv("TERM");

	return isatty(fd) && !(type && !strcmp(type, "dumb"));
}

struct out_options term_output(enum name_set names)
{
	const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */

	return (struct out_options){
		.fd = STDOUT_FILENO,
		.talk_fd = STDERR_FILENO,
		.names = names,
		.mono_to_real_ns = mono_to_real_ns(),
		.color = term_erases(STDOUT_FILENO) && !(no_color && *no_color),
		.width = term_width(),
		.cgroup_path = cgroup_path,
	};
}

/* stderr may be what nobody reads. */
void term_not_written(int err)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (err != -ETIMEDOUT)
		warn_line("not all could be written: %s", strerror(-err));
	else if (poll(&p, 1, 0) > 0)
		warn_line("not all could be written: nobody reads the output");
}
