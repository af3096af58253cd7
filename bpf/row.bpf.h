/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the iterators read of a socket or its holder, with or without a tracer behind them. */
#ifndef TCPDWELL_ROW_BPF_H
#define TCPDWELL_ROW_BPF_H

#include "held.bpf.h"
#include "sock.bpf.h"
#include "timer.bpf.h"

/*
 * The struct sock in a tcp_sock.  By one type for all that is read of it, which
 * takes an expression in one piece: a kernel that relocates by itself goes through
 * all of its types for each that is named (see list.bpf.c).
 */
#define SK(tp) ((tp)->inet_conn.icsk_inet.sk)

/* How long ago connect() was: in SYN_SENT, retrans_stamp is the time of the first SYN. */
static __always_inline __u64 syn_age_ns(const struct tcp_sock *tp, __u64 now_ns)
{
	const struct tcp_sock___usec *newer = (const void *)tp;
	__u32 sent = tp->retrans_stamp;

	if (!sent)
		return 0;
	if (bpf_core_field_exists(newer->tcp_usec_ts) &&
	    BPF_CORE_READ_BITFIELD_PROBED(newer, tcp_usec_ts))
		return (__u32)(now_ns / 1000 - sent) * 1000ULL;
	return (__u32)(now_ns / 1000000 - sent) * 1000000ULL;
}

/* When the retransmit timer runs out, in jiffies. */
static __always_inline unsigned long retransmit_at(const struct tcp_sock *tp)
{
	const struct tcp_sock___timed *newer = (const void *)tp;

	if (bpf_core_field_exists(SK(newer).tcp_retransmit_timer.expires))
		return BPF_CORE_READ(newer, inet_conn.icsk_inet.sk.tcp_retransmit_timer.expires);
	return tp->inet_conn.icsk_retransmit_timer.expires;
}

/*
 * How long, at least, a FIN has waited for its acknowledgement.  When it was sent
 * the kernel does not keep; but with nothing else unacknowledged it is the FIN
 * that was sent again at each timeout since the last progress, and each time the
 * timeout was doubled: tcp_retransmit_timer().  The timeouts that are over sum up
 * to no less than the present one without the first; then comes what has passed of
 * the present one.  Where backoff and timeouts differ (an ICMP error, a send that
 * failed here, a backoff from earlier data), or TCP_USER_TIMEOUT shortens the
 * timer, nothing is said.
 */
static __always_inline __u64 fin_stay(const struct tcp_sock *tp)
{
	__u8 n = tp->inet_conn.icsk_retransmits;
	__u32 rto = tp->inet_conn.icsk_rto;
	__u64 stay_ns;
	__s64 left_ns;

	if (!n || n > 31 || n != tp->inet_conn.icsk_backoff || tp->write_seq - tp->snd_una != 1)
		return 0;
	if (tp->inet_conn.icsk_user_timeout)
		return 0;
	stay_ns = jiffies_to_ns(rto - (rto >> n));
	left_ns = timer_left_ns(retransmit_at(tp));
	/* below 0: the wheel is late */
	if (left_ns >= -jiffies_to_ns(rto) && left_ns <= jiffies_to_ns(rto))
		stay_ns += jiffies_to_ns(rto) - left_ns;
	return stay_ns;
}

/* Readings of a clock that ticks: up to a tick less has passed than they differ by. */
static __always_inline __u64 less_a_tick(__u64 ns)
{
	__u64 tick_ns = jiffies_to_ns(1);

	return ns > tick_ns ? ns - tick_ns : 0;
}

/*
 * A lower bound of the stay of a socket that was there before: states that a
 * segment from the peer leads to are at least as old as its last segment; those
 * that a FIN of ours leads to, as its timeouts.  Of SYN_SENT it is the stay
 * itself, or 0.
 */
static __always_inline __u64 known_stay(const struct tcp_sock *tp, const struct row_sock *r)
{
	if (r->state == ST_SYN_SENT)
		return syn_age_ns(tp, r->mono_ns);
	if (r->state == ST_CLOSE_WAIT || r->state == ST_FIN_WAIT2 || r->state == ST_CLOSING ||
	    r->state == ST_ESTABLISHED)
		return less_a_tick(r->last_rx_ns);
	if (r->state == ST_FIN_WAIT1 || r->state == ST_LAST_ACK)
		return less_a_tick(fin_stay(tp));
	return 0;
}

