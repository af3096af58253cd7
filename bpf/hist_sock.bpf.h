/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sockets that `tcpdwell hist` follows.  Since when a socket is in its state
 * is in a hash by its address: made once, at the load, where socket storage is
 * made, charged and freed with each socket, which costs more than all of this.
 */
#ifndef TCPDWELL_HIST_SOCK_BPF_H
#define TCPDWELL_HIST_SOCK_BPF_H

#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "hist_handshake.bpf.h"
#include "hist_small.bpf.h"

#define EEXIST 17

/* A socket's stay, by its address.  An address is used again once its socket is gone: see begin().
 */
struct stay {
	__u64 since_ns;
	__u64 born_ns; /* 0: not known */
	__u32 slot;
	__u8 state;
	__u8 later; /* the filter waits for the local port */
	__u8 open;  /* it has been ESTABLISHED */
	__u8 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, __u64);
	__type(value, struct stay);
} stays SEC(".maps");

/* Who opened a listener: its children inherit it.  Used only where the process matters. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct sock_owner);
} owners SEC(".maps");

static __always_inline void read_owner(struct sock *sk, int from, int to, struct sock_owner *o)
{
	struct sock_owner *kept;
	__u64 id;

	if (from == ST_CLOSE) {
		id = bpf_get_current_pid_tgid();
		o->pid = id >> 32;
		o->tid = id;
		o->how = OWNER_OPEN;
		read_current_comm(o->comm);
		if (to == ST_LISTEN)
			bpf_sk_storage_get(&owners, sk, o, BPF_LOCAL_STORAGE_GET_F_CREATE);
		return;
	}
	kept = bpf_sk_storage_get(&owners, sk, 0, 0);
	if (kept)
		*o = *kept;
}

static __always_inline enum match flow_wanted(const struct sock *sk, int to)
{
	struct flow w;

	if (!config.flow_filter)
		return MATCH_YES;
	read_flow(&sk->__sk_common, read_lport_at(sk, to), &w);
	return filter_flow(&config.filter, &w);
}

static __always_inline enum match wanted(const struct sock *sk, int to, const struct sock_owner *o)
{
	const volatile struct filter *f = &config.filter;

	if (filter_by_owner(f) && !filter_owner(f, o))
		return MATCH_NO;
	if (!filter_cgroup(f, sk))
		return MATCH_NO;
	return flow_wanted(sk, to);
}

static __always_inline void keep_stay(const __u64 *key, const struct stay *st)
{
	long err = bpf_map_update_elem(&stays, key, st, BPF_NOEXIST);

	/* the end of the one that had this address before was not shown */
	if (err == -EEXIST) {
		missed(HIST_SKIPPED);
		err = bpf_map_update_elem(&stays, key, st, BPF_ANY);
	}
	if (err)
		missed(HIST_FULL);
}

static __always_inline void count_handshake(struct sock *sk, struct stay *st, __u64 now_ns)
{
	__u64 ns = handshake_ns(sk, now_ns);

	if (!ns) {
		missed(HIST_UNSURE);
		return;
	}
	count(st->slot, ST_SYN_RECV, ns);
	st->born_ns -= ns;
}

/*
 * A socket that is opened, or the child of a listener, whose SYN_RECEIVED is over:
 * before, it did not know its peer.  Or one that is met for the first time.
 */
static __always_inline void begin(struct sock *sk, int from, int to, __u64 now_ns)
{
	struct stay st = {.since_ns = now_ns, .state = to, .open = to == ST_ESTABLISHED};
	struct sock_owner o = {};
	__u64 key = (__u64)sk;
	enum match match;

	if (hist.by_owner)
		read_owner(sk, from, to, &o);
	match = wanted(sk, to, &o);
	if (match == MATCH_NO) {
		/* one whose end was not shown may have had this address */
		bpf_map_delete_elem(&stays, &key);
		return;
	}
	st.later = match == MATCH_LATER;
	st.slot = slot_of_sock(sk, from, to, &o);
	if (from == ST_CLOSE || from == ST_SYN_RECV || from == ST_LISTEN)
		st.born_ns = now_ns;
	else
		missed(counters.missed[HIST_FULL] ? HIST_FULL : HIST_BEFORE);
	if (from == ST_SYN_RECV)
		count_handshake(sk, &st, now_ns);
	if (to != ST_CLOSE)
		keep_stay(&key, &st);
}

