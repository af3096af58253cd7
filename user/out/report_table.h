/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables of the HTML report: cells, each with the value that it is sorted by, and what is around
 * them. All text is escaped here. */
#ifndef TCPDWELL_OUT_REPORT_TABLE_H
#define TCPDWELL_OUT_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/dwells.h"
#include "model/topn.h"
#include "out/buf.h"
#include "out/report_parts.h"

void cell_n(struct obuf *b, __u64 n);
/* A number that is a name: a port. */
void cell_id(struct obuf *b, __u64 n);
void cell_ns(struct obuf *b, __u64 ns);
/* Of the stays that there are; 1000: the longest. */
void cell_permille(struct obuf *b, const struct dwells *d, unsigned int permille);
void cell_size(struct obuf *b, __u64 bytes);
void cell_text(struct obuf *b, const char *class, const char *s, size_t n);
void cell_str(struct obuf *b, const char *s);
void cell_comm(struct obuf *b, const char comm[COMM_LEN]);
void cell_endpoint(struct obuf *b, const __u8 addr[16], __u16 port);

/* Begins a row, with the cell that says what it is of. */
void row_head(struct obuf *b, const char *s, size_t n);
/* ... the comm of a task, or what there is in its place. */
void comm_head(struct obuf *b, const struct topn_key *key);

/* head: columns with '|' between; in front of one '<' for text, '!' for what is not sorted. */
void table_begin(struct obuf *b, const char *caption, const char *head);
void table_end(struct obuf *b);

void section_begin(struct obuf *b, const char *id, const char *title);
void section_end(struct obuf *b);

/* Without rows there is no table: says why, and returns `none`. */
bool nothing(struct obuf *b, bool none, const char *why);

/* How many rows of a list are shown. */
__u32 top_shown(const struct topn *t);

#endif
