/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The output of `tcpdwell holders`. */
#ifndef TCPDWELL_OUT_HOLDERS_H
#define TCPDWELL_OUT_HOLDERS_H

#include "model/holding.h"
#include "out/buf.h"
#include "out/out.h"

/* By process; of each at most so many descriptors, 0 for all. */
void holders_text(struct obuf *b, const struct holding *h, const struct out_options *o,
		  unsigned int limit);

/* One "socket" object a line: as a row of `list`, with its holders. */
void holders_json(struct obuf *b, const struct holding *h, const struct out_options *o);

/* What there is to say below. */
void holders_talk(struct obuf *b, const struct holding *h);

#endif
