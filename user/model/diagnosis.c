// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>
#include "model/diagnosis.h"

/* A half-close that sent nothing for so long is not in use any more. */
#define QUIET_NS 60000000000ULL
/* An acknowledgement comes within a round trip and a delay of at most half a second. */
#define ACK_NS 2000000000ULL
/* When the last segment came is known in jiffies, of at most 10 ms. */
#define TICK_NS 20000000ULL

static const struct {
	const char *words;
	const char *sentence;
} texts[DIAG_MAX] = {
	[DIAG_EOF_UNREAD] = {"end of file not read",
			     "The peer has closed, and the program does not read from the socket, "
			     "so that it does not know."},
	[DIAG_EOF_READ_NOT_CLOSED] = {"end of file read, not closed",
				      "The program has read the end of file and never closed the "
				      "socket: a leak."},
	[DIAG_DATA_UNREAD] = {"data not read",
			      "The peer has sent data and closed; the program reads neither."},
	[DIAG_HALF_CLOSE_IN_USE] = {"half-close in use",
				    "One side has closed its direction, and the other is still "
				    "sending: nothing is wrong."},
	[DIAG_NO_HOLDER] = {"held by no process", "No process has it open: the kernel holds it."},
	[DIAG_KEPT_BY_OTHER] = {"kept by another process",
				"The process that opened it has closed it, and another one still "
				"has it open."},
	[DIAG_IN_FLIGHT] = {"no descriptor, but in use",
			    "No process has a descriptor of it, and something holds its file: the "
			    "queue of a UNIX socket it was sent through, or an io_uring."},
	[DIAG_NOT_ACCEPTED] = {"not accepted",
			       "It waits in its listener's queue: the program does not accept."},
	[DIAG_PEER_NOT_CLOSING] = {"the peer has not closed",
				   "This side has closed its direction, the peer has not."},
	[DIAG_FIN_NOT_ACKED] = {"FIN not acknowledged",
				"The peer does not acknowledge the FIN, or the data before it."},
	[DIAG_NO_ANSWER] = {"no answer", "Nothing answers the SYN."},
};

/* After the socket entered its state, as far as one look tells. */
static bool sent_in_stay(const struct evidence *e)
{
	const struct row_sock *r = e->row;

	if (e->moved_since)
		return true;
	if (!r->last_tx_ns || !r->since_ns || r->mono_ns < r->since_ns)
		return false;
	return r->last_tx_ns < r->mono_ns - r->since_ns;
}

/* What it wrote last may still wait for the peer; but not for ever. */
static bool still_sending(const struct evidence *e)
{
	const struct row_sock *r = e->row;

	if ((r->flags & ROW_SHUT_WR) || r->last_tx_ns >= QUIET_NS)
		return false;
	return r->send_q || sent_in_stay(e);
}

/*
 * In FIN_WAIT_2, what comes after it was entered.  A segment may be a probe:
 * once there were two looks, only payload counts.
 */
static bool still_receiving(const struct evidence *e)
{
	const struct row_sock *r = e->row;

	if (r->kind != ROW_FULL || (r->flags & ROW_ORPHAN))
		return false;
	if (e->again)
		return e->moved_since;
	if (!r->last_rx_ns || r->last_rx_ns >= QUIET_NS || r->mono_ns < r->since_ns)
		return false;
	return r->last_rx_ns + TICK_NS < r->mono_ns - r->since_ns;
}

__u64 diagnosis_moved(const struct row_sock *row)
{
	return row->state == ST_FIN_WAIT2 ? row->bytes_received : row->bytes_sent;
}

bool diagnosis_in_doubt(const struct row_sock *row)
{
	struct evidence e = {.row = row};

	if (row->state != ST_CLOSE_WAIT || !(row->flags & ROW_AT_LEAST) || !row->last_tx_ns)
		return false;
	if ((row->flags & ROW_SHUT_WR) || row->last_tx_ns >= QUIET_NS || still_sending(&e))
		return false;
	return row->last_tx_ns < row->last_rx_ns + ACK_NS;
}

