/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A transition, from the tracepoint to the record, of a socket that something is
 * kept of: for a filter that hangs on what came before (dwell, states, owner),
 * where its listener can't be told otherwise, and for MPTCP.
 */
#ifndef TCPDWELL_STEP_BPF_H
#define TCPDWELL_STEP_BPF_H

#include "maps.bpf.h"
#include "store.bpf.h"
#include "emit.bpf.h"
#include "request.bpf.h"

static __always_inline void begin_here(struct sock_store *st, int to, __u64 now)
{
	st->since_ns = now;
	st->born_ns = now;
	st->roles = to == ST_SYN_SENT ? ROLES(ROLE_ACTIVE, 0) : 0;
	st->flags = STEP_FIRST;
	st->told = 0;
	st->held = 0;
	st->before = 0;
	st->lport = 0;
	if (config.own_ids)
		st->cookie = 0;
	owner_is_current(&st->owner, OWNER_OPEN);
}

/*
 * A child, made when the last ACK of its handshake came.  Its storage is a copy
 * of the listener's: the owner stays, the rest begins anew.  What the child
 * knows is not enough yet (before Linux 6.16 not even the remote port), so that
 * this step is told together with the next one, microseconds later.
 */
static __always_inline void begin_child(struct sock *sk, struct sock_store *st, int to, __u64 now)
{
	__u64 parent = st->cookie & COOKIE_MASK;

	note_child(sk);
	st->since_ns = now;
	st->born_ns = now;
	st->roles = ROLES(ROLE_PASSIVE, 0);
	st->flags = STEP_FIRST;
	st->told = 0;
	st->held = to == ST_SYN_RECV; /* an MPTCP socket begins in ESTABLISHED */
	st->before = 0;
	st->lport = 0;
	/* until Linux 6.12 the clone has its listener's cookie when it enters SYN_RECV */
	st->cookie = st->held ? 0 : new_cookie(sk);
	if (parent && st->cookie == parent)
		st->cookie |= ((now >> 10 & 0x1fffff) | 1) << 40;
	if (st->owner.how > OWNER_LISTENER)
		st->owner.how = OWNER_LISTENER;
}

static __always_inline void began_before(struct step *s, __u64 dwell_ns)
{
	if (dwell_ns <= s->dwell_ns)
		return;
	s->born_ns -= dwell_ns - s->dwell_ns;
	s->dwell_ns = dwell_ns;
}

/*
 * While the handshake went on there was only a request_sock, which knows when it
 * sent its SYN-ACK.  Where it does not tell (sweeps, SYN cookies): the smoothed
 * RTT of this moment has one sample, from the SYN-ACK to its ACK, the true stay
 * in SYN_RECEIVED.  When the SYN-ACK was retransmitted it is missing or, with time
 * stamps, only the last one's.  The child of a TCP Fast Open was made when the
 * SYN came.
 */
static __always_inline void handshake_time(struct step *s, const struct child *child)
{
	struct tcp_sock *tp;
	__u64 rtt_ns;

	if (child && child->synack_ns && child->synack_ns < s->now_ns) {
		began_before(s, s->now_ns - child->synack_ns);
		return;
	}
	tp = bpf_skc_to_tcp_sock(s->sk);
	rtt_ns = tp ? (tp->srtt_us >> 3) * 1000ULL : 0;
	if (tp && BPF_CORE_READ_BITFIELD(tp, syn_data_acked))
		return;
	if (!rtt_ns || tp->total_retrans)
		s->flags |= STEP_AT_LEAST;
	began_before(s, rtt_ns);
}

static __always_inline bool step_wanted(const struct step *s, bool told)
{
	const volatile struct filter *f = &config.filter;

	if (filter_by_owner(f) && !filter_owner(f, s->owner))
		return false;
	if (!filter_cgroup(f, s->sk))
		return false;
	if (!config.step_filter)
		return true;
	if (config.keep_ends && s->to == ST_CLOSE && (ST_BIT(s->from) & ST_CLOSING_FIRST))
		return true;
	/* ... and of who it is, before its small socket is made */
	if (config.keep_ends && !told && (s->to == ST_FIN_WAIT2 || s->to == ST_CLOSING))
		return true;
	/* two steps in one record: the user side looks at each */
	if (s->flags & STEP_HELD)
		return true;
	return filter_step(f, s->from, s->to, s->dwell_ns);
}

