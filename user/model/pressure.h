/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many local ports are taken towards each service, that is source address,
 * destination address and destination port: connect() fails with EADDRNOTAVAIL
 * when none is left, and TIMED_WAIT keeps each for a minute.  A port counts in
 * whatever state its connection is, if this side opened it.
 */
#ifndef TCPDWELL_MODEL_PRESSURE_H
#define TCPDWELL_MODEL_PRESSURE_H

#include "event.h"

#define PRESSURE_NETNS 256
#define PRESSURE_HOT 64

/* What a network namespace has; set by who can read it. */
struct pressure_limits {
	__u32 netns;
	__u16 low, high; /* net.ipv4.ip_local_port_range */
	__u32 reserved;	 /* ports in it that connect() leaves out */
	__u32 max_tw;	 /* net.ipv4.tcp_max_tw_buckets */
	__u32 tw;	 /* ... in use, as of read_ns */
	__u64 read_ns;
	bool tw_told;
	__u32 tw_before;
};

struct peer_service {
	__u8 laddr[16];
	__u8 raddr[16];
	__u32 netns;
	__u16 rport;
	bool hot;  /* in pressure.hot */
	bool told; /* under pressure, as far as was told */
	__u32 used;
	__u32 next;   /* + 1; of its chain, or of the free ones */
	__u32 before; /* used, at the last look */
	__u64 before_ns;
	__s64 growth_per_s; /* ... from the look before it to that */
};

struct pressure {
	struct peer_service *service;
	__u32 n, room, free; /* free: + 1 */
	__u32 *chain;
	__u32 mask;
	__u32 hot[PRESSURE_HOT]; /* those worth a look */
	__u32 n_hot;
	struct pressure_limits ns[PRESSURE_NETNS];
	__u32 n_ns;
	bool unknown_netns; /* limits are to be read */
};

/* 0 or -ENOMEM. */
int pressure_init(struct pressure *p);
void pressure_free(struct pressure *p);

/* Limits that are known; of a namespace that has some already the new ones. */
void pressure_set_limits(struct pressure *p, const struct pressure_limits *l);

/* Ports that connect() can choose from. */
__u32 pressure_usable(const struct pressure_limits *l);

/* Whether connect() may have chosen id's local port. */
bool pressure_in_range(struct pressure *p, const struct sock_ident *id);

/* A connection that this side opened: a number for pressure_del(), 0 when it does not count. */
__u32 pressure_add(struct pressure *p, const struct sock_ident *id);
void pressure_del(struct pressure *p, __u32 number);

/*
 * Tells of services of whose ports 80% are taken, or, once told, less than 70%;
 * and of places in TIMED_WAIT in the same way.  To be called once a second
 * while there is something to look at; gives whether there is.
 */
typedef void (*pressure_fn)(void *ctx, const struct pressure_news *n);
bool pressure_look(struct pressure *p, __u64 now_ns, pressure_fn fn, void *ctx);
bool pressure_is_hot(const struct pressure *p);

/*
 * What is nearest to its limit, the nearest first: services by ports, network
 * namespaces by places in TIMED_WAIT.  As many as there are, `max` at most.
 */
unsigned int pressure_top(const struct pressure *p, struct pressure_news *top, unsigned int max);
unsigned int pressure_top_time_wait(const struct pressure *p, struct pressure_news *top,
				    unsigned int max);

#endif
