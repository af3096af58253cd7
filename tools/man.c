// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A page for each command: what its argp tables say, and of SOURCES/NAME.in,
 * where there is one, the sections that no table has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"

#define SPDX ".\\\" SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"

/* Text that roff is to take as it is; `start`: at the beginning of a line. */
static void put(FILE *f, const char *s, size_t n, bool start)
{
	for (; n; s++, n--) {
		if (start && (*s == '.' || *s == '\''))
			fputs("\\&", f);
		start = false;
		switch (*s) {
		case '\\':
			fputs("\\e", f);
			break;
		case '-':
			fputs("\\-", f);
			break;
		case '^':
			fputs("\\(ha", f);
			break;
		case '~':
			fputs("\\(ti", f);
			break;
		case '\'':
			fputs("\\(aq", f);
			break;
		case '`':
			fputs("\\(ga", f);
			break;
		default:
			fputc(*s, f);
		}
	}
}

static void puts_roff(FILE *f, const char *s)
{
	put(f, s, strlen(s), false);
}

/* One line of a help text.  An empty one parts paragraphs, one with a blank in front is laid out.
 */
static void put_line(FILE *f, const char *s, size_t n, bool *laid_out)
{
	bool lay_out = n && *s == ' ';

	if (lay_out != *laid_out)
		fputs(lay_out ? ".PP\n.nf\n" : ".fi\n.PP\n", f);
	else if (!n)
		fputs(".PP\n", f);
	*laid_out = lay_out;
	if (!n)
		return;
	put(f, s, n, true);
	fputc('\n', f);
}

static void put_text(FILE *f, const char *s, size_t n)
{
	bool laid_out = false;

	while (n) {
		const char *end = memchr(s, '\n', n);
		size_t len = end ? (size_t)(end - s) : n;

		put_line(f, s, len, &laid_out);
		s += len;
		n -= len;
		if (n) {
			s++;
			n--;
		}
	}
	if (laid_out)
		fputs(".fi\n", f);
}

/* A title of a page: in capitals. */
static void put_title(FILE *f, const char *name)
{
	fputs("TCPDWELL", f);
	if (name)
		fputs("\\-", f);
	for (; name && *name; name++)
		fputc(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, f);
}

static void put_head(FILE *f, const char *name, const char *what, const char *date)
{
	fputs(SPDX ".TH ", f);
	put_title(f, name);
	fprintf(f, " 8 %s \"tcpdwell %s\" \"System administration\"\n", date, TCPDWELL_VERSION);
	fputs(".SH NAME\ntcpdwell", f);
	if (name)
		fprintf(f, "\\-%s", name);
	fputs(" \\- ", f);
	puts_roff(f, what);
	fputc('\n', f);
}

static void put_option(FILE *f, const struct doc_row *r)
{
	fputs(".TP\n", f);
	if (r->letter)
		fprintf(f, "\\fB\\-%c\\fR%s", r->letter, r->name ? ", " : "");
	if (r->name) {
		fputs("\\fB\\-\\-", f);
		puts_roff(f, r->name);
		fputs("\\fR", f);
	}
	if (r->arg) {
		fputs(r->arg_optional ? "[=\\fI" : "=\\fI", f);
		puts_roff(f, r->arg);
		fputs(r->arg_optional ? "\\fR]" : "\\fR", f);
	}
	fputc('\n', f);
	put(f, r->doc, strlen(r->doc), true);
	fputc('\n', f);
}

static void put_options(FILE *f, const struct argp *argp)
{
	struct doc_rows rows;

	doc_collect(&rows, argp);
	fputs(".SH OPTIONS\n", f);
	for (unsigned int i = 0; i < rows.n; i++) {
		if (!doc_is_header(&rows.row[i])) {
			put_option(f, &rows.row[i]);
			continue;
		}
		if (i)
			fputs(".PP\n", f);
		put(f, rows.row[i].doc, strlen(rows.row[i].doc), true);
		fputc('\n', f);
	}
}

