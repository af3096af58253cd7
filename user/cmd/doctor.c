// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/term.h"
#include "kern/checks.h"
#include "out/doctor.h"
#include "util/log.h"

#define KEY_JSON 512

static const struct argp_option own_options[] = {
	{"json", KEY_JSON, 0, 0, "one JSON object", 0},
	{0},
};

static const struct setting settings[] = {
	SETTING(KEY_JSON, SET_FLAG, struct options, json),
	{0},
};

const struct command_argp doctor_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.doc = "Tells what this kernel allows, what tcpdwell uses of it, and what is lost without "
			       "the rest.  Tries each thing for a moment, the tracer included, and takes it away "
			       "again.\v"
			       "Exit status 0 when tcpdwell can trace here, 3 when it can't.",
		},
	.setting = settings,
};

int cmd_doctor(int argc, char **argv)
{
	struct out_options out = term_output(NAMES_ARTICLE);
	struct checkup checkup;
	struct options o;
	struct obuf b;
	int err;

	options_init(&o);
	options_parse(&doctor_argp, argc, argv, &o);
	checks_run(&checkup);
	err = obuf_init(&b, out.fd);
	if (!err) {
		if (o.json)
			doctor_json(&b, &checkup);
		else
			doctor_text(&b, &checkup, &out);
		err = obuf_flush(&b);
		obuf_free(&b);
	}
	if (err && err != -EPIPE)
		warn_line("the output can't be written: %s", strerror(-err));
	return checkup.can_trace && (!err || err == -EPIPE) ? STATUS_DONE : STATUS_UNABLE;
}
