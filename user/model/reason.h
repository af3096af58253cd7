/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TCPDWELL_MODEL_REASON_H
#define TCPDWELL_MODEL_REASON_H

#include "event.h"

/*
 * Why a socket went from `from` to CLOSE, by what it left behind: sk_err, the
 * RSTs seen (step_flag), and facts (end_fact).  REASON_NONE for a listener.
 * Whether a small socket goes on is not decided here.
 */
enum reason reason_of_end(unsigned int from, unsigned int flags, const struct sock_end *end);

/* Whether the connection may go on in an inet_timewait_sock after this end. */
bool end_may_go_on(unsigned int from, unsigned int flags, const struct sock_end *end);

/*
 * Whether what looks like a RST received may be one sent: data that comes after
 * a close(), or to what is shut down, goes through tcp_reset() too, and is then answered.
 */
bool end_is_doubtful(unsigned int from, unsigned int flags, const struct sock_end *end);

#endif