/* "A\nB" means two ways to call it. */
static void put_synopsis(FILE *f, const char *name, const char *args)
{
	const char *end;

	fputs(".SH SYNOPSIS\n", f);
	do {
		end = args ? strchr(args, '\n') : NULL;
		fprintf(f, ".B tcpdwell %s\n.RI [ OPTION ...]\n", name);
		if (args && *args) {
			put(f, args, end ? (size_t)(end - args) : strlen(args), true);
			fputc('\n', f);
		}
		if (end)
			fputs(".br\n", f);
		args = end ? end + 1 : NULL;
	} while (args);
}

/* The sections written by hand, as they are; a command may have none. */
static int put_source(FILE *f, const char *sources, const char *name)
{
	char path[4096], line[1024];
	FILE *from;

	snprintf(path, sizeof(path), "%s/%s.in", sources, name);
	from = fopen(path, "re");
	if (!from)
		return errno == ENOENT ? 0 : -errno;
	while (fgets(line, sizeof(line), from))
		if (strncmp(line, ".\\\"", 3) != 0)
			fputs(line, f);
	fclose(from);
	return 0;
}

static void put_status(FILE *f)
{
	fputs(".SH EXIT STATUS\n"
	      ".TP\n0\ndone\n"
	      ".TP\n1\na check found what it was asked to find\n"
	      ".TP\n2\nwrong usage\n"
	      ".TP\n3\nnot allowed, or not supported here\n",
	      f);
}

static void put_see_also(FILE *f, const char *but)
{
	bool first = true;

	fputs(".SH SEE ALSO\n", f);
	if (but) {
		fputs(".BR tcpdwell (8)", f);
		first = false;
	}
	for (const struct command *c = commands; c->name; c++) {
		if (but && !strcmp(c->name, but))
			continue;
		fprintf(f, "%s.BR tcpdwell\\-%s (8)", first ? "" : ",\n", c->name);
		first = false;
	}
	fputs(",\n.BR ss (8),\n.BR tcp (7)\n", f);
}

static int put_page(FILE *f, const struct command *c, const char *sources, const char *date)
{
	const char *doc = c->argp->doc ? c->argp->doc : "";
	const char *after = strchr(doc, '\v');
	int err;

	put_head(f, c->name, c->what, date);
	put_synopsis(f, c->name, c->argp->args_doc);
	fputs(".SH DESCRIPTION\n", f);
	put_text(f, doc, after ? (size_t)(after - doc) : strlen(doc));
	put_options(f, c->argp);
	if (after) {
		fputs(".SH NOTES\n", f);
		put_text(f, after + 1, strlen(after + 1));
	}
	err = put_source(f, sources, c->name);
	put_status(f);
	put_see_also(f, c->name);
	return err;
}

static int put_program(FILE *f, const char *sources, const char *date)
{
	int err;

	put_head(f, NULL, "every TCP state transition of this host, and how long each stay was",
		 date);
	fputs(".SH SYNOPSIS\n.B tcpdwell\n.I COMMAND\n.RI [ OPTION ...]\n", f);
	err = put_source(f, sources, "tcpdwell");
	fputs(".SH COMMANDS\n", f);
	for (const struct command *c = commands; c->name; c++) {
		fprintf(f, ".TP\n.BR %s \" (see tcpdwell\\-%s(8))\"\n", c->name, c->name);
		put(f, c->what, strlen(c->what), true);
		fputc('\n', f);
	}
	put_status(f);
	put_see_also(f, NULL);
	return err;
}

static int end_page(FILE *f, int err)
{
	if (ferror(f) && !err)
		err = -EIO;
	if (fclose(f) && !err)
		err = -errno;
	if (err)
		fprintf(stderr, "mkdoc: %s\n", strerror(-err));
	return err;
}

int doc_man(const char *dir, const char *sources, const char *date)
{
	FILE *f = doc_create(dir, "tcpdwell.8");
	int err = end_page(f, put_program(f, sources, date));

	for (const struct command *c = commands; c->name && !err; c++) {
		char name[64];

		snprintf(name, sizeof(name), "tcpdwell-%s.8", c->name);
		f = doc_create(dir, name);
		err = end_page(f, put_page(f, c, sources, date));
	}
	return err;
}
