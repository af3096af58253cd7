// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "load.h"

/* The port as a number of its own.  Ports that the storm takes for its clients are longer. */
static bool has_port(const char *line, unsigned int port)
{
	char text[8];
	size_t len = (size_t)snprintf(text, sizeof(text), "%u", port);

	for (const char *p = line; (p = strstr(p, text)); p += len)
		if ((p == line || !isalnum((unsigned char)p[-1])) &&
		    !isalnum((unsigned char)p[len]))
			return true;
	return false;
}

static bool of_storm(const char *line, unsigned int threads)
{
	for (unsigned int i = 0; i < threads; i++)
		if (has_port(line, load_port() + i))
			return true;
	return false;
}

static bool starts(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

static bool is_transition(const char *line, enum subject_lines kind)
{
	if (kind == LINES_DWELL_JSON)
		return starts(line, "{\"type\":\"transition\"");
	if (kind == LINES_DWELL)
		return strstr(line, " -> ") != NULL;
	return true;
}

/* "lost 12 events", "Lost 12 events", "12 lost", "\"lost\":12"; false when it is none of these */
static bool read_lost(const char *line, uint64_t *n)
{
	const char *p = strcasestr(line, "lost");
	const char *q;

	if (!p)
		return false;
	q = p + 4 + strspn(p + 4, "\": ");
	if (!isdigit((unsigned char)*q)) {
		for (q = p; q > line && q[-1] == ' '; q--)
			;
		for (; q > line && isdigit((unsigned char)q[-1]); q--)
			;
	}
	if (!isdigit((unsigned char)*q))
		return false;
	*n = strtoull(q, NULL, 10);
	return true;
}

/* Ours say the sum at the end, the others each loss. */
static void take_lost(const char *line, enum subject_lines kind, struct printed *p)
{
	uint64_t n;

	if (kind == LINES_DWELL_JSON && !starts(line, "{\"type\":\"summary\""))
		return;
	if (read_lost(line, &n))
		p->lost = kind == LINES_PEER ? p->lost + n : n;
}

static void read_file(int fd, enum subject_lines kind, unsigned int threads, struct printed *p)
{
	FILE *f = fdopen(dup(fd), "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (f)
		rewind(f);
	while (f && (len = getline(&line, &size, f)) > 0) {
		if (is_transition(line, kind) && of_storm(line, threads)) {
			p->transitions++;
			p->bytes += len;
		} else {
			take_lost(line, kind, p);
		}
	}
	free(line);
	if (f)
		fclose(f);
}

void lines_read(int out, int err, enum subject_lines kind, unsigned int threads, struct printed *p)
{
	*p = (struct printed){0};
	if (kind == LINES_NONE)
		return;
	read_file(err, kind, threads, p);
	read_file(out, kind, threads, p);
}
