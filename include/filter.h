/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What to show.  The kernel side applies it before it reserves anything; the
 * user side applies the same code to what has no kernel side (replay) or what
 * the kernel side can't decide yet.
 *
 * Values of one option are alternatives; different options must all hold.
 */
#ifndef TCPDWELL_FILTER_H
#define TCPDWELL_FILTER_H

#include "wire.h"
#include "states.h"

#define FILTER_MAX 16

struct cidr {
	__u64 net[2]; /* as in memory: network order */
	__u64 mask[2];
};

struct filter_cgroup {
	__u64 id;
	__u32 level; /* depth below the root, whose level is 0 */
	__u32 pad;
};

struct filter {
	__u8 family; /* 0 any, 4, 6 */
	__u8 n_port, n_lport, n_rport, n_addr, n_pid, n_comm, n_cgroup, n_netns;
	__u8 pad[3];
	__u32 states; /* ST_BIT()s, 0 any: a transition from or to one of them */
	__u64 min_dwell_ns;
	__u16 port[FILTER_MAX]; /* either side */
	__u16 lport[FILTER_MAX];
	__u16 rport[FILTER_MAX];
	__u32 pid[FILTER_MAX]; /* thread group or thread */
	__u32 netns[FILTER_MAX];
	char comm[FILTER_MAX][COMM_LEN];
	struct cidr addr[FILTER_MAX]; /* either side */
	struct filter_cgroup cgroup[FILTER_MAX];
};

struct flow {
	__u64 laddr[2];
	__u64 raddr[2];
	__u16 lport;
	__u16 rport;
	__u32 netns;
	__u8 family;
};

enum match {
	MATCH_NO = 0,
	MATCH_YES,
	MATCH_LATER, /* hangs on the local port, which is not known yet */
};

#define FILTER_FN static inline __attribute__((always_inline))

/* Parts of a flow; the addresses come with their family. */
enum flow_part {
	FLOW_LPORT = 1,
	FLOW_RPORT = 2,
	FLOW_NETNS = 4,
	FLOW_ADDRS = 8,
	FLOW_ALL = 15,
};

/* What filter_flow() will look at. */
FILTER_FN __u32 flow_parts(const volatile struct filter *f)
{
	return (f->n_port || f->n_lport ? FLOW_LPORT : 0) |
	       (f->n_port || f->n_rport ? FLOW_RPORT : 0) | (f->n_netns ? FLOW_NETNS : 0) |
	       (f->n_addr || f->family ? FLOW_ADDRS : 0);
}

FILTER_FN int filter_has_port(const volatile __u16 *list, int n, __u16 port)
{
	for (int i = 0; i < FILTER_MAX && i < n; i++)
		if (list[i] == port)
			return 1;
	return 0;
}

/* The 4 bytes before an IPv4 address, as they lie in memory: all of them, and those of ::ffff:0:0.
 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MAPPED_MASK 0xffffffffULL
#define MAPPED_NET 0xffff0000ULL
#else
#define MAPPED_MASK (0xffffffffULL << 32)
#define MAPPED_NET (0xffffULL << 32)
#endif

/* An IPv4 address is in no wider IPv6 block than ::ffff:0:0/96, whatever socket has it. */
FILTER_FN int cidr_has(const volatile struct cidr *c, const __u64 a[2])
{
	if ((a[0] & c->mask[0]) != c->net[0] || (a[1] & c->mask[1]) != c->net[1])
		return 0;
	return (c->mask[1] & MAPPED_MASK) == MAPPED_MASK || a[0] ||
	       (a[1] & MAPPED_MASK) != MAPPED_NET;
}

FILTER_FN int filter_has_addr(const volatile struct filter *f, const struct flow *w)
{
	for (int i = 0; i < FILTER_MAX && i < f->n_addr; i++)
		if (cidr_has(&f->addr[i], w->laddr) || cidr_has(&f->addr[i], w->raddr))
			return 1;
	return 0;
}

FILTER_FN int filter_has_netns(const volatile struct filter *f, __u32 netns)
{
	for (int i = 0; i < FILTER_MAX && i < f->n_netns; i++)
		if (f->netns[i] == netns)
			return 1;
	return 0;
}

/* Ports: MATCH_LATER only while the local port is 0. */
FILTER_FN enum match filter_ports(const volatile struct filter *f, __u16 lport, __u16 rport)
{
	int later = 0;

	if (f->n_rport && !filter_has_port(f->rport, f->n_rport, rport))
		return MATCH_NO;
	if (f->n_lport && !filter_has_port(f->lport, f->n_lport, lport)) {
		if (lport)
			return MATCH_NO;
		later = 1;
	}
	if (f->n_port && !filter_has_port(f->port, f->n_port, rport) &&
	    !filter_has_port(f->port, f->n_port, lport)) {
		if (lport)
			return MATCH_NO;
		later = 1;
	}
	return later ? MATCH_LATER : MATCH_YES;
}

/* What is fixed for a connection, but for its owner. */
FILTER_FN enum match filter_flow(const volatile struct filter *f, const struct flow *w)
{
	if (f->family && f->family != w->family)
		return MATCH_NO;
	if (f->n_netns && !filter_has_netns(f, w->netns))
		return MATCH_NO;
	if (f->n_addr && !filter_has_addr(f, w))
		return MATCH_NO;
	return filter_ports(f, w->lport, w->rport);
}

FILTER_FN int filter_has_comm(const volatile struct filter *f, const char *comm)
{
	for (int i = 0; i < FILTER_MAX && i < f->n_comm; i++) {
		const volatile __u64 *want = (const volatile __u64 *)f->comm[i];
		const __u64 *have = (const __u64 *)comm;

		if (want[0] == have[0] && want[1] == have[1])
			return 1;
	}
	return 0;
}

FILTER_FN int filter_owner(const volatile struct filter *f, const struct sock_owner *o)
{
	if (f->n_pid) {
		int found = 0;

		for (int i = 0; i < FILTER_MAX && i < f->n_pid; i++)
			found |= f->pid[i] == o->pid || f->pid[i] == o->tid;
		if (!found)
			return 0;
	}
	return !f->n_comm || filter_has_comm(f, o->comm);
}

/* One transition, or with from == to one state that lasts. */
FILTER_FN int filter_step(const volatile struct filter *f, int from, int to, __u64 dwell_ns)
{
	if (f->states && !(f->states & (ST_BIT(from) | ST_BIT(to))))
		return 0;
	return dwell_ns >= f->min_dwell_ns;
}

/* Whether anything but family, ports, addresses and namespaces is asked for. */
FILTER_FN int filter_by_owner(const volatile struct filter *f)
{
	return f->n_pid || f->n_comm;
}

FILTER_FN int filter_by_flow(const volatile struct filter *f)
{
	return f->family || f->n_port || f->n_lport || f->n_rport || f->n_addr || f->n_netns;
}

#endif
