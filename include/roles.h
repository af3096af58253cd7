/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who opened and who closed, from the states that a socket goes through; for both sides. */
#ifndef TCPDWELL_ROLES_H
#define TCPDWELL_ROLES_H

#include "states.h"
#include "wire.h"

/* What a state alone tells. */
static inline __attribute__((always_inline)) __u8 roles_of_state(int state)
{
	switch (state) {
	case ST_FIN_WAIT1:
	case ST_FIN_WAIT2:
	case ST_TIME_WAIT:
		return ROLES(0, ROLE_ACTIVE);
	case ST_CLOSE_WAIT:
	case ST_LAST_ACK:
		return ROLES(0, ROLE_PASSIVE);
	case ST_CLOSING:
		return ROLES(0, ROLE_SIMULTANEOUS);
	case ST_SYN_SENT:
		return ROLES(ROLE_ACTIVE, 0);
	default:
		return 0;
	}
}

/* ... and what a transition adds. */
static inline __attribute__((always_inline)) __u8 next_roles(int from, int to, __u8 roles)
{
	if (to == ST_FIN_WAIT1 && from != ST_CLOSE_WAIT)
		return ROLES(ROLE_OPEN(roles), ROLE_ACTIVE);
	if (to == ST_CLOSE_WAIT)
		return ROLES(ROLE_OPEN(roles), ROLE_PASSIVE);
	if (to == ST_CLOSING)
		return ROLES(ROLE_OPEN(roles), ROLE_SIMULTANEOUS);
	if (from == ST_SYN_SENT && to == ST_SYN_RECV)
		return ROLES(ROLE_SIMULTANEOUS, 0);
	return roles;
}

#endif
