// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>
#include "model/explain.h"

static const struct explanation explanations[] = {
	{ST_SYN_SENT, "connect() has sent its SYN, and no answer has come yet: the active open.",
	 NULL, true},
	{ST_SYN_RECV,
	 "A SYN came in and was answered; the ACK that completes the handshake is still out.", NULL,
	 true},
	{ST_ESTABLISHED, "The handshake is done, and data goes both ways.", NULL, true},
	{ST_LISTEN, "listen() was called: the socket waits for connections.",
	 "The Netstat of the article could not show it; `tcpdwell list' does.", true},
	{ST_FIN_WAIT1, "This side closed first: its FIN is out, and not acknowledged.", NULL, true},
	{ST_TIME_WAIT,
	 "Closed on both sides; who closed first keeps the pair of addresses for a while, so that "
	 "no late segment gets into a new connection.",
	 "That it takes long is in order. The article reckons up to four minutes, twice the two "
	 "that a segment may live; Linux takes 60 s, whatever is set. One that lasts longer was "
	 "started anew by a late segment.",
	 true},
	{ST_CLOSE_WAIT, "The peer has closed, and this side's program has not yet.",
	 "A program has ended, and still there is a socket of its in this state: another process "
	 "or thread has a descriptor of it too, such as a child that inherited it, and the "
	 "connection lasts until that one is closed. Many of them that grow old are a leak.",
	 true},
	{ST_FIN_WAIT2,
	 "The peer knows that this side is done, and has not closed itself: a half-closed "
	 "connection, or a peer that never will.",
	 NULL, true},
	{ST_LAST_ACK, "This side closed too, second: only the ACK of its FIN is missing.", NULL,
	 true},
	{ST_CLOSE,
	 "No connection: what each begins with and ends in; the kernel keeps no list of those.",
	 NULL, true},
	{ST_CLOSING, "Both sides closed at once: the FINs have crossed, an ACK is missing.", NULL,
	 false},
};

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(via) (1U << (via))

const struct explanation *explain_at(unsigned int i)
{
	return i < N(explanations) ? &explanations[i] : NULL;
}

/* Half-open connections have timers too, which the fentry tier uses as well. */
unsigned int explain_via(unsigned int state, enum via small)
{
	switch (state) {
	case ST_TIME_WAIT:
		return BIT(small);
	case ST_FIN_WAIT2:
		return BIT(VIA_TRACEPOINT) | BIT(small);
	case ST_SYN_RECV:
		return BIT(VIA_TRACEPOINT) | BIT(small == VIA_SWEEP ? VIA_SWEEP : VIA_TIMER);
	default:
		return BIT(VIA_TRACEPOINT);
	}
}

static const struct arrow_text arrows[ARROWS] = {
	[ARROW_PASSIVE_OPEN] = {ST_CLOSE, ST_LISTEN, "listen()"},
	[ARROW_ACTIVE_OPEN] = {ST_CLOSE, ST_SYN_SENT, "connect()"},
	[ARROW_LISTEN_CLOSE] = {ST_LISTEN, ST_CLOSE, "close"},
	[ARROW_SYN_IN] = {ST_LISTEN, ST_SYN_RECV, "SYN in"},
	[ARROW_SEND] = {ST_LISTEN, ST_SYN_SENT, "send"},
	[ARROW_SYN_SENT_CLOSE] = {ST_SYN_SENT, ST_CLOSE, "close"},
	[ARROW_SYN_CROSSED] = {ST_SYN_SENT, ST_SYN_RECV, "SYN in"},
	[ARROW_SYN_ACK_IN] = {ST_SYN_SENT, ST_ESTABLISHED, "SYN+ACK in"},
	[ARROW_SYN_ACK_ACKED] = {ST_SYN_RECV, ST_ESTABLISHED, "ACK in"},
	[ARROW_RST_IN] = {ST_SYN_RECV, ST_LISTEN, "RST in"},
	[ARROW_SYN_RECV_CLOSE] = {ST_SYN_RECV, ST_FIN_WAIT1, "close"},
	[ARROW_CLOSE] = {ST_ESTABLISHED, ST_FIN_WAIT1, "close"},
	[ARROW_FIN_IN] = {ST_ESTABLISHED, ST_CLOSE_WAIT, "FIN in"},
	[ARROW_FIN_ACKED] = {ST_FIN_WAIT1, ST_FIN_WAIT2, "ACK in"},
	[ARROW_FIN_CROSSED] = {ST_FIN_WAIT1, ST_CLOSING, "FIN in"},
	[ARROW_SECOND_FIN_IN] = {ST_FIN_WAIT2, ST_TIME_WAIT, "FIN in"},
	[ARROW_CROSSED_ACKED] = {ST_CLOSING, ST_TIME_WAIT, "ACK in"},
	[ARROW_SECOND_CLOSE] = {ST_CLOSE_WAIT, ST_LAST_ACK, "close"},
	[ARROW_LAST_ACKED] = {ST_LAST_ACK, ST_CLOSE, "ACK in"},
	[ARROW_TIME_OVER] = {ST_TIME_WAIT, ST_CLOSE, "60 s"},
};

const struct arrow_text *arrow_text(enum arrow arrow)
{
	return arrow < ARROWS ? &arrows[arrow] : NULL;
}

static unsigned int one_number(unsigned int state)
{
	return state == ST_NEW_SYN_RECV ? ST_SYN_RECV : state;
}

/*
 * Ends that are not the figure's: a RST that a connection got, its timeout, the
 * close of one with unread data.  SYN_SEND may be closed, and a half-open
 * connection may be reset.
 */
static bool is_drawn(const struct transition *t, unsigned int from)
{
	switch (t->reason) {
	case REASON_NONE:
	case REASON_FIN:
	case REASON_EXPIRED:
		return true;
	case REASON_ABORTED:
		return from == ST_SYN_SENT;
	default:
		return false;
	}
}

static enum arrow arrow_of(const struct transition *t)
{
	unsigned int from = one_number(t->from), to = one_number(t->to);

	if (t->conn->half_open && to == ST_CLOSE && t->reason == REASON_RESET_RECEIVED)
		return ARROW_RST_IN;
	if (to == ST_CLOSE && !is_drawn(t, from))
		return ARROWS;
	for (int i = 0; i < ARROWS; i++)
		if (arrows[i].from == from && arrows[i].to == to)
			return i;
	return ARROWS;
}

void arrow_count(struct arrow_counts *c, const struct transition *t)
{
	enum arrow arrow = arrow_of(t);

	c->total++;
	if (arrow < ARROWS)
		c->arrow[arrow]++;
	else if (t->from < ST_MAX && t->to < ST_MAX)
		c->other[one_number(t->from)][one_number(t->to)]++;
}
