/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The list: which sockets, in which order, and which part of it is to be seen. */
#ifndef TCPDWELL_TUI_VIEW_H
#define TCPDWELL_TUI_VIEW_H

#include "tui/tally.h"
#include "tui/pick.h"
#include "tui/query.h"
#include "tui/source.h"

enum view_sort {
	VIEW_STUCK =
		0, /* what passed a rule, then what should pass, then the rest; longest first */
	VIEW_DWELL,
	VIEW_STATE,
	VIEW_OWNER,
	VIEW_LOCAL,
	VIEW_REMOTE,
	VIEW_SORTS,
};

const char *view_sort_name(enum view_sort sort);

struct view {
	struct pick *row; /* ids are slots of the source's table */
	__u32 n, room;
	__u32 by_state[ST_MAX]; /* of all sockets, whatever is asked for */
	__u32 all;
	__u32 stuck; /* of those in the list */
	enum view_sort sort;
	bool reverse;
	bool no_memory; /* some are not in the list */
};

void view_free(struct view *v);

/* Whether the list would have a socket. */
bool view_wants(const struct source *s, const struct query *q, const struct conn *c);

/*
 * Looks at each socket: counts all, and puts those that are asked for into the
 * list and into the groups, of which each may be NULL.
 */
void view_scan(struct view *v, const struct source *s, const struct query *q,
	       struct tally *const groups[GROUPINGS]);

/* Sorts that part of the list. */
void view_order(struct view *v, const struct source *s, size_t from, size_t to);

/* Where a socket is in the list; v->n: nowhere. */
size_t view_place(const struct view *v, const struct source *s, __u64 cookie);

/* i < n, within what is sorted. */
const struct conn *view_at(const struct view *v, const struct source *s, size_t i);

#endif
