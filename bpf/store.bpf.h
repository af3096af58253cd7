/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is kept of a socket, and which socket it is.  Tracing programs have
 * socket storage from Linux 5.11 on (8e4597c627fb) and cookies from 5.12 on
 * (c5dbb89fc2ac).  Before that (config.own_ids) a table by address stands in for
 * the storage, emptied at CLOSE, since the address is used again at once; ids of
 * our own stand in for the cookies.  A small socket inherits neither: it is
 * found by its addresses and ports, which are its big one's.
 */
#ifndef TCPDWELL_STORE_BPF_H
#define TCPDWELL_STORE_BPF_H

#include "maps.bpf.h"
#include "sock.bpf.h"

/*
 * Unique without an atomic operation that returns a value, which BPF has from
 * Linux 5.12 on: each CPU has counters of its own, one for each level of
 * interruption, and what interrupts is over before what was interrupted goes on.
 */
static __always_inline __u64 own_id(void)
{
	__u32 zero = 0;
	volatile struct id_counters *c = bpf_map_lookup_elem(&id_counters, &zero);
	__u64 level, n;

	if (!c)
		return 0;
	level = c->busy & (ID_LEVELS - 1);
	c->busy = level + 1;
	n = ++c->n[level];
	c->busy = level;
	n = n * ID_LEVELS + level;
	return OWN_ID | ((n << 10 | (bpf_get_smp_processor_id() & 1023)) & (OWN_ID - 1));
}

static __always_inline __u64 new_cookie(struct sock *sk)
{
	return config.own_ids ? own_id() : bpf_get_socket_cookie(sk);
}

/* NULL: nothing is kept of it. */
static __always_inline struct sock_store *store_find(struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (config.own_ids)
		return bpf_map_lookup_elem(&sock_table, &key);
	return bpf_sk_storage_get(&socks, sk, 0, 0);
}

static __always_inline struct sock_store *table_make(__u64 key)
{
	struct sock_store *st = bpf_map_lookup_elem(&sock_table, &key);
	struct sock_store none = {};

	if (st)
		return st;
	bpf_map_update_elem(&sock_table, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sock_table, &key);
}

/* ... NULL: there is no memory. */
static __always_inline struct sock_store *store_make(struct sock *sk)
{
	if (config.own_ids)
		return table_make((__u64)sk);
	return bpf_sk_storage_get(&socks, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* At CLOSE. */
static __always_inline void store_forget(struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (config.own_ids)
		bpf_map_delete_elem(&sock_table, &key);
}

/* On the way to a small socket, which is made before its big one's CLOSE. */
static __always_inline void know_flow(const struct sock *sk, __u16 lport, __u64 id)
{
	struct flow w;

	__builtin_memset(&w, 0, sizeof(w));
	read_flow(&sk->__sk_common, lport, &w);
	bpf_map_update_elem(&flow_ids, &w, &id, BPF_ANY);
}

/* 0: nobody has it. */
static __always_inline __u64 id_of_flow(const struct flow *w)
{
	__u64 *id = bpf_map_lookup_elem(&flow_ids, w);

	return id ? *id : 0;
}

#endif
