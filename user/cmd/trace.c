// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "kern/cgroup.h"
#include "out/out.h"
#include "util/log.h"

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{&rules_argp, 0, NULL, 0},
	{&run_argp, 0, NULL, 0},
	{0},
};

const struct command_argp trace_argp = {
	.argp =
		{
			.parser = command_parse,
			.children = children,
			.doc = "Shows every TCP state transition of this host as it happens, with how long the "
			       "socket stayed in the state that it leaves.",
		},
};

static unsigned int terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}

static struct sink *make_sink(const struct options *o)
{
	const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */
	struct out_options out = {
		.fd = STDOUT_FILENO,
		.talk_fd = STDERR_FILENO,
		.names = o->names,
		.mono_to_real_ns = mono_to_real_ns(),
		.color = isatty(STDOUT_FILENO) && !(no_color && *no_color),
		.width = terminal_width(),
		.cgroup_path = cgroup_path,
	};

	return o->json ? json_sink_new(&out) : text_sink_new(&out);
}

static void fit(void *sink)
{
	text_sink_resize(sink, terminal_width());
}

int cmd_trace(int argc, char **argv)
{
	struct options o;
	struct sink *sink;
	struct run run;
	int status;

	options_init(&o);
	options_parse(&trace_argp, argc, argv, &o);
	status = run_init(&run, &o);
	if (status)
		return status;
	sink = make_sink(&o);
	if (!sink) {
		warn_line("out of memory");
		run_free(&run);
		return STATUS_UNABLE;
	}
	model_add_sink(&run.model, sink);
	if (!o.json && isatty(STDOUT_FILENO))
		run_on_resize(&run, fit, sink);
	status = run_start(&run);
	if (!status)
		status = run_loop(&run);
	run_free(&run);
	return status;
}
