// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "cmd/term.h"
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

static struct sink *make_sink(const struct options *o)
{
	struct out_options out = term_output(o->names);

	return o->json ? json_sink_new(&out) : text_sink_new(&out);
}

static void fit(void *sink)
{
	text_sink_resize(sink, term_width());
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
