/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sentences on a terminal: broken between words, each further line indented.  For files of out/
 * only. */
#ifndef TCPDWELL_OUT_WRAP_H
#define TCPDWELL_OUT_WRAP_H

#include <stdbool.h>
#include "out/buf.h"

struct wrap {
	struct obuf *b;
	unsigned int width; /* of the terminal, 0: lines are not broken */
	unsigned int
		indent;	 /* of the lines after the first; given up where too little would be left */
	unsigned int at; /* columns written in the line */
};

/* A line begins, of which so many columns are written. */
void wrap_begin(struct wrap *w, unsigned int at);

/* Text of ours, or escaped, whose bytes are a column each. */
void wrap_text(struct wrap *w, const char *text, size_t n);

/* Goes on in a column of this line, or of the next one when it is behind that. */
void wrap_column(struct wrap *w, unsigned int column);

void wrap_end(struct wrap *w);

#endif