/*
 * Whether the socket is one to look at.  Only what the filter asks for is read:
 * addresses, and more so the namespace, are further cache lines.
 */
static __always_inline enum match sock_wanted(const struct sock *sk, int to)
{
	const struct sock_common *skc = &sk->__sk_common;
	const volatile struct filter *f = &config.filter;
	struct flow w = {};

	if (!config.flow_filter)
		return MATCH_YES;
	w.family = family_no(skc);
	if (f->n_port || f->n_lport)
		w.lport = read_lport_at(sk, to);
	w.rport = bpf_ntohs(skc->skc_dport);
	if (f->n_netns)
		w.netns = skc->skc_net.net->ns.inum;
	if (f->n_addr)
		read_addrs(skc, w.laddr, w.raddr);
	return filter_flow(f, &w);
}

/*
 * A child whose first steps the kernel did not show: what is kept is still its
 * listener's.  (MPTCP's children have their listener's cookie for good.)
 */
static __always_inline bool is_listeners(const struct sock *sk, const struct sock_store *st)
{
	return !config.own_ids && sk->sk_protocol == IPPROTO_TCP && st->cookie &&
	       st->cookie != (__u64)sk->__sk_common.skc_cookie.counter;
}

static __always_inline void adopt(struct sock_store *st, int state, __u64 since_ns)
{
	st->since_ns = since_ns;
	st->born_ns = 0;
	st->roles = ROLES(ROLE_PASSIVE, 0) | roles_of_state(state);
	st->flags = STEP_AT_LEAST;
	st->told = st->held = st->before = 0;
	st->lport = 0;
	st->cookie = 0;
	if (st->owner.how > OWNER_LISTENER)
		st->owner.how = OWNER_LISTENER;
}

static __always_inline void enter(struct sock *sk, struct sock_store *st, int from, int to,
				  __u64 now)
{
	__u64 since = start_ns;

	if (from == ST_CLOSE) {
		begin_here(st, to, now);
	} else if (from == ST_LISTEN && to != ST_CLOSE) {
		begin_child(sk, st, to, now);
	} else if (is_listeners(sk, st)) {
		adopt(st, from, now);
		count_lost(LOST_INTERRUPTED);
	} else if (!st->since_ns) {
		/* there before the tracer, and not yet met by the iterators */
		st->since_ns = since ? since : now;
		st->flags |= STEP_AT_LEAST;
		st->roles = roles_of_state(from);
		st->before = 1;
	}
}

/* A step is held while its port or peer is not known: see begin_child(). */
static __always_inline bool hold(struct sock_store *st, enum match match)
{
	if (match == MATCH_LATER) {
		st->held = 1;
		count_held();
	}
	return st->held;
}

/*
 * Bits above an MPTCP socket's cookie: it may be its listener's, if that had one
 * when the socket was accepted.  0: the listener itself, which has no peer.
 */
static __always_inline __u64 mptcp_mark(const struct sock *sk)
{
	__u64 addr[4], mark;

	read_addrs(&sk->__sk_common, addr, addr + 2);
	mark = bpf_ntohs(sk->__sk_common.skc_dport) << 5 | (addr[3] >> 56 & 0x1f);
	return sk->__sk_common.skc_dport ? mark << 40 : 0;
}

/* Asked of the kernel once for a connection. */
static __always_inline void know_socket(struct sock *sk, struct sock_store *st, int to)
{
	if (!st->cookie && !(st->held && to == ST_SYN_RECV)) {
		st->cookie = new_cookie(sk);
		if (st->before && sk->sk_protocol == IPPROTO_MPTCP && !config.own_ids)
			st->cookie |= mptcp_mark(sk);
	}
	if (!st->lport)
		st->lport = read_lport_at(sk, to);
}

static __always_inline bool current_wanted(void)
{
	struct sock_owner o;

	owner_is_current(&o, OWNER_OPEN);
	return filter_owner(&config.filter, &o);
}

/*
 * What is kept of the socket; NULL if it is not one to look at.  By its opener a
 * socket can be left out once for all, unless another task may accept it.
 */
