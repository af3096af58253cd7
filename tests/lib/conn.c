// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Picking one connection's lines out of all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "tap.h"

static bool moves(const json_t *line, const char *from, const char *to)
{
	return !strcmp(line_str(line, "from"), from) && !strcmp(line_str(line, "to"), to);
}

/* One socket can carry one connection after the other. */
static bool begins(const json_t *line)
{
	return moves(line, "CLOSED", "SYN_SEND") || moves(line, "CLOSED", "LISTEN") ||
	       moves(line, "LISTEN", "SYN_RECEIVED");
}

static bool has_ports(const json_t *line, uint16_t lport, uint16_t rport)
{
	if (line_int(line, "lport") != lport || line_int(line, "rport") != rport)
		return false;
	/* a listener's child has its port, and may have no remote one yet */
	return rport || moves(line, "CLOSED", "LISTEN") || moves(line, "LISTEN", "CLOSED");
}

static bool same_port(const json_t *a, const json_t *b, const char *which)
{
	int64_t one = line_int(a, which), other = line_int(b, which);

	return one <= 0 || other <= 0 || one == other;
}

/* A TIMED_WAIT goes on beside the next connection of its socket: told apart by the ports. */
static bool same_conn(const json_t *a, const json_t *b)
{
	return line_is(a, "transition") && !strcmp(line_str(a, "sk"), line_str(b, "sk")) &&
	       same_port(a, b, "lport") && same_port(a, b, "rport");
}

/* The lines of the connection that the line at `hit` belongs to. */
static size_t collect(const struct tracer *t, size_t hit, struct conn *c)
{
	const json_t *seed = json_array_get(t->lines, hit), *line;
	size_t first = hit, i;

	for (i = hit + 1; i-- > 0;) {
		line = json_array_get(t->lines, i);
		if (!same_conn(line, seed))
			continue;
		first = i;
		if (begins(line))
			break;
	}
	c->n = 0;
	for (i = first; i < json_array_size(t->lines) && c->n < CONN_MAX; i++) {
		line = json_array_get(t->lines, i);
		if (!same_conn(line, seed))
			continue;
		if (c->n && begins(line))
			break;
		c->line[c->n++] = line;
		hit = i;
	}
	return hit;
}

bool conn_find(const struct tracer *t, const char *proto, uint16_t lport, uint16_t rport, int nth,
	       struct conn *c)
{
	c->n = 0;
	for (size_t i = 0; i < json_array_size(t->lines); i++) {
		const json_t *line = json_array_get(t->lines, i);
		struct conn one;
		bool seen = false;

		if (!line_is(line, "transition") || strcmp(line_str(line, "proto"), proto) ||
		    !has_ports(line, lport, rport))
			continue;
		collect(t, i, &one);
		/* known already by a line before this one? */
		for (int k = 0; k < one.n && one.line[k] != line; k++)
			seen |= has_ports(one.line[k], lport, rport);
		if (!seen && nth-- == 0) {
			*c = one;
			return true;
		}
	}
	return false;
}

const char *conn_chain(const struct conn *c)
{
	static char *text;
	size_t len;
	FILE *f;

	free(text);
	text = NULL;
	f = open_memstream(&text, &len);
	for (int i = 0; f && i < c->n; i++) {
		const char *from = line_str(c->line[i], "from");

		if (!i)
			fputs(from, f);
		else if (strcmp(from, line_str(c->line[i - 1], "to")))
			fprintf(f, "!%s", from);
		fprintf(f, ">%s", line_str(c->line[i], "to"));
	}
	if (f)
		fclose(f);
	return text ? text : "";
}

void conn_show(const struct conn *c)
{
	for (int i = 0; i < c->n; i++) {
		char *text = json_dumps(c->line[i], JSON_COMPACT);

		tap_diag("  %s", text ? text : "?");
		free(text);
	}
}
