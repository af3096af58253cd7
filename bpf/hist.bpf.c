// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `tcpdwell hist`: how long sockets stay in each state, counted here.  No record
 * leaves the kernel, so that this is an object of its own, without the tracer's
 * ring buffer.  Since when a socket is in its state is in a hash by its address:
 * made once, at the load, where socket storage is made, charged and freed with
 * each socket, which costs more than all of this.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "hist.h"
#include "config.bpf.h"
#include "sock.bpf.h"
#include "again.bpf.h"
#include "held.bpf.h"
#include "tw.bpf.h"

#define EEXIST 17

char LICENSE[] SEC("license") = "Dual BSD/GPL";

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

/* What a small socket does not know itself, by its address. */
struct small {
	__u64 since_ns; /* begin of its FIN_WAIT_2; 0: it has none, or it is over */
	__u64 born_ns;
	__u32 slot;
	__u32 open;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, __u64);
	__type(value, struct small);
} smalls SEC(".maps");

/* The small socket that this CPU made last: its socket's CLOSE follows at once. */
struct made {
	__u64 tw;
	__be16 lport;
	__be16 rport;
	__u32 substate;
};

/*
 * A small socket whose timer this CPU stopped last: it has ended, unless its
 * timer is set again, which follows at once.
 */
struct stop {
	__u64 tw;
	__u64 at_ns;
	__u64 expires_ns;
	struct small small;
	__u32 substate;
	__u32 wanted;
};

struct here {
	struct made made;
	struct stop stop;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct here);
} here SEC(".maps");

/* Who opened a listener: its children inherit it.  Used only where the process matters. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct sock_owner);
} owners SEC(".maps");

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

/* Of a small socket of which nothing was kept. */
static __always_inline __u32 slot_of_tw(struct inet_timewait_sock *tw)
{
	struct hist_group g = {};
	struct flow w;

	if (hist.by == HIST_BY_STATE)
		return 0;
	if (hist.by != HIST_BY_PEER)
		return HIST_SLOT_UNKNOWN;
	read_tw_flow(tw, &w);
	g.id[0] = w.raddr[0];
	g.id[1] = w.raddr[1];
	return slot_of(&g);
}

/*
 * Sockets
 */

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

/* As step.bpf.h has it: the time from the SYN-ACK to its ACK, 0 where it can't be told. */
static __always_inline __u64 handshake_ns(struct sock *sk)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!tp || tp->total_retrans || BPF_CORE_READ_BITFIELD(tp, syn_data_acked))
		return 0;
	return (tp->srtt_us >> 3) * 1000ULL;
}

