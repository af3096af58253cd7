/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The last transitions of each connection that is known, by its slot in the model's table. */
#ifndef TCPDWELL_TUI_LIFE_H
#define TCPDWELL_TUI_LIFE_H

#include "model/event.h"
#include "model/table.h"

/* Nobody needs more before its end: open, three states of closing, and one to spare. */
#define LIFE_STEPS 5
/* 128 bytes each: a host with more sockets than that keeps the lives of some of them only. */
#define LIVES_MAX (1U << 18)

struct life_step {
	__u64 mono_ns;
	__u64 dwell_ns; /* in `from` */
	__u8 from;
	__u8 to;
	__u8 via;    /* enum via */
	__u8 reason; /* enum reason */
	bool at_least;
	bool first;
};

struct life {
	__u32 tag; /* of the cookie: slots are used again */
	__u8 n;
	bool cut; /* steps before these are not kept */
	struct life_step step[LIFE_STEPS];
};

struct lives {
	struct life *chunk[LIVES_MAX / TABLE_CHUNK]; /* as the table has them; NULL: none so far */
	bool no_memory;				     /* some are not kept */
};

void lives_free(struct lives *l);

/* Keeps a transition with its connection's others; not beyond LIVES_MAX. */
void life_push(struct lives *l, const struct transition *t);

/* NULL: nothing was seen of it, or it was not kept. */
const struct life *life_of(const struct lives *l, const struct conn *c);

/* Puts a copy of a connection's life under another one's slot, for a table that is a copy. */
void life_copy(struct lives *to, const struct conn *c, const struct life *life);

#endif
