/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `tcpdwell hist` counts in: rows of buckets, and the slots of groups. */
#ifndef TCPDWELL_HIST_STORE_BPF_H
#define TCPDWELL_HIST_STORE_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "hist.h"
#include "config.bpf.h"
#include "sock.bpf.h"

const volatile struct hist_config hist;
struct hist_counters counters;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, HIST_ROWS); /* for each slot */
	__type(key, __u32);
	__type(value, struct hist_row);
} rows SEC(".maps");

/* Groups to their slots. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct hist_group);
	__type(value, __u32);
} groups SEC(".maps");

/* The slots that are given: two CPUs may meet a new group each at the same time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
} given SEC(".maps");

static __always_inline void missed(enum hist_missed why)
{
	__sync_fetch_and_add(&counters.missed[why], 1);
}

static __always_inline void count(__u32 slot, int row, __u64 ns)
{
	const volatile struct filter *f = &config.filter;
	__u32 bucket = hist_bucket(ns);
	struct hist_row *h;

	if (f->states && (row == HIST_AGE || !(f->states & ST_BIT(row))))
		return;
	if (ns < f->min_dwell_ns)
		return;
	if (hist.by == HIST_BY_STATE)
		slot = bpf_get_smp_processor_id();
	slot = slot * HIST_ROWS + row;
	h = bpf_map_lookup_elem(&rows, &slot);
	if (!h || bucket >= HIST_BUCKETS)
		return;
	__sync_fetch_and_add(&h->count[bucket], 1);
	if (ns > h->max_ns)
		h->max_ns = ns;
}

/*
 * Groups
 */

static __always_inline __u32 take_slot(void)
{
	__u32 next = counters.slots;
	__u8 one = 1;

	/* BPF has no atomic addition that gives what it found before its third version */
	for (int i = 0; i < 4; i++, next++) {
		if (next >= hist.slots)
			return HIST_SLOT_OTHER;
		if (bpf_map_update_elem(&given, &next, &one, BPF_NOEXIST))
			continue;
		__sync_fetch_and_add(&counters.slots, 1);
		return next;
	}
	return HIST_SLOT_OTHER;
}

static __always_inline __u32 slot_of(const struct hist_group *g)
{
	__u32 *found = bpf_map_lookup_elem(&groups, g);
	__u32 slot;

	if (found)
		return *found;
	slot = take_slot();
	if (slot == HIST_SLOT_OTHER || !bpf_map_update_elem(&groups, g, &slot, BPF_NOEXIST))
		return slot;
	found = bpf_map_lookup_elem(&groups, g);
	return found ? *found : HIST_SLOT_OTHER;
}

static __always_inline bool group_by_port(const struct sock *sk, int from, int to,
					  struct hist_group *g)
{
	if (to == ST_SYN_SENT)
		g->no = bpf_ntohs(sk->__sk_common.skc_dport);
	else if (to == ST_LISTEN || from == ST_SYN_RECV || from == ST_LISTEN)
		g->no = read_lport(sk);
	else
		return false;
	return true;
}

static __always_inline __u32 slot_of_sock(const struct sock *sk, int from, int to,
					  const struct sock_owner *o)
{
	struct hist_group g = {};
	__u64 laddr[2];

	switch (hist.by) {
	case HIST_BY_PORT:
		if (!group_by_port(sk, from, to, &g))
			return HIST_SLOT_UNKNOWN;
		break;
	case HIST_BY_PROCESS:
		if (o->how == OWNER_UNKNOWN)
			return HIST_SLOT_UNKNOWN;
		__builtin_memcpy(g.id, o->comm, sizeof(g.id));
		g.no = o->pid;
		break;
	case HIST_BY_PEER:
		read_addrs(&sk->__sk_common, laddr, g.id);
		break;
	case HIST_BY_CGROUP:
		g.id[0] = sock_cgroup_id(sk);
		break;
	default:
		return 0;
	}
	return slot_of(&g);
}

#endif
