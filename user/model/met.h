/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For recordings: nearly all rows of a resync only say that a connection is
 * still what it was.  These need not be kept, if those that were not met are.
 */
#ifndef TCPDWELL_MODEL_MET_H
#define TCPDWELL_MODEL_MET_H

#include "model/model.h"

/* As model_row(): whether the row told more than that it was met. */
bool model_row_news(struct model *m, const struct row_sock *row);

/* The next connection that the resync has not met so far, NULL at the end; *slot begins at 0. */
const struct conn *model_next_unmet(const struct model *m, __u32 *slot);

/* Before the end of a resync: all connections were met ... */
void model_met_all(struct model *m);

/* ... but this one: when it was met last, and how many resyncs before missed it. */
void model_unmet(struct model *m, __u64 cookie, __u64 seen_ns, unsigned int missed);

/* After a gap: what the resync that begins now does not meet is over. */
void model_doubt_all(struct model *m);

#endif
