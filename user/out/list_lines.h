/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lines of rows that still come, kept until it is known in which order they go:
 * while the kernel is asked for more there is time to make them.
 */
#ifndef TCPDWELL_OUT_LIST_LINES_H
#define TCPDWELL_OUT_LIST_LINES_H

#include <stdbool.h>
#include <linux/types.h>
#include "model/listing.h"
#include "out/buf.h"

struct list_line {
	__u32 at;
	__u32 len; /* 0: there is none */
};

struct list_lines {
	struct obuf text;
	struct list_line *line; /* by row */
	__u32 n, room;
	bool full; /* the rows from n on have none */
	/* what the lines were made for; false before there are any */
	bool ends, netns;
};

/* 0 or -ENOMEM. */
int list_lines_init(struct list_lines *s);
void list_lines_free(struct list_lines *s);

/*
 * The next row: what is written to the buffer that this gives, until
 * list_lines_end(), is its line; nothing: it has none.  NULL: no more are kept.
 */
struct obuf *list_lines_begin(struct list_lines *s);
void list_lines_end(struct list_lines *s);

/* Lines are made another way from here on: no row has one. */
void list_lines_forget(struct list_lines *s);

/* Adds the line of a row to b; false: it has none. */
bool list_lines_put(const struct list_lines *s, __u32 row, struct obuf *b);

/*
 * Whoever goes through all rows in order asks for what is to be shown soon: sorted,
 * rows and lines lie about.  s: as list_text_rows() has it.
 */
void list_prefetch(const struct listing *l, __u32 i, const struct list_lines *s);

#endif
