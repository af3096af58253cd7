// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>

#include "model/reason.h"

/* An error that the kernel put on the socket: tcp_reset(), tcp_write_err(), tcp_abort(), ICMP. */
static enum reason reason_of_error(unsigned int from, int err)
{
	switch (err) {
	case ECONNREFUSED:
		return from == ST_SYN_SENT ? REASON_REFUSED : REASON_RESET_RECEIVED;
	case ECONNRESET:
	case EPIPE: /* tcp_reset() in CLOSE_WAIT */
		return REASON_RESET_RECEIVED;
	case ETIMEDOUT:
		return REASON_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case ENONET:
	case ENOPROTOOPT:
		return REASON_UNREACHABLE;
	default:
		return REASON_ABORTED;
	}
}

/*
 * No error: this side ended it.  A close() with unread data, with SO_LINGER 0,
 * or with TCP_LINGER2 < 0 sends its RST just after the transition, so that no
 * RST was seen yet (tcp_close(), tcp_disconnect(); RFC 1122 4.2.2.13).
 */
static enum reason reason_without_error(unsigned int from, unsigned int flags,
					const struct sock_end *end)
{
	switch (from) {
	case ST_LISTEN:
		return REASON_NONE;
	case ST_LAST_ACK:
		if (flags & STEP_RST_OUT || end->facts & END_UNSENT)
			return REASON_RESET_SENT;
		/* close() with SO_LINGER 0 sends no RST here (tcp_need_reset()) */
		return end->facts & END_UNACKED ? REASON_ABORTED : REASON_FIN;
	case ST_SYN_SENT:
		return REASON_ABORTED;
	case ST_FIN_WAIT2:
	case ST_CLOSING:
		if (flags & STEP_RST_OUT || end->facts & (END_LINGER2_OFF | END_UNSENT))
			return REASON_RESET_SENT;
		if (from == ST_CLOSING && end->facts & END_UNACKED)
			return REASON_ABORTED;
		return REASON_TIME_WAIT_OVERFLOW;
	default:
		return end->facts & END_REPAIR ? REASON_ABORTED : REASON_RESET_SENT;
	}
}

enum reason reason_of_end(unsigned int from, unsigned int flags, const struct sock_end *end)
{
	if (from == ST_LISTEN)
		return REASON_NONE;
	if (flags & STEP_RST_OUT && end_is_doubtful(from, flags, end))
		return REASON_RESET_SENT;
	if (flags & STEP_RST_IN)
		return from == ST_SYN_SENT ? REASON_REFUSED : REASON_RESET_RECEIVED;
	if (end->facts & END_NO_TCP && !end->sk_err)
		return REASON_FIN;
	if (end->sk_err)
		return reason_of_error(from, end->sk_err);
	return reason_without_error(from, flags, end);
}

bool end_may_go_on(unsigned int from, unsigned int flags, const struct sock_end *end)
{
	if (from != ST_FIN_WAIT2 && from != ST_CLOSING)
		return false;
	return !end->sk_err && !(end->facts & END_NO_TCP) && !(flags & STEP_RST_IN) &&
	       reason_without_error(from, flags, end) == REASON_TIME_WAIT_OVERFLOW;
}

bool end_is_doubtful(unsigned int from, unsigned int flags, const struct sock_end *end)
{
	if (from != ST_FIN_WAIT1 && from != ST_FIN_WAIT2)
		return false;
	return flags & STEP_RST_IN && end->facts & END_NO_READER;
}
