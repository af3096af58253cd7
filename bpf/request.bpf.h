/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Half-open connections: request_socks, by their timer's tracepoints.  They are
 * always counted.  Only on demand are they streamed, and then at a limited rate:
 * a SYN flood must not push the connections out of the buffer.
 */
#ifndef TCPDWELL_REQUEST_BPF_H
#define TCPDWELL_REQUEST_BPF_H

#include "maps.bpf.h"
#include "sock.bpf.h"
#include "caller.bpf.h"
#include "emit.bpf.h"
#include "req.bpf.h"
#include "timer.bpf.h"

/* Records of request sockets: so many each window */
#define REQ_WINDOW_NS 100000000ULL
#define REQ_PER_WINDOW 400
/* What follows in the same softirq is this near, also in a guest that its host holds up. */
#define SOFTIRQ_NEAR_NS 200000000ULL

/* jiffies cost less than the clock, and are exact enough */
static __always_inline bool is_near(__u64 jiffies)
{
	return jiffies_to_ns(bpf_jiffies64() - jiffies) < (__s64)SOFTIRQ_NEAR_NS;
}

/* races cost a record more or less */
static __u64 req_window_ns;
static __u64 req_in_window;

/*
 * A request_sock's timer is stopped when it is done, right after its child was
 * made, on the same CPU; without a child of its port before it the handshake has failed.
 * (The child does not know its peer's port yet before Linux 6.16.)
 */
static __always_inline void note_child(const struct sock *sk)
{
	__u32 zero = 0;
	struct child *child = bpf_map_lookup_elem(&last_child, &zero);

	if (!child)
		return;
	child->at = bpf_jiffies64();
	child->rport = 0;
	child->lport = sk->__sk_common.skc_num;
}

static __always_inline const struct sock *listener_of(const struct request_sock *req)
{
	return TYPED(const struct sock, FIELD(req, __req_common.skc_listener));
}

/* The request_sock knows its listener, and the child's next step finds it here. */
static __always_inline bool child_was_made(struct request_sock *req)
{
	struct port_pair ports = {};
	const struct sock *listener;
	__u32 zero = 0;
	struct child *child = bpf_map_lookup_elem(&last_child, &zero);

	if (!child || !child->at || !is_near(child->at))
		return false;
	read_ports(&req->__req_common, &ports);
	if (child->lport != ports.lport)
		return false;
	child->at = 0;
	child->synack_ns = synack_sent(req);
	child->rport = ports.rport;
	listener = listener_of(req);
	child->listener =
		config.own_ids ? (__u64)listener : FIELD(listener, __sk_common.skc_cookie.counter);
	return true;
}

/* What the request_sock of a socket that leaves SYN_RECV has told, once; NULL: nothing. */
static __always_inline struct child *child_of(const struct sock *sk)
{
	__u32 zero = 0;
	struct child *child = bpf_map_lookup_elem(&last_child, &zero);

	if (!child || !child->rport || child->rport != sk->__sk_common.skc_dport ||
	    child->lport != sk->__sk_common.skc_num)
		return NULL;
	child->rport = 0;
	return child;
}

/* A RST that answers a segment for a request_sock (tcp_check_req()) is traced as its listener's. */
static __always_inline void note_refusal(__u16 lport, __u64 now_ns)
{
	__u32 zero = 0;
	__u64 *at = bpf_map_lookup_elem(&last_refusal, &zero);

	if (at)
		*at = (now_ns & ~0xffffULL) | lport;
}

static __always_inline bool was_refused(struct request_sock *req)
{
	__u32 zero = 0;
	__u64 *at = bpf_map_lookup_elem(&last_refusal, &zero);
	bool refused;

	if (!at || !*at)
		return false;
	/* the port in the low bits makes the moment seem later than it was */
	refused = (*at & 0xffff) == FIELD(req, __req_common.skc_num) &&
		  (bpf_ktime_get_ns() & ~0xffffULL) - (*at & ~0xffffULL) < SOFTIRQ_NEAR_NS;
	*at = 0;
	return refused;
}

static __always_inline bool listener_is_gone(struct request_sock *req)
{
	const struct sock *listener = listener_of(req);

	return FIELD(listener, __sk_common.skc_state) != ST_LISTEN;
}

static __always_inline void read_req_parts(struct request_sock *req, __u32 parts, struct flow *w)
{
	if (parts & FLOW_LPORT)
		w->lport = FIELD(req, __req_common.skc_num);
	read_parts(&req->__req_common, parts, w);
}

static __always_inline bool within_limit(__u64 now_ns)
{
	if (now_ns - req_window_ns > REQ_WINDOW_NS) {
		req_window_ns = now_ns;
		req_in_window = 0;
	}
	if (req_in_window < REQ_PER_WINDOW) {
		req_in_window++;
		return true;
	}
	__sync_fetch_and_add(&counters.req_unshown, 1);
	return false;
}

/*
 * Of one that is shown, each record is; of the others none: what began would
 * seem to last forever, and a SYN-ACK that is sent again to be given up.  An
 * address is used again, so that a first SYN-ACK decides anew.
 */