/* Whether the kernel keeps when a small socket was made (Linux 6.14). */
static __always_inline bool is_stamped(void)
{
	return bpf_core_field_exists(struct tcp_timewait_sock___stamped, tw_sk.tw_entry_stamp);
}

/* Since then, in ms.  A list's clock may be a little older than the stamp. */
static __always_inline __u64 stamp_age_ns(const struct tcp_timewait_sock *tw, __u64 now_ns)
{
	const struct tcp_timewait_sock___stamped *newer = (const void *)tw;
	__s32 age_ms = now_ns / 1000000 - newer->tw_sk.tw_entry_stamp;

	return age_ms > 0 ? age_ms * 1000000ULL : 1;
}

/*
 * How long a small socket has been in FIN_WAIT_2, at least: since the last segment
 * that its full one got.  Before Linux 6.14 only time stamps (RFC 7323) say so, in
 * seconds; 0: they don't.
 */
static __always_inline __u64 fin_wait_2_stay(const struct tcp_timewait_sock *tw, __u64 now_ns)
{
	__u64 second = (__u32)tw->tw_ts_recent_stamp;

	if (is_stamped())
		return stamp_age_ns(tw, now_ns);
	if (!second || (second + 1) * 1000000000 > now_ns)
		return 0;
	return now_ns - (second + 1) * 1000000000;
}

/*
 * How long a small socket has been in TIMED_WAIT, also if a late segment has set its
 * timer again.  With time stamps (RFC 7323) the FIN that leads there from a small
 * FIN_WAIT_2 renews the socket's own: tcp_timewait_state_process().  0: not known,
 * but for the timer.
 */
static __always_inline __u64 time_wait_stay(const struct tcp_timewait_sock *tw, __u64 now_ns)
{
	return is_stamped() && tw->tw_ts_recent_stamp ? stamp_age_ns(tw, now_ns) : 0;
}

static __always_inline void row_queues(const struct tcp_sock *tp, struct row_sock *r)
{
	if (r->state == ST_LISTEN) {
		r->recv_q = SK(tp).sk_ack_backlog;
		r->send_q = SK(tp).sk_max_ack_backlog;
		return;
	}
	r->unread = tp->rcv_nxt - tp->copied_seq;
	r->recv_q = (__s32)r->unread > 0 ? r->unread : 0;
	r->send_q = tp->write_seq - tp->snd_una;
}

/* What came in this very jiffy is not what never came. */
static __always_inline void row_received(const struct tcp_sock *tp, struct row_sock *r)
{
	__u32 rx = tp->rcv_tstamp;

	if (rx)
		r->last_rx_ns = jiffies_to_ns((__u32)bpf_jiffies64() - rx) ?: 1;
}

/* The kernel sets lsndtime when the connection is made, too. */
static __always_inline void row_sent(const struct tcp_sock *tp, struct row_sock *r)
{
	if (tp->bytes_sent)
		r->last_tx_ns = jiffies_to_ns((__u32)bpf_jiffies64() - tp->lsndtime) ?: 1;
}

/*
 * A socket that no struct socket belongs to waits in its listener's queue,
 * unless it was closed; a struct socket without a file is the kernel's own.
 */
static __always_inline void row_flags(const struct tcp_sock *tp, struct row_sock *r)
{
	const struct socket_alloc *sock = (const void *)SK(tp).sk_socket;
	__u8 shut = SK(tp).sk_shutdown;

	if (SK(tp).__sk_common.skc_flags & SOCK_DEAD_BIT)
		r->flags |= ROW_ORPHAN;
	else if (!sock)
		r->flags |= ROW_QUEUED;
	else if (!sock->socket.file)
		r->flags |= ROW_NO_FILE;
	else
		r->ino = socket_ino(sock);
	if (shut & SEND_SHUTDOWN)
		r->flags |= ROW_SHUT_WR;
	if (shut & RCV_SHUTDOWN)
		r->flags |= ROW_FIN_IN;
}

/* All of the identity that every kind of socket has, but for its local port and its namespace. */
static __always_inline void row_ends(const struct sock_common *skc, struct row_sock *r)
{
	struct sock_ident *id = &r->ident;

	read_addrs(skc, (__u64 *)id->laddr, (__u64 *)id->raddr);
	id->rport = bpf_ntohs(skc->skc_dport);
	id->family = family_no(skc);
}

static __always_inline void row_addrs(const struct sock_common *skc, struct row_sock *r)
{
	row_ends(skc, r);
	r->ident.netns = skc->skc_net.net->ns.inum;
}

#endif