/* The small socket that takes over from this one, or NULL. */
static __always_inline struct made *small_of(const struct sock *sk)
{
	__u32 zero = 0;
	struct here *h = bpf_map_lookup_elem(&here, &zero);

	if (!h || !h->made.tw || h->made.rport != sk->__sk_common.skc_dport)
		return NULL;
	return h->made.lport == bpf_htons(read_lport(sk)) ? &h->made : NULL;
}

static __always_inline void keep_small(__u64 tw, const struct stay *st, __u64 since_ns)
{
	struct small small = {
		.since_ns = since_ns,
		.born_ns = since_ns ? st->born_ns : 0,
		.slot = st->slot,
		.open = st->open,
	};

	if (bpf_map_update_elem(&smalls, &tw, &small, BPF_ANY))
		missed(HIST_SMALL_FULL);
}

static __always_inline void end(struct sock *sk, struct stay *st, int from, __u64 now_ns)
{
	struct made *made = NULL;
	__u64 tw;

	if (from == ST_FIN_WAIT2 && !hist.small) {
		missed(HIST_SMALL_UNSEEN);
		return;
	}
	if (hist.small && (ST_BIT(from) & ST_CLOSING_FIRST))
		made = small_of(sk);
	if (made) {
		tw = made->tw;
		made->tw = 0;
		if (made->substate == ST_FIN_WAIT2) {
			keep_small(tw, st, st->since_ns);
			return;
		}
		if (hist.keep_small)
			keep_small(tw, st, 0);
	}
	count(st->slot, from, now_ns - st->since_ns);
	if (st->open && st->born_ns)
		count(st->slot, HIST_AGE, now_ns - st->born_ns);
}

/* False: the filter leaves it out, now that the local port is known. */
static __always_inline bool settle_port(const struct sock *sk, struct stay *st, int to)
{
	if (!st->later)
		return true;
	st->later = 0;
	return flow_wanted(sk, to) == MATCH_YES;
}

static __always_inline void go_on(struct sock *sk, struct stay *st, int from, int to, __u64 now_ns)
{
	__u64 key = (__u64)sk;

	bool known = st->state == from;

	/* a step between was not shown: it may even be another socket by now */
	if (!known)
		missed(HIST_SKIPPED);
	if (!known || !settle_port(sk, st, to)) {
		bpf_map_delete_elem(&stays, &key);
		return;
	}
	if (to == ST_CLOSE) {
		end(sk, st, from, now_ns);
		bpf_map_delete_elem(&stays, &key);
		return;
	}
	count(st->slot, from, now_ns - st->since_ns);
	st->state = to;
	st->since_ns = now_ns;
	if (to == ST_ESTABLISHED)
		st->open = 1;
}

/* Whether this step was taken before.  (Of one to CLOSE nothing is kept that says so.) */
static __always_inline bool is_counted(const struct sock *sk, int from, int to)
{
	__u64 key = (__u64)sk;
	struct stay *st = from == to ? NULL : bpf_map_lookup_elem(&stays, &key);

	return st && st->state == to;
}

static __always_inline int take_step(struct sock *sk, int from, int to)
{
	__u64 now_ns, key = (__u64)sk;
	struct stay *st;

	if (from == to || !is_tcp(sk))
		return 0;
	if (from == ST_LISTEN && to == ST_SYN_RECV) {
		child_is_made();
		return 0;
	}
	now_ns = bpf_ktime_get_ns();
	st = from == ST_CLOSE ? NULL : bpf_map_lookup_elem(&stays, &key);
	/* in SYN_RECEIVED is one that is kept only after a simultaneous open */
	if (!st || (from == ST_SYN_RECV && st->state != ST_SYN_RECV))
		begin(sk, from, to, now_ns);
	else
		go_on(sk, st, from, to, now_ns);
	return 0;
}

#endif
