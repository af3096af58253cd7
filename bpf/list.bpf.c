// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `tcpdwell list`: all sockets there are, read once.  Loading is most of what a
 * list costs.  So this is an object of its own, without the tracer's maps and
 * ksyms, which the kernel relocates itself (a light skeleton, Linux 5.17).  Each
 * type that it has to look up costs it half a millisecond, unless it is one of 31
 * that it remembers, in a place that the type's name says.  So there are few of
 * them, and no two of one place; the arguments of the
 * iterator are taken as the array that they are, and what the user side knows
 * need not be asked here (the namespace is that in which the iterator is made, the
 * owners are claims.bpf.c's matter, the roles follow from the state).
 * Older kernels, and older shapes of these types, are user/kern/census.c's matter.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "states.h"
#include "config.bpf.h"
#include "row.bpf.h"
#include "timer.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* struct bpf_iter_meta, which no kernel has changed since 5.8. */
struct iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

/* A clock takes 20 ns and more, a millisecond for 50,000 rows: it is asked once for so many. */
#define CLOCK_ROWS 16

static __u64 last_ns;

static __always_inline void entered(struct row_sock *r, __u64 ago_ns, bool exact)
{
	if (!ago_ns)
		return;
	r->since_ns = r->mono_ns - ago_ns;
	if (exact)
		r->flags &= ~ROW_AT_LEAST;
}

static __always_inline void row_stay(const struct tcp_sock *tp, struct row_sock *r)
{
	row_received(tp, r);
	entered(r, known_stay(tp, r), r->state == ST_SYN_SENT);
}

static __always_inline bool in_cgroup(const struct cgroup *cg, __u32 level, __u64 id)
{
	struct cgroup *up = NULL;

	if ((__u32)cg->level < level || level > 255)
		return false;
	bpf_core_read(&up, sizeof(up), &cg->ancestors[level]);
	return up && BPF_CORE_READ(up, kn, id) == id;
}

static __always_inline void row_cgroup(const struct tcp_sock *tp, struct row_sock *r)
{
	const volatile struct filter *f = &config.filter;
	struct cgroup *cg = SK(tp).sk_cgrp_data.cgroup;
	bool found = !f->n_cgroup;

	if (cg)
		r->ident.cgroup = cg->kn->id;
#pragma clang loop unroll(disable)
	for (int i = 0; cg && !found && i < FILTER_MAX && i < f->n_cgroup; i++)
		found = in_cgroup(cg, f->cgroup[i].level, f->cgroup[i].id);
	if (!found)
		r->flags |= ROW_FILTERED;
}

/* In this order the verifier has the fewest paths to walk, each microsecond of which is felt. */
static __always_inline void row_full(struct tcp_sock *tp, struct row_sock *r)
{
	r->kind = ROW_FULL;
	r->ident.lport = SK(tp).__sk_common.skc_num;
	r->ident.mptcp = SK(tp).sk_protocol == IPPROTO_MPTCP;
	r->bytes_sent = tp->bytes_sent - tp->bytes_retrans;
	row_sent(tp, r);
	row_queues(tp, r);
	row_stay(tp, r);
	row_cgroup(tp, r);
	row_flags(tp, r);
}

static __always_inline void row_small(const struct tcp_timewait_sock *tw, struct row_sock *r)
{
	r->kind = ROW_SMALL;
	r->state = tw->tw_sk.tw_substate;
	r->left_ns = timer_left_ns(tw->tw_sk.tw_timer.expires);
	if (r->state == ST_FIN_WAIT2)
		entered(r, fin_wait_2_stay(tw, r->mono_ns), false);
	else
		entered(r, time_wait_stay(tw, r->mono_ns), true);
	r->ident.lport = bpf_ntohs(tw->tw_sk.tw_sport);
	if (config.filter.n_cgroup)
		r->flags |= ROW_FILTERED; /* it has none any more */
}

/* Whose it is, its listener knows: the loader sees to that, the cgroup included. */
static __always_inline void row_request(struct sock_common *skc, struct tcp_request_sock *req,
					struct row_sock *r)
{
	const struct sock_common *listener =
		(void *)BPF_CORE_READ(req, req.req.__req_common.skc_listener);
	__u64 syn_us = req->snt_synack;

	r->kind = ROW_REQUEST;
	r->left_ns = timer_left_ns(req->req.req.rsk_timer.expires);
	r->retransmits = req->req.req.num_retrans;
	r->listener = BPF_CORE_READ(listener, skc_cookie.counter);
	if (syn_us)
		entered(r, r->mono_ns - syn_us * 1000, true);
	r->ident.lport = skc->skc_num;
}

/* What is reckoned in less than ms must not be younger than the clock. */
static __always_inline __u64 row_clock(const struct iter_meta *meta, __u8 state)
{
	if (meta->seq_num % CLOCK_ROWS && state != ST_SYN_SENT && state != ST_NEW_SYN_RECV)
		return last_ns;
	last_ns = bpf_ktime_get_ns();
	return last_ns;
}

/* Of: meta, socket, uid. */
SEC("iter/tcp")
int list_all(__u64 *ctx)
{
	struct iter_meta *meta = (void *)ctx[0];
	struct sock_common *skc = (void *)ctx[1];
	struct row_sock r = {.flags = ROW_AT_LEAST};
	struct tcp_timewait_sock *tw;
	struct tcp_request_sock *req;
	struct tcp_sock *tp;

	if (!skc)
		return 0;
	r.state = skc->skc_state;
	r.mono_ns = row_clock(meta, r.state);
	r.uid = ctx[2];
	r.cookie = skc->skc_cookie.counter ?: bpf_get_socket_cookie(skc);
	row_ends(skc, &r);
	tp = bpf_skc_to_tcp_sock(skc);
	tw = tp ? NULL : bpf_skc_to_tcp_timewait_sock(skc);
	req = tp || tw ? NULL : bpf_skc_to_tcp_request_sock(skc);
	if (tp)
		row_full(tp, &r);
	else if (tw)
		row_small(tw, &r);
	else if (req)
		row_request(skc, req, &r);
	else
		return 0;
	bpf_seq_write(meta->seq, &r, sizeof(r));
	return 0;
}
