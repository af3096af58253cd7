/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of everything that is printed: states, reasons, roles. */
#ifndef TCPDWELL_MODEL_NAMES_H
#define TCPDWELL_MODEL_NAMES_H

#include "event.h"

enum name_set {
	NAMES_ARTICLE = 0, /* Q137984, the default */
	NAMES_RFC,	   /* RFC 9293 section 3.3.2 */
	NAMES_KERNEL,	   /* include/net/tcp_states.h */
	NAME_SETS,
};

/* Name of a state in a set; "?" for a number that is none. */
const char *state_name(enum name_set set, unsigned int state);

/*
 * State of a name in any of the three sets, any case, '-' as good as '_', with
 * TIME_WAIT, TIME-WAIT, TCP_X, FIN_WAIT1, FIN-WAIT-1, SYN_SENT, SYN_RECV too.
 * ST_NONE when it is no state.
 */
unsigned int state_by_name(const char *name);

/* Set by name ("article", "rfc", "kernel"), or -EINVAL. */
int name_set_by_name(const char *name);

/* As the contract's JSON has them; NULL for the value that means unknown or none. */
const char *reason_name(enum reason reason);
const char *role_name(enum sock_role role);
const char *via_name(enum via via);
const char *lost_name(enum lost_cause cause);
const char *diagnosis_name(enum diagnosis diagnosis);
const char *owner_how_name(enum owner_how how);

#endif
