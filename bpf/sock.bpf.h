/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading a kernel socket. */
#ifndef TCPDWELL_SOCK_BPF_H
#define TCPDWELL_SOCK_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "wire.h"
#include "filter.h"
#include "roles.h"
#include "states.h"
#include "typed.bpf.h"

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262 /* include/uapi/linux/in.h, Linux 5.6 */
#define RCV_SHUTDOWN 1
#define SEND_SHUTDOWN 2
/* enum sock_flags: its first two have not moved since 2.6.12 */
#define SOCK_DEAD_BIT 1
#define SOCK_DONE_BIT 2 /* a FIN was received */

/* SCTP fires the tracepoint too, with the states of another machine. */
static __always_inline bool is_tcp(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_TCP || sk->sk_protocol == IPPROTO_MPTCP;
}

static __always_inline __u64 v4_mapped_tail(__be32 addr)
{
	/* the last 8 bytes of ::ffff:a.b.c.d, as they lie in memory */
	union {
		__be32 word[2];
		__u64 tail;
	} u = {{bpf_htonl(0xffff), addr}};

	return u.tail;
}

static __always_inline void read_addrs(const struct sock_common *skc, __u64 laddr[2],
				       __u64 raddr[2])
{
	if (skc->skc_family == AF_INET6) {
		__builtin_memcpy(laddr, skc->skc_v6_rcv_saddr.in6_u.u6_addr8, 16);
		__builtin_memcpy(raddr, skc->skc_v6_daddr.in6_u.u6_addr8, 16);
		return;
	}
	laddr[0] = 0;
	laddr[1] = v4_mapped_tail(skc->skc_rcv_saddr);
	raddr[0] = 0;
	raddr[1] = v4_mapped_tail(skc->skc_daddr);
}

/*
 * The local port.  At `-> CLOSE` it has been given back and skc_num is 0, but
 * inet_sport still has it.  At CLOSE -> SYN_SENT neither has it, unless bound,
 * and after a disconnect inet_sport has that of the last connection.
 */
static __always_inline __u16 read_lport(const struct sock *sk)
{
	__u16 port = sk->__sk_common.skc_num;

	if (port)
		return port;
	return bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
}

static __always_inline __u16 read_lport_at(const struct sock *sk, int to)
{
	return to == ST_SYN_SENT ? sk->__sk_common.skc_num : read_lport(sk);
}

/* The two lie side by side (skc_portpair), and of a small or request socket each read is a call. */
struct port_pair {
	__be16 rport;
	__u16 lport;
};

static __always_inline void read_ports(const struct sock_common *skc, struct port_pair *ports)
{
	if (config.casts) {
		ports->rport = skc->skc_dport;
		ports->lport = skc->skc_num;
		return;
	}
	bpf_core_read(ports, sizeof(*ports), &skc->skc_dport);
}

static __always_inline void read_flow_addrs(const struct sock_common *skc, struct flow *w)
{
	w->family = FIELD(skc, skc_family) == AF_INET6 ? 6 : 4;
	if (config.casts) {
		read_addrs(skc, w->laddr, w->raddr);
		return;
	}
	if (w->family == 6) {
		BPF_CORE_READ_INTO(&w->laddr, skc, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&w->raddr, skc, skc_v6_daddr);
		return;
	}
	w->laddr[0] = 0;
	w->laddr[1] = v4_mapped_tail(BPF_CORE_READ(skc, skc_rcv_saddr));
	w->raddr[0] = 0;
	w->raddr[1] = v4_mapped_tail(BPF_CORE_READ(skc, skc_daddr));
}

/*
 * Of a small or a request socket, but for its local port, which lies elsewhere.  The
 * parts that are asked for: each may be one more call to read kernel memory.
 */
static __always_inline void read_parts(const struct sock_common *skc, __u32 parts, struct flow *w)
{
	if (parts & FLOW_RPORT)
		w->rport = bpf_ntohs(FIELD(skc, skc_dport));
	if (parts & FLOW_NETNS)
		w->netns = config.casts ? skc->skc_net.net->ns.inum
					: BPF_CORE_READ(skc, skc_net.net, ns.inum);
	if (parts & FLOW_ADDRS)
		read_flow_addrs(skc, w);
}

/* A plain load once it was made: the helper is asked only for a socket's first record. */
static __always_inline __u64 sock_cookie(struct sock *sk)
{
	__u64 cookie = sk->__sk_common.skc_cookie.counter;

	return cookie ? cookie : bpf_get_socket_cookie(sk);
}

/*
 * Names are compared as they lie in memory, to their last byte; Linux 6.1 leaves
 * behind the name what was there before.
 */
static __always_inline void read_current_comm(char comm[COMM_LEN])
{
	__builtin_memset(comm, 0, COMM_LEN);
	bpf_get_current_comm(comm, COMM_LEN);
}

static __always_inline __u8 family_no(const struct sock_common *skc)
{
	return skc->skc_family == AF_INET6 ? 6 : 4;
}

