/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The states in words, and the arrows between them. */
#ifndef TCPDWELL_MODEL_EXPLAIN_H
#define TCPDWELL_MODEL_EXPLAIN_H

#include "model/event.h"

struct explanation {
	unsigned int state;
	const char *meaning; /* one sentence */
	const char *example; /* what the article gives as one, in our words; NULL for none */
	bool in_article;     /* Q137984 leaves the simultaneous close out */
};

/* In the article's order; NULL behind the last. */
const struct explanation *explain_at(unsigned int i);

/*
 * By what the state is seen, as bits (1 << enum via), where `small` shows the
 * small sockets: VIA_FENTRY, VIA_TIMER or VIA_SWEEP.
 */
unsigned int explain_via(unsigned int state, enum via small);

/* RFC 9293, figure 5.  The order is that of a connection's life. */
enum arrow {
	ARROW_PASSIVE_OPEN = 0,
	ARROW_ACTIVE_OPEN,
	ARROW_LISTEN_CLOSE,
	ARROW_SYN_IN,
	ARROW_SEND, /* LISTEN -> SYN_SEND: the kernel has no such call */
	ARROW_SYN_SENT_CLOSE,
	ARROW_SYN_CROSSED, /* simultaneous open */
	ARROW_SYN_ACK_IN,
	ARROW_SYN_ACK_ACKED,
	ARROW_RST_IN, /* SYN_RECEIVED -> LISTEN: the listener never left it */
	ARROW_SYN_RECV_CLOSE,
	ARROW_CLOSE,
	ARROW_FIN_IN,
	ARROW_FIN_ACKED,
	ARROW_FIN_CROSSED, /* simultaneous close */
	ARROW_SECOND_FIN_IN,
	ARROW_CROSSED_ACKED,
	ARROW_SECOND_CLOSE,
	ARROW_LAST_ACKED,
	ARROW_TIME_OVER,
	ARROWS,
};

struct arrow_text {
	unsigned int from;
	unsigned int to;
	const char *event; /* what happens, at most 11 characters */
};

const struct arrow_text *arrow_text(enum arrow arrow);

struct arrow_counts {
	__u64 arrow[ARROWS];
	__u64 other[ST_MAX][ST_MAX]; /* from, to: RST, timeout, abort, and what else the figure
					leaves out */
	__u64 total;
};

/* Counts one transition on its arrow. */
void arrow_count(struct arrow_counts *c, const struct transition *t);

#endif
