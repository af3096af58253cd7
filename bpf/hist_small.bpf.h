/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The small sockets that `tcpdwell hist` follows: what is kept of them, and how
 * they end.  Their timers tell: see hist.bpf.c.
 */
#ifndef TCPDWELL_HIST_SMALL_BPF_H
#define TCPDWELL_HIST_SMALL_BPF_H

#include "hist_store.bpf.h"
#include "tw.bpf.h"

#define TIMEWAIT_NS 60000000000ULL /* TCP_TIMEWAIT_LEN in include/net/tcp.h */

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
	s->substate = FIELD(tw, tw_substate);
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

#endif
