/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options that commands have in common, as argp children: one place says what
 * an option is called, what it takes and what it means. */
#ifndef TCPDWELL_CMD_OPTIONS_H
#define TCPDWELL_CMD_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "cmd/settings.h"
#include "kern/tracer.h"
#include "model/names.h"
#include "model/rules.h"

struct options {
	struct tracer_options tracer; /* the filter among them */
	struct rules rules;
	__u64 max_ns[ST_MAX]; /* --max; 0: not given */
	enum name_set names;
	__u64 duration_ns; /* 0: until stopped */
	__u64 count;	   /* 0: no limit */
	bool json;
	bool half_open;
	bool only_v4, only_v6; /* what -4 and -6 said; filter.family comes of it */
	/* Of a recording: cgroups and namespaces are not looked up here, but kept as given. */
	bool offline;
	/* Of a command that takes files: room for all of argv; NULL: it takes none. */
	char **files;
	unsigned int n_files;
	const char *cgroup_text[FILTER_MAX]; /* filter.n_cgroup of them */
	const char *netns_text[FILTER_MAX];  /* NULL where it is a number */
	char filter_words[512];		     /* the filter as it was given, "" for none */
};

/* The defaults: everything, the article's names, text. */
void options_init(struct options *o);

/* Its input is a struct options; a bad value ends the program with status 2. */
extern const struct argp filter_argp; /* -4 -6 --port --lport --rport --addr --state ... */
extern const struct argp output_argp; /* --json --names */
extern const struct argp run_argp;    /* --duration --count --tier --buffer-size --verbose */
extern const struct argp rules_argp;  /* --max */

/* Ends the program with status 2: "OPTION takes TAKES, not 'ARG'". */
void option_refuse(struct argp_state *state, const char *option, const char *arg,
		   const char *takes);

/*
 * Whether all that --netns named was there to read: says which was not.  unmet: a
 * bit for each, as of netns_unmet().
 */
bool options_netns_met(const struct options *o, __u32 unmet);

/*
 * Parses a command's options into `o`, which begins a struct of the command's
 * own in most.  Ends the program on error.
 */
void options_parse(const struct command_argp *command, int argc, char **argv, struct options *o);

#endif
