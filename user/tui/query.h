/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a user types to see some of the sockets. */
#ifndef TCPDWELL_TUI_QUERY_H
#define TCPDWELL_TUI_QUERY_H

#include <stddef.h>
#include "tui/tally.h"
#include "tui/source.h"

#define QUERY_MAX 64

struct query {
	char text[QUERY_MAX + 1];
	size_t len;
	enum grouping by; /* and only those of one group; BY_NONE: of all */
	struct bunch_id key;
};

/* A character (of UTF-8) at the end; what has no room is dropped. */
void query_add(struct query *q, unsigned int character);
/* Takes the last character away. */
void query_back(struct query *q);
void query_clear(struct query *q);

/*
 * Whether a socket has each word in its state, owner or addresses as they are
 * shown, in either case; and none of those words that follow a "!".
 */
bool query_match(const struct query *q, const struct source *s, const struct conn *c);

#endif