static __always_inline bool is_shown(struct request_sock *req, enum request_what what, __u64 now_ns)
{
	__u64 key = (__u64)req;
	__u8 one = 1;
	bool known = bpf_map_lookup_elem(&shown_reqs, &key);
	bool again = FIELD_BITS(req, num_timeout) != 0;

	if (what == REQUEST_EXPIRED || what == REQUEST_ABANDONED ||
	    (known && what == REQUEST_STARTED && again))
		return known;
	if (what == REQUEST_STARTED && within_limit(now_ns))
		return !bpf_map_update_elem(&shown_reqs, &key, &one, BPF_ANY);
	if (known)
		bpf_map_delete_elem(&shown_reqs, &key);
	return known && what != REQUEST_STARTED;
}

static __always_inline struct cgroup *req_cgroup(struct request_sock *req)
{
	struct sock *listener = BPF_CORE_READ(req, __req_common.skc_listener);

	if (bpf_core_field_exists(listener->sk_cgrp_data.cgroup))
		return BPF_CORE_READ(listener, sk_cgrp_data.cgroup);
	return sock_cgroup_old(listener);
}

static __always_inline bool req_in_cgroup(struct request_sock *req)
{
	struct cgroup *cg = req_cgroup(req);

	return cg && cgroup_wanted(&config.filter, cg);
}

static __always_inline void emit_request(struct request_sock *req, const struct flow *w,
					 enum request_what what)
{
	struct rec_request *r;
	__u64 now_ns;

	if (!config.half_open)
		return;
	now_ns = bpf_ktime_get_ns();
	if (!is_shown(req, what, now_ns))
		return;
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		count_lost(LOST_RING_FULL);
		return;
	}
	r->kind = REC_REQUEST;
	r->what = what;
	r->family = w->family;
	r->retransmits = FIELD(req, num_retrans);
	r->netns = w->netns;
	r->mono_ns = now_ns;
	__builtin_memcpy(r->laddr, w->laddr, 16);
	__builtin_memcpy(r->raddr, w->raddr, 16);
	r->lport = w->lport;
	r->rport = w->rport;
	r->pad = 0;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	wake_if_wanted(now_ns);
}

/* A SYN that took the place of a TIMED_WAIT: the stop of its timer was the last thing here. */
static __always_inline void tell_reuse(struct request_sock *req)
{
	__u32 zero = 0;
	struct stopped *last = bpf_map_lookup_elem(&last_stopped, &zero);
	struct port_pair ports = {};

	if (!last || !last->cookie)
		return;
	read_ports(&req->__req_common, &ports);
	if (last->ports.rport == ports.rport && last->ports.lport == ports.lport &&
	    is_near(last->at))
		emit_hint(last->cookie, SMALL_REUSED, bpf_ktime_get_ns());
	last->cookie = 0;
}

/* The flow is read only when something hangs on it; the cgroup is the listener's. */
static __always_inline bool req_wanted(struct request_sock *req, struct flow *w)
{
	if (config.filter.n_cgroup && !req_in_cgroup(req))
		return false;
	if (!config.flow_filter && !config.half_open)
		return true;
	read_req_parts(req, config.half_open ? FLOW_ALL : flow_parts(&config.filter), w);
	return !config.flow_filter || filter_flow(&config.filter, w) == MATCH_YES;
}

static __always_inline void on_req_start(struct timer_list *timer)
{
	struct request_sock *req = req_of_timer(timer);
	struct flow w = {};

	if (config.tw_timers)
		tell_reuse(req);
	if (!req_wanted(req, &w))
		return;
	if (!FIELD_BITS(req, num_timeout))
		__sync_fetch_and_add(&counters.req_born, 1);
	emit_request(req, &w, REQUEST_STARTED);
}

/* Only of what is shown it matters why. */
static __always_inline enum request_what req_end(void *ctx, struct request_sock *req, bool refused)
{
	/* what comes for one without a listener finds no socket at all, and is refused */
	if (!config.half_open || refused || listener_is_gone(req))
		return REQUEST_REFUSED;
	return is_aborting(ctx) ? REQUEST_ABANDONED : REQUEST_STOPPED;
}

static __always_inline void on_req_stop(void *ctx, struct timer_list *timer)
{
	struct request_sock *req = req_of_timer(timer);
	bool done = child_was_made(req);
	bool refused = was_refused(req);
	struct flow w = {};

	if (!req_wanted(req, &w))
		return;
	if (done) {
		__sync_fetch_and_add(&counters.req_done, 1);
		return;
	}
	emit_request(req, &w, req_end(ctx, req, refused));
}

static __always_inline void on_req_expire(struct timer_list *timer)
{
	struct request_sock *req = req_of_timer(timer);
	struct flow w = {};

	if (!config.half_open || !req_wanted(req, &w))
		return;
	emit_request(req, &w, listener_is_gone(req) ? REQUEST_ABANDONED : REQUEST_EXPIRED);
}

#endif