static bool holds(const struct evidence *e, __u32 pid)
{
	for (__u32 i = 0; i < e->n_holders; i++)
		if (e->holder[i].pid == pid)
			return true;
	return false;
}

/* An accepting process is not the listener's owner for sure, so that one does not count. */
static bool owner_gone(const struct evidence *e)
{
	const struct sock_owner *o = &e->row->ident.owner;

	return o->how >= OWNER_DESCRIPTOR && !holds(e, o->pid);
}

/* A process that changed its user, or its program, since it opened it is not known to have. */
static bool opener_gone(const struct evidence *e)
{
	bool by_parent = false;

	for (__u32 i = 0; i < e->n_holders; i++) {
		if (e->holder[i].flags & HOLDER_OPENED)
			return false;
		if (e->holder[i].flags & HOLDER_PARENT_OPENED)
			by_parent |= !holds(e, e->holder[i].ppid);
	}
	return by_parent;
}

static bool kept_by_other(const struct evidence *e)
{
	return e->n_holders && (owner_gone(e) || opener_gone(e));
}

/* No descriptor, and not closed: why. */
static enum diagnosis diagnose_unheld(const struct evidence *e)
{
	const struct row_sock *r = e->row;

	if (e->n_holders || r->kind != ROW_FULL || (r->flags & ROW_ORPHAN))
		return DIAG_NONE;
	if (r->flags & ROW_QUEUED)
		return DIAG_NOT_ACCEPTED;
	if (r->flags & ROW_NO_FILE)
		return DIAG_NO_HOLDER;
	return e->looked ? DIAG_IN_FLIGHT : DIAG_NONE;
}

/*
 * In CLOSE_WAIT the FIN counts as a byte of what is unread (RFC 9293 section
 * 3.4).  Who serves a connection reads what comes: a process that leaves data
 * unread is rather the one that hangs than one that keeps another's socket.
 */
static enum diagnosis diagnose_close_wait(const struct evidence *e)
{
	enum diagnosis unheld = diagnose_unheld(e);

	if (unheld)
		return unheld;
	if (still_sending(e))
		return DIAG_HALF_CLOSE_IN_USE;
	if (e->row->unread > 1)
		return DIAG_DATA_UNREAD;
	if (kept_by_other(e))
		return DIAG_KEPT_BY_OTHER;
	return e->row->unread ? DIAG_EOF_UNREAD : DIAG_EOF_READ_NOT_CLOSED;
}

enum diagnosis diagnose(const struct evidence *e)
{
	switch (e->row->state) {
	case ST_CLOSE_WAIT:
		return diagnose_close_wait(e);
	case ST_FIN_WAIT2:
		return still_receiving(e) ? DIAG_HALF_CLOSE_IN_USE : DIAG_PEER_NOT_CLOSING;
	case ST_FIN_WAIT1:
	case ST_CLOSING:
	case ST_LAST_ACK:
		return DIAG_FIN_NOT_ACKED;
	case ST_SYN_SENT:
		return DIAG_NO_ANSWER;
	case ST_ESTABLISHED:
		return diagnose_unheld(e);
	default:
		return DIAG_NONE;
	}
}

enum diagnosis diagnose_row(const struct row_sock *row)
{
	struct evidence e = {.row = row};

	return diagnose(&e);
}

bool diagnosis_is_fault(enum diagnosis diagnosis)
{
	return diagnosis != DIAG_HALF_CLOSE_IN_USE;
}

const char *diagnosis_words(enum diagnosis diagnosis)
{
	return (unsigned int)diagnosis < DIAG_MAX ? texts[diagnosis].words : NULL;
}

const char *diagnosis_sentence(enum diagnosis diagnosis)
{
	return (unsigned int)diagnosis < DIAG_MAX ? texts[diagnosis].sentence : NULL;
}
