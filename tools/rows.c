// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "kern/features.h"
#include "model/listing.h"
#include "model/names.h"

static void add(struct doc_rows *rows, const struct argp_option *o, int group)
{
	struct doc_row *r = &rows->row[rows->n];

	if (rows->n == DOC_MAX) {
		fputs("mkdoc: more options than DOC_MAX\n", stderr);
		exit(1);
	}
	*r = (struct doc_row){
		.name = o->name,
		.letter = o->key > 0 && o->key < 128 && isgraph(o->key) ? o->key : 0,
		.arg = o->arg,
		.doc = o->doc ? o->doc : "",
		.group = group,
		.arg_optional = o->flags & OPTION_ARG_OPTIONAL,
	};
	rows->n++;
}

/* Groups as argp counts them: none given means that of the row before, or a new one for a header.
 */
static void add_options(struct doc_rows *rows, const struct argp_option *o)
{
	int group = 0;

	for (; o && (o->name || o->key || o->doc || o->group); o++) {
		bool header = !o->name && !o->key;

		if (o->group)
			group = o->group;
		else if (header)
			group++;
		if (!(o->flags & (OPTION_HIDDEN | OPTION_ALIAS)))
			add(rows, o, group);
	}
}

static void add_argp(struct doc_rows *rows, const struct argp *argp)
{
	add_options(rows, argp->options);
	for (const struct argp_child *c = argp->children; c && c->argp; c++) {
		if (c->header)
			add(rows, &(struct argp_option){.doc = c->header}, c->group);
		add_argp(rows, c->argp);
	}
}

/* Negative groups come last; within a group the header is first, and the table's order stays. */
static bool before(const struct doc_row *a, const struct doc_row *b)
{
	if (a->group != b->group)
		return (a->group < 0) == (b->group < 0) ? a->group < b->group : b->group < 0;
	return doc_is_header(a) && !doc_is_header(b);
}

static void sort(struct doc_rows *rows)
{
	for (unsigned int i = 1; i < rows->n; i++) {
		struct doc_row r = rows->row[i];
		unsigned int at = i;

		for (; at && before(&r, &rows->row[at - 1]); at--)
			rows->row[at] = rows->row[at - 1];
		rows->row[at] = r;
	}
}

void doc_collect(struct doc_rows *rows, const struct argp *argp)
{
	static const struct argp_option own[] = {
		{"help", '?', 0, 0, "tell the options, and end", -1},
		{"usage", 256, 0, 0, "the same in brief", -1},
		{0},
	};

	rows->n = 0;
	add_argp(rows, argp);
	add_options(rows, own);
	sort(rows);
}

static const char *states(const char *end)
{
	static char words[512];
	size_t at = 0;

	for (unsigned int i = ST_NONE + 1; i < ST_MAX; i++) {
		const char *name = state_name(NAMES_ARTICLE, i);

		/* a state by another name of the kernel's is told once */
		if (state_by_name(name) == i)
			at += snprintf(words + at, sizeof(words) - at, "%s%s%s", at ? " " : "",
				       name, end);
	}
	return words;
}

static const char *tiers(void)
{
	static char words[64];
	size_t at = 0;

	for (int i = 0; i < TIER_MAX; i++)
		at += snprintf(words + at, sizeof(words) - at, "%s%s", at ? " " : "", tier_name(i));
	return words;
}

static const char *sort_keys(void)
{
	static char words[128];
	size_t at = 0;

	for (int i = 0; i < SORT_MAX; i++)
		at += snprintf(words + at, sizeof(words) - at, "%s%s", at ? " " : "",
			       listing_sort_name(i));
	return words;
}

enum doc_kind doc_values(const struct doc_row *r, const char **words)
{
	const char *arg = r->arg ? r->arg : "";

	*words = "";
	if (!strcmp(arg, "PATH") || !strcmp(arg, "FILE") || !strcmp(arg, "DIR"))
		return DOC_FILE;
	if (!strcmp(arg, "PID"))
		return DOC_PID;
	if (!strcmp(arg, "NETNS"))
		return DOC_NETNS;
	if (!strcmp(arg, "STATE"))
		*words = states("");
	else if (!strcmp(arg, "STATE=DURATION"))
		*words = states("=");
	else if (!strcmp(arg, "SET"))
		*words = "article rfc kernel";
	else if (!strcmp(arg, "TIER"))
		*words = tiers();
	else if (r->name && !strcmp(r->name, "sort"))
		*words = sort_keys();
	return **words ? DOC_WORDS : DOC_ANY;
}
