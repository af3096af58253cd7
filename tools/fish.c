// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "doc.h"

static void quote(FILE *f, const char *s)
{
	fputc('\'', f);
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
	fputc('\'', f);
}

static void put_value(FILE *f, const struct doc_row *r)
{
	const char *words;

	switch (doc_values(r, &words)) {
	case DOC_WORDS:
		fprintf(f, " -x -a '%s'", words);
		break;
	case DOC_FILE:
		fputs(" -r -F", f);
		break;
	case DOC_PID:
		fputs(" -x -a '(__fish_complete_pids)'", f);
		break;
	case DOC_NETNS:
		fputs(" -x -a '(path basename /run/netns/* 2>/dev/null)'", f);
		break;
	default:
		fputs(" -x", f);
	}
}

static void put_option(FILE *f, const char *command, const struct doc_row *r)
{
	fprintf(f, "complete -c tcpdwell -n '__fish_seen_subcommand_from %s'", command);
	if (r->letter && r->letter != '?')
		fprintf(f, " -s %c", r->letter);
	if (r->name)
		fprintf(f, " -l %s", r->name);
	if (r->arg)
		put_value(f, r);
	fputs(" -d ", f);
	quote(f, r->doc);
	fputc('\n', f);
}

static void put_command(FILE *f, const struct command *c)
{
	struct doc_rows rows;

	doc_collect(&rows, c->argp);
	fprintf(f, "\ncomplete -c tcpdwell -n __fish_use_subcommand -a %s -d ", c->name);
	quote(f, c->what);
	fputc('\n', f);
	if (c->argp->args_doc)
		fprintf(f, "complete -c tcpdwell -n '__fish_seen_subcommand_from %s' -F\n",
			c->name);
	for (unsigned int i = 0; i < rows.n; i++)
		if (!doc_is_header(&rows.row[i]))
			put_option(f, c->name, &rows.row[i]);
}

int doc_fish(FILE *f)
{
	fputs("# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
	      "# Completion of tcpdwell for fish.\n\n"
	      "complete -c tcpdwell -f\n"
	      "complete -c tcpdwell -n __fish_use_subcommand -l help -d 'tell the commands'\n"
	      "complete -c tcpdwell -n __fish_use_subcommand -l version -d 'tell the version'\n",
	      f);
	for (const struct command *c = commands; c->name; c++)
		put_command(f, c);
	return 0;
}
