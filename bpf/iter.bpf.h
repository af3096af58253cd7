/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is there now: rows of the socket iterators.  iter/tcp shows the network
 * namespace in which the iterator was made; iter/task_file all processes.
 */
#ifndef TCPDWELL_ITER_BPF_H
#define TCPDWELL_ITER_BPF_H

#include "maps.bpf.h"
#include "sock.bpf.h"
#include "step.bpf.h"
#include "small.bpf.h"
#include "row.bpf.h"

/* A moment that is told in jiffies, and in ms: how far apart they may be. */
#define NEAR_NS 20000000ULL

/* net/socket.c */
extern const void socket_file_ops __ksym __weak;

/* As held_sock(), before Linux 5.11 (bpf_sock_from_file(), 4f19cab76136).  Not to be read directly.
 */
static __always_inline struct sock *held_sock_old(struct file *file)
{
	struct socket *sock;
	struct sock *sk;
	__u16 protocol;

	if (!file || (const void *)file->f_op != &socket_file_ops)
		return NULL;
	sock = file->private_data;
	sk = BPF_CORE_READ(sock, sk);
	protocol = BPF_CORE_READ(sk, sk_protocol);
	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP) ||
	    BPF_CORE_READ(sk, __sk_common.skc_state) == ST_CLOSE)
		return NULL;
	return sk;
}

static __always_inline void row_tcp(const struct sock *sk, const struct tcp_sock *tp,
				    struct row_sock *r)
{
	row_queues(tp, r);
	row_received(tp, r);
	row_sent(tp, r);
	r->retransmits = tp->total_retrans;
	r->bytes_sent = tp->bytes_sent - tp->bytes_retrans;
	r->bytes_received = payload_received(tp, sk);
	r->srtt_us = tp->srtt_us >> 3;
}

/* The stay of a socket that the tracer meets for the first time. */
static __always_inline void meet(struct sock_store *st, const struct row_sock *r, __u64 stay_ns)
{
	if (st->since_ns)
		return;
	st->since_ns = r->mono_ns - stay_ns;
	if (r->state == ST_SYN_SENT && stay_ns)
		st->born_ns = st->since_ns;
	else
		st->flags |= STEP_AT_LEAST;
	st->roles = roles_of_state(r->state);
	st->before = 1;
}

static __always_inline void row_store(const struct sock_store *st, struct row_sock *r)
{
	r->since_ns = st->since_ns;
	r->roles = st->roles;
	if (st->before)
		r->flags |= ROW_BEFORE;
	if (st->flags & STEP_AT_LEAST)
		r->flags |= ROW_AT_LEAST;
	r->ident.born_ns = st->born_ns;
	r->ident.owner = st->owner;
}

static __always_inline void tell_held(struct sock *sk, struct sock_store *st)
{
	struct step s = {
		.sk = sk,
		.owner = &st->owner,
		.cookie = st->cookie,
		.now_ns = st->since_ns,
		.born_ns = st->born_ns,
		.lport = st->lport,
		.from = ST_CLOSE,
		.to = ST_SYN_SENT,
		.flags = STEP_FIRST,
		.roles = st->roles,
	};

	st->held = 0;
	st->flags &= ~STEP_FIRST;
	if (sock_wanted(sk, ST_ESTABLISHED) == MATCH_YES)
		tell(&s, st);
}

/* The same of a socket of which nothing is kept but that. */
static __always_inline void tell_held_syn(struct sock *sk, struct row_sock *r)
{
	struct held_syn *held = bpf_map_lookup_elem(&held_syns, &r->cookie);
	struct step s = {
		.sk = sk,
		.cookie = r->cookie,
		.lport = r->ident.lport,
		.from = ST_CLOSE,
		.to = ST_SYN_SENT,
		.flags = STEP_FIRST | STEP_STREAM,
	};

	if (!held || !s.lport)
		return;
	s.owner = &held->owner;
	s.now_ns = s.born_ns = held->since_ns;
	if (sock_wanted(sk, ST_ESTABLISHED) == MATCH_YES && filter_cgroup(&config.filter, sk))
		emit(&s, true);
	bpf_map_delete_elem(&held_syns, &r->cookie);
}

/*
 * In a stream the user side keeps what storage would; here is only what the pass
 * over all descriptors found, until it is told.
 */
