/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the man pages and the completions are made from: the table of commands,
 * and each one's argp tables, the same that --help prints.
 */
#ifndef TCPDWELL_TOOLS_DOC_H
#define TCPDWELL_TOOLS_DOC_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "cmd/cmd.h"

#define DOC_MAX 128

/* A row of an options table, its group worked out; one without name and key is a header. */
struct doc_row {
	const char *name; /* the long one, or NULL */
	int letter;	  /* the short one, or 0 */
	const char *arg;  /* what it takes, or NULL */
	const char *doc;
	int group;
	bool arg_optional;
};

struct doc_rows {
	struct doc_row row[DOC_MAX];
	unsigned int n;
};

/* All rows of a command, its children's and --help included, in the order of its help.  Ends the
 * program when there are more than DOC_MAX. */
void doc_collect(struct doc_rows *rows, const struct argp *argp);

static inline bool doc_is_header(const struct doc_row *r)
{
	return !r->name && !r->letter;
}

/* How a value is completed. */
enum doc_kind {
	DOC_ANY, /* no telling */
	DOC_WORDS,
	DOC_FILE,
	DOC_PID,
	DOC_NETNS,
};

/* By what the option is said to take ("STATE", "PATH").  For DOC_WORDS *words are they, with
 * spaces between; valid until the next call. */
enum doc_kind doc_values(const struct doc_row *r, const char **words);

/* Each gives 0, or -errno with the message out. */
int doc_man(const char *dir, const char *sources, const char *date);
int doc_bash(FILE *f);
int doc_zsh(FILE *f);
int doc_fish(FILE *f);

/* DIR/NAME for writing; ends the program when it can't be had. */
FILE *doc_create(const char *dir, const char *name);

#endif
