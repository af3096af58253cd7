/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A table of sockets for the tests of the screen. */
#ifndef TCPDWELL_TESTS_UNIT_TUI_H
#define TCPDWELL_TESTS_UNIT_TUI_H

#include "unit.h"
#include "tui/text.h"

static struct table table;
static struct lives lives;
static struct rules rules;
static struct filter filter;
static struct source source;

static int begin(void **unused)
{
	(void)unused;
	memset(&lives, 0, sizeof(lives));
	memset(&filter, 0, sizeof(filter));
	rules_default(&rules);
	source = (struct source){&table, &lives, &rules, &filter, NAMES_ARTICLE, true, 1000 * SEC};
	return table_init(&table);
}

static int end(void **unused)
{
	(void)unused;
	table_free(&table);
	lives_free(&lives);
	return 0;
}

/* A client's connection to 198.51.100.7:443, in a state for so long. */
static inline struct conn *add_conn(__u64 cookie, unsigned int state, __u64 stay)
{
	struct conn *c = table_add(&table, cookie), like = client_conn();

	assert_non_null(c);
	c->ident = like.ident;
	c->roles = like.roles;
	c->state = state;
	c->since_ns = source.now_ns - stay;
	return c;
}

static inline void own(struct conn *c, const char *comm, __u32 pid)
{
	memset(c->ident.owner.comm, 0, COMM_LEN);
	memcpy(c->ident.owner.comm, comm, strlen(comm));
	c->ident.owner.pid = c->ident.owner.tid = pid;
}

#endif
