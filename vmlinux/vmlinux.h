/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel types and fields that the BPF side reads, and no others.  Offsets
 * are relocated at load time (CO-RE), so this serves every architecture and
 * kernel; `make check` holds each field against a kernel's BTF.  A name after
 * ___ is a flavor: the shape of that type on some other kernel.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u32 u32;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

#define true 1
#define false 0
#define NULL ((void *)0)

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_F_NO_PREALLOC = 1U << 0,
	BPF_F_CLONE = 1U << 9,
	BPF_F_MMAPABLE = 1U << 10,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
};

enum {
	BPF_RB_NO_WAKEUP = 1ULL << 0,
	BPF_RB_FORCE_WAKEUP = 1ULL << 1,
};

enum {
	BPF_RB_AVAIL_DATA = 0,
};

enum {
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1ULL << 0,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

typedef struct {
	__s64 counter;
} atomic64_t;

struct ns_common {
	unsigned int inum;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	atomic_t refs;
} refcount_t;

/* Linux 5.11 to 6.17, and since */
struct ns_common___count {
	refcount_t count;
};

struct ns_common___ref {
	refcount_t __ns_ref;
};

struct netns_ipv4 {
	int sysctl_tcp_fin_timeout;
	int sysctl_tcp_fastopen;
};

struct net {
	struct ns_common ns;
	struct netns_ipv4 ipv4;
};

/* up to Linux 5.10 */
struct net___count {
	refcount_t count;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	union {
		struct {
			__be32 skc_daddr;
			__be32 skc_rcv_saddr;
		};
	};
	union {
		unsigned int skc_hash;
	};
	union {
		struct {
			__be16 skc_dport;
			__u16 skc_num;
		};
	};
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	union {
		unsigned long skc_flags;
		struct sock *skc_listener;
	};
};

typedef struct {
	unsigned int val;
} kuid_t;

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup *ancestors[];
};

/* before Linux 6.1 (7f203bc89eb6): ids, not pointers */
struct cgroup___ids {
	int level;
	__u64 ancestor_ids[];
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

/* before Linux 5.16 (8520e224f547): a pointer, or with bit 0 set a class id */
struct sock_cgroup_data___val {
	__u64 val;
};

struct inode {
	unsigned long i_ino;
};

struct cred {
	kuid_t uid;
};

struct file {
	const struct cred *f_cred;
	void *private_data;
	const void *f_op;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

/* Each socket lies in front of its inode. */
struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

struct sock {
	struct sock_common __sk_common;
	int sk_err;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	__u16 sk_protocol;
	__u8 sk_shutdown;
	kuid_t sk_uid;
	struct socket *sk_socket;
	struct sock_cgroup_data sk_cgrp_data;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct timer_list {
	struct hlist_node entry;
	unsigned long expires;
	void (*function)(struct timer_list *);
	u32 flags;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct timer_list icsk_retransmit_timer;
	__u32 icsk_rto;
	__u32 icsk_user_timeout;
	__u8 icsk_retransmits;
	__u8 icsk_backoff;
};

/* newer than Linux 6.18, in place of icsk_retransmit_timer */
struct sock___timed {
	struct timer_list tcp_retransmit_timer;
};

struct inet_sock___timed {
	struct sock___timed sk;
};

struct inet_connection_sock___timed {
	struct inet_sock___timed icsk_inet;
};

struct tcp_sock___timed {
	struct inet_connection_sock___timed inet_conn;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 write_seq;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 srtt_us;
	__u32 rcv_tstamp;
	__u32 lsndtime;
	__u32 retrans_stamp;
	__u32 total_retrans;
	int linger2;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u64 bytes_received;
	__u8 repair : 1;
	__u8 syn_data_acked : 1;
};

/* from Linux 6.7 on (614e8316aa4c): time stamps may be in microseconds */
struct tcp_sock___usec {
	__u8 tcp_usec_ts : 1;
};

struct inet_timewait_sock {
	struct sock_common __tw_common;
	volatile unsigned char tw_substate;
	__be16 tw_sport;
	struct timer_list tw_timer;
};

/* Linux 6.14 and newer */
struct inet_timewait_sock___stamped {
	__u32 tw_entry_stamp;
};

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
	int tw_ts_recent_stamp;
};

struct tcp_timewait_sock___stamped {
	struct inet_timewait_sock___stamped tw_sk;
};

struct request_sock {
	struct sock_common __req_common;
	__u8 num_retrans;
	__u8 num_timeout : 7;
	struct timer_list rsk_timer;
	struct sock *sk;
};

struct inet_request_sock {
	struct request_sock req;
};

struct tcp_request_sock {
	struct inet_request_sock req;
	__u64 snt_synack;
};

struct tcphdr {
	__u16 rst : 1;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct files_struct;

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	const struct cred *cred;
	char comm[16];
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	struct files_struct *files;
	struct css_set *cgroups;
	__u64 start_boottime;
};

struct seq_file;
struct sk_buff;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	unsigned int uid;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *key;
	void *value;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

#endif