static __always_inline void row_stream(struct sock *sk, struct row_sock *r, __u64 stay_ns)
{
	struct sock_store *st = bpf_sk_storage_get(&socks, sk, 0, 0);

	r->since_ns = r->mono_ns - stay_ns;
	r->roles = roles_of_state(r->state);
	r->flags |= ROW_BEFORE;
	if (r->state == ST_SYN_SENT && stay_ns)
		r->ident.born_ns = r->since_ns;
	else
		r->flags |= ROW_AT_LEAST;
	if (st) {
		r->ident.owner = st->owner;
		/* when the SYN came is for the child's next step: see child_begins() */
		if (r->state != ST_SYN_RECV || !st->since_ns)
			bpf_sk_storage_delete(&socks, sk);
	}
	if (r->state == ST_SYN_SENT && config.late_port)
		tell_held_syn(sk, r);
	if (sock_wanted(sk, r->state) != MATCH_YES || !filter_cgroup(&config.filter, sk))
		r->flags |= ROW_FILTERED;
}

static __always_inline void row_full(struct sock *sk, const struct tcp_sock *tp, struct row_sock *r)
{
	__u16 lport = read_lport_at(sk, r->state);
	struct sock_store *st;
	__u64 stay_ns;
	bool wanted;

	r->kind = ROW_FULL;
	if (!config.own_ids)
		r->cookie = bpf_get_socket_cookie(sk);
	r->uid = sk->sk_uid.val;
	row_flags(tp, r);
	row_tcp(sk, tp, r);
	read_ident(sk, lport, &r->ident);
	stay_ns = known_stay(tp, r);
	if (config.stream && sk->sk_protocol == IPPROTO_TCP) {
		row_stream(sk, r, stay_ns);
		return;
	}
	st = store_make(sk);
	if (!st) {
		r->flags |= config.own_ids ? ROW_FILTERED : 0; /* it has no id */
		return;
	}
	wanted = sock_wanted(sk, r->state) == MATCH_YES && filter_cgroup(&config.filter, sk);
	if (is_listeners(sk, st)) {
		adopt(st, r->state, r->mono_ns - stay_ns);
		/* the steps of one that the filter leaves out were not looked at */
		if (wanted)
			count_lost(LOST_INTERRUPTED);
	}
	meet(st, r, stay_ns);
	know_socket(sk, st, r->state);
	r->cookie = st->cookie;
	if (config.own_ids && (ST_BIT(r->state) & ST_CLOSING_FIRST))
		know_flow(sk, st->lport, st->cookie);
	if (st->held && r->state == ST_SYN_SENT)
		tell_held(sk, st);
	row_store(st, r);
	if (!wanted || !filter_owner(&config.filter, &st->owner))
		r->flags |= ROW_FILTERED;
	else if (!st->held)
		st->told = 1;
}

/*
 * MPTCP's own sockets are in no table that an iterator shows: by a descriptor, or
 * not at all.
 */
static __always_inline void row_mptcp(struct sock *sk, struct sock_store *st, struct row_sock *r)
{
	r->mono_ns = bpf_ktime_get_ns();
	r->state = sk->__sk_common.skc_state;
	r->kind = ROW_FULL;
	r->uid = sk->sk_uid.val;
	read_ident(sk, read_lport_at(sk, r->state), &r->ident);
	meet(st, r, 0);
	know_socket(sk, st, r->state);
	r->cookie = st->cookie;
	row_store(st, r);
	if (sock_wanted(sk, r->state) != MATCH_YES || !filter_owner(&config.filter, &st->owner) ||
	    !filter_cgroup(&config.filter, sk))
		r->flags |= ROW_FILTERED;
}

