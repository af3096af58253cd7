/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TCPDWELL_MAPS_BPF_H
#define TCPDWELL_MAPS_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "config.bpf.h"
#include "sock.bpf.h"

/* What the kernel side remembers of a socket between its transitions. */
struct sock_store {
	__u64 since_ns; /* entry into the current state; 0: not known */
	__u64 born_ns;
	__u8 roles;
	__u8 flags;	 /* step_flag */
	__u8 told;	 /* its sock_ident went out: later records need only the cookie */
	__u8 held;	 /* the step into the current state waits for the next one */
	__u8 before;	 /* it was there before the tracer */
	__u8 ended_from; /* in CLOSE: the state before it */
	__u16 lport;	 /* once known: at `-> CLOSE` the socket has lost it */
	__u64 cookie;	 /* once known */
	struct sock_owner owner;
};

struct counters counters;
volatile __u64 start_ns; /* all programs were attached; 0: they are not yet */
volatile __u32 wake_mode;
volatile __u32 wake_for_held; /* the reader wants to know of the next SYN_SENT that is held back */
volatile __u32
	repeat_ident; /* the reader does not know all sockets: each record says which it is of */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* --buffer-size */
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	/* CLONE: an accepted socket inherits its listener's owner */
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct sock_store);
} socks SEC(".maps");

/* The child that this CPU made last: see request.bpf.h. */
struct child {
	__u64 at; /* jiffies: cheaper than the clock, and near is near enough; 0: none */
	/* once its request_sock told it, and until it is taken, when rport is 0: */
	__u64 listener;	 /* cookie (config.own_ids: address), 0 */
	__u64 synack_ns; /* when the first SYN-ACK was sent, 0 */
	__be16 rport;
	__u16 lport;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct child);
} last_child SEC(".maps");

/* When this CPU last sent a RST for a listener, its port in the low bits: see request.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} last_refusal SEC(".maps");

/* The last RST that this CPU saw come or go: see stream.bpf.h. */
struct reset {
	__u64 at_ns;
	__u64 cookie;
	__u32 flags; /* step_flag */
	__u32 state; /* what its socket was in */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct reset);
} last_reset SEC(".maps");

/* By cookie.  A filter on the local port makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct held_syn);
} held_syns SEC(".maps");

/* The small socket whose timer this CPU stopped last: see request.bpf.h. */
struct stopped {
	__u64 at; /* jiffies, as for a child */
	__u64 cookie;
	struct port_pair ports;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stopped);
} last_stopped SEC(".maps");

/* The request sockets that are shown, by address: see request.bpf.h.  --half-open makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u8);
} shown_reqs SEC(".maps");

/* In place of socket storage, by address; config.own_ids makes room: see store.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct sock_store);
} sock_table SEC(".maps");

/* Which connection a small socket is of. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct flow);
	__type(value, __u64);
} flow_ids SEC(".maps");

/* A task, a softirq, and what else may come: see own_id(). */
#define ID_LEVELS 4

struct id_counters {
	__u64 busy;
	__u64 n[ID_LEVELS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct id_counters);
} id_counters SEC(".maps");

static __always_inline void count_lost(enum lost_cause cause)
{
	__sync_fetch_and_add(&counters.lost[cause], 1);
}

#endif
