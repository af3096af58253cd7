/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of the HTML report, for files of out/ only. */
#ifndef TCPDWELL_OUT_REPORT_PARTS_H
#define TCPDWELL_OUT_REPORT_PARTS_H

#include "out/report.h"

extern const char report_css[];
extern const char report_js[];

/* The states of a timeline, in the order of a connection's life, ST_NONE at the end. */
extern const unsigned char report_states[];
/* ... with CLOSED before them. */
extern const unsigned char report_arrows[];

/* The state machine, and the sockets by state over time, as SVG. */
void report_svg_machine(struct obuf *b, const struct report_page *page);
void report_svg_timeline(struct obuf *b, const struct report_page *page);

/* A row's bars: how the dwell times of a state are spread, from 1 us to 1 h. */
void report_svg_spread(struct obuf *b, const struct dwells *d);

/* fmt_duration() with a NUL: FMT_DURATION_MAX + 1 bytes; gives text. */
const char *report_duration(char *text, __u64 ns);

/* With a comma at each third digit: REPORT_NUMBER_MAX bytes, with the NUL; gives text. */
#define REPORT_NUMBER_MAX 28
const char *report_number(char *text, __u64 n);

/* Sections of the HTML report. */
void report_processes(struct obuf *b, const struct report_page *page);
void report_peers(struct obuf *b, const struct report_page *page);
void report_failures(struct obuf *b, const struct report_page *page);
void report_stuck_sockets(struct obuf *b, const struct report_page *page);

#endif
