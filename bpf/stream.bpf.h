/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hot path: a transition of a socket of which nothing is kept here.  Socket
 * storage costs more than all the rest, most of it outside of the program (made,
 * cloned, charged and freed once a connection).  When every step of a socket is
 * told, the user side has what storage would: the state before, its begin, the
 * roles; and who and where from the first record.
 */
#ifndef TCPDWELL_STREAM_BPF_H
#define TCPDWELL_STREAM_BPF_H

#include "step.bpf.h"

/*
 * A RST and the CLOSE that it leads to follow each other in one softirq, on this
 * CPU.  One that was answered while the socket goes on explains nothing later.
 */
static __always_inline void note_reset(struct sock *sk, __u8 flag)
{
	__u64 cookie = sk->__sk_common.skc_cookie.counter;
	__u8 state = sk->__sk_common.skc_state;
	__u64 now_ns = bpf_ktime_get_ns();
	struct reset *last;
	__u32 zero = 0;

	if (!cookie)
		return;
	/* close() and disconnect() set CLOSE first; the record could not foresee this */
	if (flag == STEP_RST_OUT && state == ST_CLOSE) {
		if (sock_wanted(sk, ST_CLOSE) == MATCH_YES)
			emit_hint(cookie, SMALL_CLOSE_RST, now_ns);
		return;
	}
	last = bpf_map_lookup_elem(&last_reset, &zero);
	if (!last)
		return;
	last->flags = last->cookie == cookie && last->state == state ? last->flags | flag : flag;
	last->cookie = cookie;
	last->state = state;
	last->at_ns = now_ns;
}

static __always_inline __u8 reset_flags(__u64 cookie, __u8 from, __u64 now_ns)
{
	__u32 zero = 0;
	struct reset *last = bpf_map_lookup_elem(&last_reset, &zero);

	if (!last || last->cookie != cookie)
		return 0;
	last->cookie = 0;
	return last->state == from && now_ns - last->at_ns < SOFTIRQ_NEAR_NS ? last->flags : 0;
}

/* TFO_SERVER_ENABLE in include/net/tcp.h, and in Documentation/networking/ip-sysctl.rst */
#define FASTOPEN_SERVER 2

/* Something is kept of a child; without it a look for that is a call that finds nothing. */
static bool child_is_kept;

/* TCP Fast Open makes the child when the SYN comes: where that is allowed, when it was is kept. */
static __always_inline void child_begins(struct sock *sk)
{
	struct netns_ipv4 *ipv4 = &sk->__sk_common.skc_net.net->ipv4;
	struct sock_store *st;

	note_child(sk);
	if (!(BPF_CORE_READ_BITFIELD(ipv4, sysctl_tcp_fastopen) & FASTOPEN_SERVER))
		return;
	st = bpf_sk_storage_get(&socks, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!st)
		return;
	st->since_ns = bpf_ktime_get_ns();
	child_is_kept = true;
}

/* The stay in SYN_RECEIVED of a child: see handshake_time(). */
static __always_inline void child_goes_on(struct step *s)
{
	struct sock_store *st = child_is_kept ? bpf_sk_storage_get(&socks, s->sk, 0, 0) : NULL;
	const struct child *child = child_of(s->sk);

	s->flags |= STEP_FIRST | STEP_HELD;
	s->listener = child ? child->listener : 0;
	if (st) {
		s->dwell_ns = s->now_ns - st->since_ns;
		bpf_sk_storage_delete(&socks, s->sk);
	}
	s->born_ns = s->now_ns - s->dwell_ns;
	handshake_time(s, child);
}

/* The filter waits for the local port: until then who opens is kept. */
static __always_inline void hold_syn(const struct step *s)
{
	struct held_syn syn = {.since_ns = bpf_ktime_get_ns()};

	owner_is_current(&syn.owner, OWNER_OPEN);
	if (bpf_map_update_elem(&held_syns, &s->cookie, &syn, BPF_ANY))
		count_lost(LOST_STORAGE);
	count_held();
}

static __always_inline void emit_held(struct step *s)
{
	struct held_syn *held = bpf_map_lookup_elem(&held_syns, &s->cookie);

	if (!held) {
		emit(s, repeat_ident);
		return;
	}
	s->owner = &held->owner;
	s->born_ns = held->since_ns;
	s->dwell_ns = s->now_ns - held->since_ns;
	s->flags |= STEP_HELD | STEP_FIRST;
	emit(s, true);
	bpf_map_delete_elem(&held_syns, &s->cookie);
}

/* A child has its listener's family and namespace; of the rest it may have what the filter wants.
 */
static __always_inline bool child_may_be_wanted(const struct sock *sk)
{
	const struct sock_common *skc = &sk->__sk_common;
	const volatile struct filter *f = &config.filter;

	if (f->family && f->family != family_no(skc))
		return false;
	return !f->n_netns || filter_has_netns(f, skc->skc_net.net->ns.inum);
}

/* True when the step is not one to tell of, or not yet. */
static __always_inline bool left_out(struct step *s)
{
	enum match match = sock_wanted(s->sk, s->to);

	if (match == MATCH_YES && !filter_cgroup(&config.filter, s->sk))
		match = MATCH_NO;
	if (match == MATCH_YES)
		return false;
	if (s->to == ST_LISTEN || s->from == ST_LISTEN) {
		s->flags |= STEP_UNSHOWN;
		return !child_may_be_wanted(s->sk);
	}
	if (!config.late_port)
		return true;
	if (match == MATCH_LATER && s->from == ST_CLOSE)
		hold_syn(s);
	else if (s->from == ST_SYN_SENT)
		bpf_map_delete_elem(&held_syns, &s->cookie);
	return true;
}

static __always_inline void stream_step(struct sock *sk, int from, int to, __u8 flags)
{
	struct step s = {.sk = sk, .from = from, .to = to, .flags = flags | STEP_STREAM};
	bool ident = repeat_ident;

	/* told with its next step: the child has no cookie yet, nor all of its addresses */
	if (from == ST_LISTEN && to == ST_SYN_RECV) {
		child_begins(sk);
		return;
	}
	s.cookie = sock_cookie(sk);
	if (left_out(&s))
		return;
	s.now_ns = bpf_ktime_get_ns();
	if (from == ST_CLOSE) {
		s.flags |= STEP_FIRST;
		s.born_ns = s.now_ns;
		ident = true;
	} else if (from == ST_SYN_RECV) {
		child_goes_on(&s);
		ident = true;
	}
	/* the reader knows it, but for the first records of a connection */
	s.lport = ident || from == ST_SYN_SENT ? read_lport_at(sk, to) : sk->__sk_common.skc_num;
	if (to == ST_CLOSE)
		s.flags |= reset_flags(s.cookie, from, s.now_ns);
	if (config.late_port && from == ST_SYN_SENT)
		emit_held(&s);
	else
		emit(&s, ident);
}

#endif
