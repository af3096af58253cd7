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

struct columns {
	unsigned int width[NCOLUMNS]; /* 0: the column is left out */
	unsigned int total;	      /* of a line; 0: no limit, widths are the least then */
};

/* Shares out a line of `total` columns (0: no limit), of which the states take `states`. */
void columns_fit(struct columns *c, unsigned int total, unsigned int states);

/* How to cut what is too long for its column. */
enum cut {
	CUT_END,
	CUT_MIDDLE,
};

/*
 * Text (already escaped) into a column of that width, cut to it and filled with
 * blanks.  With CUT_MIDDLE the last `keep` bytes stay (a port, a pid).  Takes
 * at most n bytes and one for each column.
 */
char *column_put(char *p, const char *text, size_t n, size_t keep, unsigned int width,
		 enum cut cut);

#endif
