/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What options set, as data.  A command has a table of argp's for what people
 * read (help, man pages, completions), and one of these for what comes of it.
 */
#ifndef TCPDWELL_CMD_SETTINGS_H
#define TCPDWELL_CMD_SETTINGS_H

#include <argp.h>
#include <stddef.h>
#include <linux/types.h>

enum setting_kind {
	SET_FLAG = 0, /* true */
	SET_TEXT,     /* the pointer */
	SET_NUMBER,
	SET_DURATION, /* ns */
	SET_SIZE,     /* bytes */
	SET_NAME,     /* what by_name() gives, an enum */
};

struct setting {
	int key;
	enum setting_kind kind;
	size_t at, size;		  /* where, in the command's options */
	const char *takes;		  /* "a size from 4k on": said of what does not fit */
	__u64 min, max;			  /* max 0: no limit */
	int (*by_name)(const char *name); /* < 0: none */
};

/* Of a `member` of `type`, the struct that the parser gets as its input. */
#define SETTING(key_, kind_, type, member, ...)                               \
	{                                                                     \
		.key = (key_), .kind = (kind_), .at = offsetof(type, member), \
		.size = sizeof(((type *)0)->member), ##__VA_ARGS__            \
	}

#define TAKES_DURATION "a duration such as 500ms, 90s, 4m or 2h"
#define SETTING_DURATION(key, type, member) \
	SETTING(key, SET_DURATION, type, member, .takes = TAKES_DURATION, .min = 1)
#define TAKES_NUMBER "a number from 1 on"
#define SETTING_COUNT(key, type, member) \
	SETTING(key, SET_NUMBER, type, member, .takes = TAKES_NUMBER, .min = 1)

/*
 * A command's options.  The struct that they are in begins with a struct
 * options, which the children get as their input.
 */
struct command_argp {
	struct argp argp;	       /* its parser: command_parse(), in most */
	const struct setting *setting; /* a key of 0 ends them; NULL: there is none */
	/* After all options, may refuse them by argp_error(); may be NULL. */
	void (*check)(struct argp_state *state, void *options);
	/* What is no setting, as argp has it; may be NULL. */
	error_t (*other)(int key, char *arg, struct argp_state *state);
};

/*
 * Sets what the option `key` of this table is to set.  ARGP_ERR_UNKNOWN: it is
 * not among them.  A value that does not fit ends the program with status 2.
 */
error_t settings_parse(const struct setting *table, const struct argp_option *options, int key,
		       char *arg, struct argp_state *state);

/* Parses a command's options.  Ends the program on error. */
void command_options(const struct command_argp *c, int argc, char **argv, void *options);

/* The parser of a struct command_argp; files go to struct options, if that has room for them. */
error_t command_parse(int key, char *arg, struct argp_state *state);

#endif