static __always_inline void count_handshake(struct sock *sk, struct stay *st)
{
	__u64 ns = handshake_ns(sk);

	if (!ns) {
		missed(HIST_UNSURE);
		return;
	}
	count(st->slot, ST_SYN_RECV, ns);
	st->born_ns -= ns;
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
		count_handshake(sk, &st);
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

static __always_inline int take_step(struct sock *sk, int from, int to)
{
	__u64 now_ns, key = (__u64)sk;
	struct stay *st;

	if (from == to || !is_tcp(sk))
		return 0;
	if (from == ST_LISTEN && to == ST_SYN_RECV)
		return 0;
	now_ns = bpf_ktime_get_ns();
	st = from == ST_CLOSE ? NULL : bpf_map_lookup_elem(&stays, &key);
	/* in SYN_RECEIVED is one that is kept only after a simultaneous open */
	if (!st || (from == ST_SYN_RECV && st->state != ST_SYN_RECV))
		begin(sk, from, to, now_ns);
	else
		go_on(sk, st, from, to, now_ns);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(hist_set_state, struct sock *sk, int from, int to)
{
	note_taken(sk, to);
	return take_step(sk, from, to);
}

/* Behind the first, by the order in which they are attached: see again.bpf.h. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(hist_set_state2, struct sock *sk, int from, int to)
{
	if (was_taken(sk, to))
		return 0;
	__sync_fetch_and_add(&counters.again, 1);
	return take_step(sk, from, to);
}

/*
 * Small sockets
 */

#define TIMEWAIT_NS 60000000000ULL /* TCP_TIMEWAIT_LEN in include/net/tcp.h */

static __always_inline __u64 since(__u64 begin_ns, __u64 end_ns)
{
	return end_ns > begin_ns ? end_ns - begin_ns : 0;
}

static __always_inline void fin_wait_2_over(const struct small *small, __u64 at_ns)
{
	count(small->slot, ST_FIN_WAIT2, since(small->since_ns, at_ns));
	if (small->open && small->born_ns)
		count(small->slot, HIST_AGE, since(small->born_ns, at_ns));
}

/* It has ended.  Its timer was set to 60 s when its TIMED_WAIT began. */
static __always_inline void small_over(const struct stop *s)
{
	__u64 began_ns = s->expires_ns - TIMEWAIT_NS;

	if (!s->wanted)
		return;
	if (s->substate == ST_FIN_WAIT2 && s->small.since_ns)
		fin_wait_2_over(&s->small, s->at_ns);
	else if (s->substate == ST_FIN_WAIT2)
		missed(HIST_BEFORE);
	if (s->substate != ST_TIME_WAIT)
		return;
	if (s->small.since_ns)
		fin_wait_2_over(&s->small, began_ns);
	count(s->small.slot, ST_TIME_WAIT, since(began_ns, s->at_ns));
}

/* What was kept of it is used up. */
static __always_inline void read_stop(struct timer_list *timer, struct stop *s)
{
	const volatile struct filter *f = &config.filter;
	struct inet_timewait_sock *tw = tw_of_timer(timer);
	__u64 key = (__u64)tw;
	struct small *small = bpf_map_lookup_elem(&smalls, &key);

	__builtin_memset(s, 0, sizeof(*s));
	s->tw = key;
	s->at_ns = bpf_ktime_get_ns();
	s->expires_ns = s->at_ns + small_left_ns(timer->expires, s->at_ns);
	s->substate = BPF_CORE_READ(tw, tw_substate);
	if (small) {
		s->small = *small;
		s->wanted = 1;
		bpf_map_delete_elem(&smalls, &key);
		return;
	}
	/* it can't tell who it is */
	if (filter_by_owner(f) || f->n_cgroup || !tw_wanted(tw))
		return;
	s->wanted = 1;
	s->small.slot = slot_of_tw(tw);
}

/* The peer's FIN came in FIN_WAIT_2, or again in TIMED_WAIT. */
static __always_inline void set_again(struct stop *s)
{
	__u64 key = s->tw;

	s->tw = 0;
	if (s->substate != ST_TIME_WAIT || !s->wanted)
		return;
	if (s->small.since_ns)
		fin_wait_2_over(&s->small, s->at_ns);
	s->small.since_ns = 0;
	if (hist.keep_small)
		bpf_map_update_elem(&smalls, &key, &s->small, BPF_ANY);
}

SEC("tp_btf/timer_start")
int BPF_PROG(hist_timer_start, struct timer_list *timer)
{
	struct inet_timewait_sock *tw = tw_of_timer(timer);
	__u32 zero = 0;
	struct here *h;

	if (!is_tw_timer(timer))
		return 0;
	h = bpf_map_lookup_elem(&here, &zero);
	if (!h)
		return 0;
	if (h->stop.tw == (__u64)tw) {
		set_again(&h->stop);
		return 0;
	}
	if (h->stop.tw) {
		small_over(&h->stop);
		h->stop.tw = 0;
	}
	h->made.tw = (__u64)tw;
	h->made.lport = BPF_CORE_READ(tw, tw_sport);
	h->made.rport = BPF_CORE_READ(tw, __tw_common.skc_dport);
	h->made.substate = BPF_CORE_READ(tw, tw_substate);
	return 0;
}

/* Before an expiry too, which the next program takes. */
SEC("tp_btf/timer_cancel")
int BPF_PROG(hist_timer_cancel, struct timer_list *timer)
{
	__u32 zero = 0;
	struct here *h;

	if (!is_tw_timer(timer) || timer_left_ns(timer->expires) <= 0)
		return 0;
	h = bpf_map_lookup_elem(&here, &zero);
	if (!h)
		return 0;
	if (h->stop.tw)
		small_over(&h->stop);
	read_stop(timer, &h->stop);
	return 0;
}

SEC("tp_btf/timer_expire_entry")
int BPF_PROG(hist_timer_expire, struct timer_list *timer)
{
	struct stop s;

	if (!is_tw_timer(timer))
		return 0;
	read_stop(timer, &s);
	small_over(&s);
	return 0;
}

/*
 * Before a view: most re-arms of a timer (the peer's FIN, which ends FIN_WAIT_2)
 * stay within a bucket of the wheel, and no tracepoint tells of them.
 */
SEC("iter/bpf_map_elem")
int hist_look(struct bpf_iter__bpf_map_elem *ctx)
{
	struct inet_timewait_sock *tw;
	struct small *small = ctx->value;
	__u64 *key = ctx->key;
	__u64 now_ns, began_ns;

	if (!key || !small || !small->since_ns)
		return 0;
	tw = (void *)*key;
	if (BPF_CORE_READ(tw, tw_substate) != ST_TIME_WAIT)
		return 0;
	now_ns = bpf_ktime_get_ns();
	began_ns =
		now_ns + small_left_ns(BPF_CORE_READ(tw, tw_timer.expires), now_ns) - TIMEWAIT_NS;
	fin_wait_2_over(small, began_ns);
	small->since_ns = 0;
	return 0;
}

/*
 * What is there at the start: who holds it, for the children of listeners.
 */
SEC("iter/task_file")
int hist_claim(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct sock *sk = held_sock(ctx->file);
	struct sock_owner *o;

	if (!task || !sk)
		return 0;
	o = bpf_sk_storage_get(&owners, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (o && o->how == OWNER_UNKNOWN)
		owner_is_holder(o, task);
	return 0;
}