/* First of two passes over what is there: who holds each socket; and the rows of MPTCP. */
SEC("iter/task_file")
int claim_socks(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct sock *sk = config.own_ids ? held_sock_old(ctx->file) : held_sock(ctx->file);
	struct sock_owner o = {};
	struct row_sock r = {};
	struct sock_store *st;

	if (!task || !sk)
		return 0;
	owner_is_holder(&o, task);
	/* one that was opened by who matches is followed whoever has it now */
	if (config.opener_decides && !filter_owner(&config.filter, &o))
		st = store_find(sk);
	else
		st = store_make(sk);
	if (!st)
		return 0;
	if (st->owner.how == OWNER_UNKNOWN)
		st->owner = o;
	if (config.own_ids || sk->sk_protocol != IPPROTO_MPTCP)
		return 0;
	row_mptcp(sk, st, &r);
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

/* Of a small or a request socket: no owner is known here. */
static __always_inline void row_filter(const struct sock_common *skc, struct row_sock *r)
{
	struct flow w;

	if (!config.flow_filter)
		return;
	read_flow(skc, r->ident.lport, &w);
	if (filter_flow(&config.filter, &w) != MATCH_YES)
		r->flags |= ROW_FILTERED;
}

static __always_inline __u64 row_tw_cookie(struct sock_common *skc, __u16 lport)
{
	struct flow w;
	__u64 id;

	if (!config.own_ids)
		return bpf_get_socket_cookie(skc);
	__builtin_memset(&w, 0, sizeof(w));
	read_flow(skc, lport, &w);
	id = id_of_flow(&w);
	if (id)
		return id;
	id = own_id();
	bpf_map_update_elem(&flow_ids, &w, &id, BPF_NOEXIST);
	return id;
}

/*
 * When FIN_WAIT_2 began.  How long the timer was set for is each socket's own choice
 * (TCP_LINGER2); but if it was the usual time, and that began with the last segment,
 * this was the ACK of its FIN.  When that came has to be known better than by seconds.
 */
static __always_inline void row_fin_wait_2(const struct sock_common *skc,
					   const struct tcp_timewait_sock *tw, struct row_sock *r)
{
	__u64 usual_ns = jiffies_to_ns(skc->skc_net.net->ipv4.sysctl_tcp_fin_timeout);
	__u64 set_ns = r->mono_ns + r->left_ns - usual_ns;

	r->since_ns = r->mono_ns - fin_wait_2_stay(tw, r->mono_ns);
	if (is_stamped() && set_ns - r->since_ns + NEAR_NS < 2 * NEAR_NS)
		r->since_ns = set_ns;
	else
		r->flags |= ROW_AT_LEAST;
}

static __always_inline void row_time_wait(const struct tcp_timewait_sock *tw, struct row_sock *r)
{
	__u64 stay_ns = time_wait_stay(tw, r->mono_ns);

	if (stay_ns)
		r->since_ns = r->mono_ns - stay_ns;
}

static __always_inline void row_small(struct sock_common *skc, struct tcp_timewait_sock *tw,
				      struct row_sock *r)
{
	r->kind = ROW_SMALL;
	r->state = tw->tw_sk.tw_substate;
	r->cookie = row_tw_cookie(skc, bpf_ntohs(tw->tw_sk.tw_sport));
	r->roles = roles_of_state(r->state);
	r->left_ns = small_left_ns(tw->tw_sk.tw_timer.expires, r->mono_ns);
	r->wheel_us = timer_wheel_us(tw->tw_sk.tw_timer.expires, tw->tw_sk.tw_timer.flags);
	if (r->state == ST_FIN_WAIT2)
		row_fin_wait_2(skc, tw, r);
	else
		row_time_wait(tw, r);
	row_addrs(skc, r);
	r->ident.lport = bpf_ntohs(tw->tw_sk.tw_sport);
	row_filter(skc, r);
}

static __always_inline __u64 cookie_of_listener(struct tcp_request_sock *req)
{
	struct sock *l = BPF_CORE_READ(req, req.req.__req_common.skc_listener);
	__u64 key = (__u64)l;
	struct sock_store *st;

	if (!config.own_ids)
		return BPF_CORE_READ(l, __sk_common.skc_cookie.counter);
	st = bpf_map_lookup_elem(&sock_table, &key);
	return st ? st->cookie : 0;
}

static __always_inline void row_request(struct sock_common *skc, struct tcp_request_sock *req,
					struct row_sock *r)
{
	r->kind = ROW_REQUEST;
	r->cookie = skc->skc_cookie.counter;
	r->roles = ROLES(ROLE_PASSIVE, 0);
	r->left_ns = timer_left_ns(req->req.req.rsk_timer.expires);
	r->since_ns = req->snt_synack * 1000;
	if (!r->since_ns)
		r->flags |= ROW_AT_LEAST;
	r->listener = cookie_of_listener(req);
	r->retransmits = req->req.req.num_retrans;
	row_addrs(skc, r);
	r->ident.lport = skc->skc_num;
	row_filter(skc, r);
	if (config.filter.n_cgroup && !req_in_cgroup(&req->req.req))
		r->flags |= ROW_FILTERED;
}

SEC("iter/tcp")
int list_socks(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;
	struct tcp_timewait_sock *tw;
	struct tcp_request_sock *req;
	struct row_sock r = {};
	struct tcp_sock *tp;

	if (!skc)
		return 0;
	r.mono_ns = bpf_ktime_get_ns();
	r.state = skc->skc_state;
	r.uid = ctx->uid;
	tp = bpf_skc_to_tcp_sock(skc);
	tw = tp ? NULL : bpf_skc_to_tcp_timewait_sock(skc);
	/* the iterator goes on to hold what was taken out of the table a moment ago */
	if (tw && !timer_is_set(&tw->tw_sk.tw_timer))
		return 0;
	req = tp || tw ? NULL : bpf_skc_to_tcp_request_sock(skc);
	if (tp)
		row_full((struct sock *)tp, tp, &r);
	else if (tw)
		row_small(skc, tw, &r);
	else if (req)
		row_request(skc, req, &r);
	else
		return 0;
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

#endif
