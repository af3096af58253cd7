/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a socket is stuck, from what the kernel keeps of it and from who holds it. */
#ifndef TCPDWELL_MODEL_DIAGNOSIS_H
#define TCPDWELL_MODEL_DIAGNOSIS_H

#include "event.h"

struct evidence {
	const struct row_sock *row;
	const struct holder *holder; /* n_holders of them */
	__u32 n_holders;
	bool looked;	  /* holders were looked for, so that none is a finding */
	bool again;	  /* there was an earlier look at the same stay */
	bool moved_since; /* ... and since then diagnosis_moved() has grown */
};

/* DIAG_NONE for a state in which nothing is wrong, or nothing can be said. */
enum diagnosis diagnose(const struct evidence *e);

/*
 * The same for a socket whose holders nobody looked for: never
 * DIAG_KEPT_BY_OTHER or DIAG_IN_FLIGHT.
 */
enum diagnosis diagnose_row(const struct row_sock *row);

/* Payload that is sent, or in FIN_WAIT_2 received, while a half-close is in use, in bytes. */
__u64 diagnosis_moved(const struct row_sock *row);

/*
 * Whether one look can't tell if it is still sending: in CLOSE_WAIT, since when
 * is not known, and the last segment that came may well be the acknowledgement
 * of the last payload sent.  Another look tells, if it sends meanwhile.
 */
bool diagnosis_in_doubt(const struct row_sock *row);

/* Whether it is worth an alert: all but DIAG_HALF_CLOSE_IN_USE. */
bool diagnosis_is_fault(enum diagnosis diagnosis);

/* A few words for a line of text, and a sentence that explains; NULL for DIAG_NONE. */
const char *diagnosis_words(enum diagnosis diagnosis);
const char *diagnosis_sentence(enum diagnosis diagnosis);

#endif