static __always_inline struct sock_store *store_of(struct sock *sk, int from)
{
	struct sock_store *st;

	if (config.opener_decides && (from != ST_CLOSE || !current_wanted()))
		return store_find(sk);
	st = store_make(sk);
	if (!st)
		count_lost(LOST_STORAGE);
	return st;
}

/* Without storage there is no copy of the listener's: its request_sock told which it was. */
static __always_inline void take_after_listener(const struct child *child, struct sock_store *st)
{
	__u64 key = child ? child->listener : 0;
	struct sock_store *listener = key ? bpf_map_lookup_elem(&sock_table, &key) : NULL;

	if (!listener || st->owner.how != OWNER_UNKNOWN)
		return;
	st->owner = listener->owner;
	if (st->owner.how > OWNER_LISTENER)
		st->owner.how = OWNER_LISTENER;
}

static __always_inline void tell(struct step *s, struct sock_store *st)
{
	/* While a port is missing (SYN_SENT, an MPTCP child) the next record repeats the identity.
	 */
	bool ident = !st->told || s->sk->sk_protocol == IPPROTO_MPTCP;

	/* No resync finds an MPTCP socket without a descriptor: see row_mptcp(). */
	if (step_wanted(s, st->told) && emit(s, ident))
		st->told = s->lport && (s->to == ST_LISTEN || s->sk->__sk_common.skc_dport);
}

static __always_inline void on_step(struct sock *sk, int from, int to, __u8 flags)
{
	bool begins = from == ST_CLOSE || (from == ST_LISTEN && to != ST_CLOSE);
	struct step s = {.sk = sk, .from = from, .to = to};
	enum match match = sock_wanted(sk, to);
	struct sock_store *st;

	/* without a port to the end: connect() found none, so it was not the one asked for */
	if (match == MATCH_NO || (match == MATCH_LATER && !begins))
		return;
	st = store_of(sk, from);
	if (!st)
		return;
	s.owner = &st->owner;
	s.now_ns = bpf_ktime_get_ns();
	enter(sk, st, from, to, s.now_ns);
	know_socket(sk, st, to);
	s.cookie = st->cookie;
	s.lport = st->lport;
	s.born_ns = st->born_ns;
	if (begins && hold(st, match))
		return;
	s.dwell_ns = s.now_ns - st->since_ns;
	s.flags = flags | st->flags;
	if (st->held) {
		s.flags |= STEP_HELD;
		st->held = 0;
	}
	if (from == ST_SYN_RECV && ROLE_OPEN(st->roles) == ROLE_PASSIVE) {
		const struct child *child = child_of(sk);

		handshake_time(&s, child);
		if (config.own_ids)
			take_after_listener(child, st);
	}
	if (config.own_ids && (ST_BIT(to) & ST_CLOSING_FIRST))
		know_flow(sk, st->lport, st->cookie);
	st->roles = s.roles = next_roles(from, to, st->roles);
	st->since_ns = s.now_ns;
	st->born_ns = s.born_ns;
	st->flags = 0;
	st->ended_from = to == ST_CLOSE ? from : 0;
	tell(&s, st);
}

/* Nothing is kept of it any more; but its last states were ones that leave its flow. */
static __always_inline void hint_after_close(const struct sock *sk)
{
	struct flow w;
	__u64 id;

	__builtin_memset(&w, 0, sizeof(w));
	read_flow(&sk->__sk_common, read_lport(sk), &w);
	id = id_of_flow(&w);
	if (id)
		emit_hint(id, SMALL_CLOSE_RST, bpf_ktime_get_ns());
}

static __always_inline void mark_sock(struct sock *sk, __u8 flag)
{
	struct sock_store *st = store_find(sk);

	if (config.own_ids && flag == STEP_RST_OUT && sk->__sk_common.skc_state == ST_CLOSE)
		hint_after_close(sk);
	if (!st)
		return;
	st->flags |= flag;
	if (flag == STEP_RST_OUT && sk->__sk_common.skc_state == ST_CLOSE &&
	    (st->ended_from == ST_FIN_WAIT1 || st->ended_from == ST_FIN_WAIT2))
		/* close() and disconnect() set CLOSE first; the record could not foresee this */
		emit_hint(st->cookie, SMALL_CLOSE_RST, bpf_ktime_get_ns());
}

#endif
