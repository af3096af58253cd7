/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The output of `tcpdwell report`. */
#ifndef TCPDWELL_OUT_REPORT_H
#define TCPDWELL_OUT_REPORT_H

#include "model/report.h"
#include "out/buf.h"
#include "out/out.h"

/* What the report is to be read with. */
struct report_page {
	const struct report *r; /* closed */
	const struct out_options *o;
	const char *source;  /* of what: the files, or "live"; any bytes */
	const char *host;    /* its name; "" not known; any bytes */
	const char *warning; /* why it is not of all, of ours; NULL: it is */
};

/* One HTML page that needs nothing else, from no network. */
void report_html(struct obuf *b, const struct report_page *page);

/* For a terminal. */
void report_text(struct obuf *b, const struct report_page *page);

/* An object a line: hello, state, arrow, end, process, peer, failure, stuck, port, column,
 * summary. */
void report_json(struct obuf *b, const struct report_page *page);

/* Rows of processes, peers and failures that are shown; the rest is one more, "other". */
#define REPORT_TOP 25

#endif
