/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Columns of the text output: how wide each is, and putting text into one. */
#ifndef TCPDWELL_OUT_COLUMNS_H
#define TCPDWELL_OUT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

enum column {
	COL_TIME = 0,
	COL_OWNER,
	COL_LOCAL,
	COL_REMOTE,
	COL_STATES,
	COL_DWELL,
	COL_NOTE,
	NCOLUMNS,
};

#define DWELL_WIDTH 9 /* ">=" and a duration */

struct columns {
	unsigned int width[NCOLUMNS]; /* 0: the column is left out */
	unsigned int total;	      /* of a line; 0: no limit, widths are the least then */
};

/* Shares out a line of `total` columns (0: no limit), of which the states take `states`. */
void columns_fit(struct columns *c, unsigned int total, unsigned int states);

/*
 * Text (already escaped) into a column of that width: filled with blanks, or
 * cut with a "~", in front of the last `keep` bytes (a port, a pid).  Takes at
 * most n bytes and one for each column.
 */
char *column_put(char *p, const char *text, size_t n, size_t keep, unsigned int width);

#endif
