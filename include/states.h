/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP states by the kernel's numbers (include/net/tcp_states.h; ABI since they
 * are in struct tcp_info).  Own names: <netinet/tcp.h> and a kernel's BTF both
 * define TCP_*, and this header is read on both sides.
 */
#ifndef TCPDWELL_STATES_H
#define TCPDWELL_STATES_H

enum tcp_state_no {
	ST_NONE = 0, /* not known */
	ST_ESTABLISHED = 1,
	ST_SYN_SENT,
	ST_SYN_RECV,
	ST_FIN_WAIT1,
	ST_FIN_WAIT2,
	ST_TIME_WAIT,
	ST_CLOSE,
	ST_CLOSE_WAIT,
	ST_LAST_ACK,
	ST_LISTEN,
	ST_CLOSING,
	ST_NEW_SYN_RECV,   /* a request_sock; shown as SYN_RECEIVED */
	ST_BOUND_INACTIVE, /* Linux 6.8, sock_diag only: never in a transition */
	ST_MAX,
};

#define ST_BIT(state) (1U << (state))

/* The ways to the end of a connection that begin with our own FIN. */
#define ST_CLOSING_FIRST (ST_BIT(ST_FIN_WAIT1) | ST_BIT(ST_FIN_WAIT2) | ST_BIT(ST_CLOSING))

#endif
