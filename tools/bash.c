// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Needs nothing of the package bash-completion. */
#include "doc.h"

static const char head[] = "# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
			   "# shellcheck shell=bash disable=SC2207 # the words have no blanks\n"
			   "# Completion of tcpdwell for bash.\n\n";

/* '=' parts words in readline: "--state=X" arrives as three. */
static const char body[] =
	"_tcpdwell()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal command=${COMP_WORDS[1]}\n\n"
	"\tCOMPREPLY=()\n"
	"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$_tcpdwell_commands --help --version\" -- \"$cur\"))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [ \"$cur\" = = ]; then\n"
	"\t\tcur=\n"
	"\telif [ \"$prev\" = = ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\t_tcpdwell_values \"$command\" \"$prev\" \"$cur\" && return\n"
	"\t[[ $cur != -* ]] || _tcpdwell_options \"$command\" \"$cur\"\n"
	"\t[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace 2>/dev/null\n"
	"}\n\n"
	"complete -o default -F _tcpdwell tcpdwell\n";

static void put_commands(FILE *f)
{
	fputs("_tcpdwell_commands='", f);
	for (const struct command *c = commands; c->name; c++)
		fprintf(f, "%s%s", c == commands ? "" : " ", c->name);
	fputs("'\n\n", f);
}

static void put_options(FILE *f)
{
	struct doc_rows rows;

	fputs("# _tcpdwell_options COMMAND CURRENT\n_tcpdwell_options()\n{\n\tlocal words=\n\n"
	      "\tcase $1 in\n",
	      f);
	for (const struct command *c = commands; c->name; c++) {
		doc_collect(&rows, c->argp);
		fprintf(f, "\t%s) words='", c->name);
		for (unsigned int i = 0; i < rows.n; i++) {
			const struct doc_row *r = &rows.row[i];

			if (r->name)
				fprintf(f, "--%s%s ", r->name, r->arg ? "=" : "");
			else if (r->letter)
				fprintf(f, "-%c ", r->letter);
		}
		fputs("' ;;\n", f);
	}
	fputs("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$2\"))\n}\n\n", f);
}

static void put_value(FILE *f, const char *command, const struct doc_row *r)
{
	const char *words;

	fprintf(f, "\t%s:--%s) ", command, r->name);
	switch (doc_values(r, &words)) {
	case DOC_WORDS:
		fprintf(f, "words='%s' ;;\n", words);
		break;
	case DOC_FILE:
		fputs("return 0 ;; # -o default\n", f);
		break;
	case DOC_PID:
		fputs("words=$(cd /proc && echo [1-9]*) ;;\n", f);
		break;
	case DOC_NETNS:
		fputs("words=$(ls /run/netns 2>/dev/null) ;;\n", f);
		break;
	default:
		fputs(";;\n", f);
	}
}

static void put_values(FILE *f)
{
	struct doc_rows rows;

	fputs("# _tcpdwell_values COMMAND OPTION CURRENT: fails when the option takes no value\n"
	      "_tcpdwell_values()\n{\n\tlocal words=\n\n\tcase $1:$2 in\n",
	      f);
	for (const struct command *c = commands; c->name; c++) {
		doc_collect(&rows, c->argp);
		for (unsigned int i = 0; i < rows.n; i++)
			if (rows.row[i].name && rows.row[i].arg)
				put_value(f, c->name, &rows.row[i]);
	}
	fputs("\t*) return 1 ;;\n\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$3\"))\n"
	      "\t[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace 2>/dev/null\n\treturn 0\n}\n\n",
	      f);
}

int doc_bash(FILE *f)
{
	fputs(head, f);
	put_commands(f);
	put_options(f);
	put_values(f);
	fputs(body, f);
	return 0;
}