static __always_inline void read_flow(const struct sock_common *skc, __u16 lport, struct flow *w)
{
	w->family = family_no(skc);
	w->lport = lport;
	w->rport = bpf_ntohs(skc->skc_dport);
	w->netns = skc->skc_net.net->ns.inum;
	read_addrs(skc, w->laddr, w->raddr);
}

static __always_inline __u64 cgroup_id(const struct cgroup *cg)
{
	return BPF_CORE_READ(cg, kn, id);
}

static __always_inline struct cgroup *sock_cgroup_old(const struct sock *sk)
{
	const struct sock_cgroup_data___val *old = (const void *)&sk->sk_cgrp_data;
	__u64 val = BPF_CORE_READ(old, val);

	return val & 1 ? NULL : (struct cgroup *)val;
}

static __always_inline struct cgroup *sock_cgroup(const struct sock *sk)
{
	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return sk->sk_cgrp_data.cgroup;
	return sock_cgroup_old(sk);
}

/* 0: not known.  Plain loads where the kernel's types allow them: they are in the hot path. */
static __always_inline __u64 sock_cgroup_id(const struct sock *sk)
{
	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return sk->sk_cgrp_data.cgroup->kn->id;
	return cgroup_id(sock_cgroup_old(sk));
}

/*
 * Out of line: clang would move the relocation of a field that this kernel does
 * not have up to where the verifier meets it.
 */
static __noinline __u64 cgroup_ancestor_id_old(const struct cgroup___ids *cg, __u32 level)
{
	__u64 id = 0;

	bpf_core_read(&id, sizeof(id), &cg->ancestor_ids[level]);
	return id;
}

/* The id of cg's ancestor at a level; 0 where there is none. */
static __always_inline __u64 cgroup_ancestor_id(const struct cgroup *cg, __u32 level)
{
	struct cgroup *up = NULL;

	if ((__u32)BPF_CORE_READ(cg, level) < level || level > 255)
		return 0;
	if (!bpf_core_field_exists(cg->ancestors))
		return cgroup_ancestor_id_old((const void *)cg, level);
	bpf_core_read(&up, sizeof(up), &cg->ancestors[level]);
	return up ? cgroup_id(up) : 0;
}

static __always_inline bool cgroup_wanted(const volatile struct filter *f, const struct cgroup *cg)
{
	for (int i = 0; i < FILTER_MAX && i < f->n_cgroup; i++)
		if (cgroup_ancestor_id(cg, f->cgroup[i].level) == f->cgroup[i].id)
			return true;
	return false;
}

static __always_inline bool filter_cgroup(const volatile struct filter *f, const struct sock *sk)
{
	struct cgroup *cg;

	if (!f->n_cgroup)
		return true;
	cg = sock_cgroup(sk);
	return cg && cgroup_wanted(f, cg);
}

static __always_inline void read_ident(const struct sock *sk, __u16 lport, struct sock_ident *id)
{
	const struct sock_common *skc = &sk->__sk_common;

	read_addrs(skc, (__u64 *)id->laddr, (__u64 *)id->raddr);
	id->lport = lport;
	id->rport = bpf_ntohs(skc->skc_dport);
	id->netns = skc->skc_net.net->ns.inum;
	id->family = family_no(skc);
	id->mptcp = sk->sk_protocol == IPPROTO_MPTCP;
	id->pad = 0;
	id->pad2 = 0;
	id->cgroup = sock_cgroup_id(sk);
}

/*
 * tp->bytes_received counts a received FIN as a byte (its end_seq goes into
 * rcv_nxt: tcp_rcv_nxt_update()); tp->bytes_sent counts retransmissions.
 */
static __always_inline __u64 payload_received(const struct tcp_sock *tp, const struct sock *sk)
{
	__u64 bytes = tp->bytes_received;

	return bytes && (sk->__sk_common.skc_flags & SOCK_DONE_BIT) ? bytes - 1 : bytes;
}

static __always_inline void read_end(const struct sock *sk, __u64 age_ns, struct sock_end *e)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *)sk);

	__builtin_memset(e, 0, sizeof(*e));
	e->age_ns = age_ns;
	e->sk_err = sk->sk_err;
	if (!tp) {
		e->facts = END_NO_TCP;
		return;
	}
	e->bytes_sent = tp->bytes_sent - tp->bytes_retrans;
	e->bytes_received = payload_received(tp, sk);
	e->retransmits = tp->total_retrans;
	e->srtt_us = tp->srtt_us >> 3;
	if (tp->linger2 < 0)
		e->facts |= END_LINGER2_OFF;
	if (BPF_CORE_READ_BITFIELD(tp, repair))
		e->facts |= END_REPAIR;
	if (tp->snd_una != tp->write_seq)
		e->facts |= END_UNACKED;
	if (tp->snd_nxt != tp->write_seq)
		e->facts |= END_UNSENT;
	if (sk->__sk_common.skc_flags & SOCK_DEAD_BIT || sk->sk_shutdown & RCV_SHUTDOWN)
		e->facts |= END_NO_READER;
	if (tp->rcv_nxt != tp->copied_seq)
		e->facts |= END_UNREAD;
	if (sk->__sk_common.skc_flags & SOCK_DONE_BIT)
		e->facts |= END_FIN_IN;
}

#endif
