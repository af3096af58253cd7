/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the loader tells the kernel side before it is loaded (read-only there,
 * so that the verifier drops what is switched off), and what both sides share
 * while it runs. */
#ifndef TCPDWELL_CONFIG_H
#define TCPDWELL_CONFIG_H

#include "filter.h"

struct config {
	__u8 flow_filter;    /* some of family, ports, addresses, namespaces */
	__u8 step_filter;    /* states or min_dwell */
	__u8 half_open;	     /* stream request sockets too */
	__u8 tw_timers;	     /* timers tell of inet_timewait_socks */
	__u8 keep_ends;	     /* tell of each end that may be the begin of a small socket */
	__u8 stream;	     /* tell of each step and keep nothing: see stream.bpf.h */
	__u8 late_port;	     /* the filter asks for a local port */
	__u8 own_ids;	     /* no socket storage and no cookies: see store.bpf.h */
	__u8 opener_decides; /* ... for an owner, and that is who opens */
	__u8 casts;	     /* the kernel has bpf_rdonly_cast(): see typed.bpf.h */
	__u64 jiffy_ns;	     /* length of a jiffy */
	__u64 ring_quarter;  /* bytes */
	struct filter filter;
};

/* A SYN_SENT whose local port the filter waits for, in a map of its own. */
struct held_syn {
	__u64 since_ns;
	struct sock_owner owner;
};

/* Counted by the kernel side, read by the loader through shared memory. */
struct counters {
	__u64 lost[LOST_NCAUSES];
	__u64 req_born;	   /* request sockets: SYNs that were answered */
	__u64 req_done;	   /* ... that became a connection */
	__u64 req_unshown; /* records of request sockets over the limit of the stream */
	__u64 again;	   /* transitions that only the second program saw: see again.bpf.h */
	__u64 held;	   /* times a SYN_SENT was held back, its local port not being known */
};

#endif
