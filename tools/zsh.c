// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "doc.h"

/* Text inside single quotes; `spec`: inside [] or between : of _arguments. */
static void put(FILE *f, const char *s, bool spec)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", f);
		else if (spec && (*s == '[' || *s == ']' || *s == ':' || *s == '\\'))
			fprintf(f, "\\%c", *s);
		else
			fputc(*s, f);
	}
}

static void put_value(FILE *f, const struct doc_row *r)
{
	const char *words;
	enum doc_kind kind = doc_values(r, &words);

	fputc(':', f);
	put(f, r->arg, true);
	fputc(':', f);
	if (kind == DOC_WORDS)
		fprintf(f, "(%s)", words);
	else if (kind == DOC_FILE)
		fputs("_files", f);
	else if (kind == DOC_PID)
		fputs("_pids", f);
	else if (kind == DOC_NETNS)
		fputs("_path_files -W /run/netns", f);
	else
		fputc(' ', f);
}

static void put_option(FILE *f, const struct doc_row *r)
{
	fputs(" \\\n\t\t\t'*", f);
	if (r->name)
		fprintf(f, "--%s%s[", r->name, r->arg ? "=" : "");
	else
		fprintf(f, "-%c[", r->letter);
	put(f, r->doc, true);
	fputc(']', f);
	if (r->arg)
		put_value(f, r);
	fputc('\'', f);
}

static void put_command(FILE *f, const struct command *c)
{
	struct doc_rows rows;

	doc_collect(&rows, c->argp);
	fprintf(f, "\t\t%s)\n\t\t\t_arguments", c->name);
	for (unsigned int i = 0; i < rows.n; i++)
		if (!doc_is_header(&rows.row[i]))
			put_option(f, &rows.row[i]);
	if (c->argp->args_doc)
		fputs(" \\\n\t\t\t'*:file:_files'", f);
	fputs("\n\t\t\t;;\n", f);
}

int doc_zsh(FILE *f)
{
	fputs("#compdef tcpdwell\n"
	      "# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
	      "# Completion of tcpdwell for zsh.\n\n"
	      "_tcpdwell() {\n"
	      "\tlocal curcontext=$curcontext state line\n"
	      "\tlocal -a commands\n\n"
	      "\tcommands=(\n",
	      f);
	for (const struct command *c = commands; c->name; c++) {
		fprintf(f, "\t\t'%s:", c->name);
		put(f, c->what, false);
		fputs("'\n", f);
	}
	fputs("\t)\n"
	      "\t_arguments -C '(- *)--help[tell the commands]' '(- *)--version[tell the version]' \\\n"
	      "\t\t'1:command:->command' '*::option:->options'\n"
	      "\tcase $state in\n"
	      "\tcommand) _describe command commands ;;\n"
	      "\toptions)\n"
	      "\t\tcase $line[1] in\n",
	      f);
	for (const struct command *c = commands; c->name; c++)
		put_command(f, c);
	fputs("\t\tesac\n\t\t;;\n\tesac\n}\n\n_tcpdwell \"$@\"\n", f);
	return 0;
}
