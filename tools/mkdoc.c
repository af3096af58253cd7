// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 *   mkdoc man DIR SOURCES DATE   the man pages
 *   mkdoc completion DIR         what bash, zsh and fish read
 *
 * Made at build time from the tables that --help reads, so that they can't differ.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"

FILE *doc_create(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

static int completion(const char *dir, const char *name, int (*write)(FILE *f))
{
	FILE *f = doc_create(dir, name);
	int err = write(f);

	if (ferror(f) || fclose(f) || err) {
		fprintf(stderr, "mkdoc: %s/%s can't be written\n", dir, name);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "man"))
		return doc_man(argv[2], argv[3], argv[4]) ? 1 : 0;
	if (argc == 3 && !strcmp(argv[1], "completion"))
		return completion(argv[2], "tcpdwell", doc_bash) ||
		       completion(argv[2], "_tcpdwell", doc_zsh) ||
		       completion(argv[2], "tcpdwell.fish", doc_fish);
	fputs("usage: mkdoc man DIR SOURCES DATE | mkdoc completion DIR\n", stderr);
	return 2;
}
