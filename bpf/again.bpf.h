/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel does not run a program on a CPU where it is running already
 * (bpf_prog->active, Linux 5.12): a transition that a softirq brings while
 * set_state() runs in a task's context, or another task's while that one is
 * preempted, would be missed.  So there is a second program on the tracepoint,
 * behind the first, which takes what the first did not: that one leaves a note.
 */
#ifndef TCPDWELL_AGAIN_BPF_H
#define TCPDWELL_AGAIN_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

/*
 * What set_state() took on this CPU and the second program has not been shown
 * yet, by socket: a socket's transitions come one at a time.  Interrupts nest, so
 * that several may be under way; a cache line has room for four of a bucket.  A
 * note is left behind when it was the second program that the kernel did not
 * run, and goes with that socket's next transition.
 *
 * Where tracepoints can be preempted (Linux 7.0) a task may go to another CPU
 * between the two programs, whose notes do not know of it.  So what the second
 * one tells is marked (STEP_AGAIN), and the user side knows what it knows already.
 */
#define TAKEN_BUCKETS 64 /* a power of two */
#define TAKEN_WAYS 4

struct taken {
	struct {
		__u64 sk;
		__u64 to;
	} way[TAKEN_WAYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TAKEN_BUCKETS);
	__type(key, __u32);
	__type(value, struct taken);
} taken_here SEC(".maps");

/*
 * Notes that are taken before the second program is attached would stay, and fill
 * the buckets: it tells when it is.
 */
static bool second_runs;

static __always_inline struct taken *bucket_of(const struct sock *sk)
{
	/* no bits of sk itself: the verifier knows it for a pointer */
	__u32 key = sk->__sk_common.skc_hash & (TAKEN_BUCKETS - 1);

	return bpf_map_lookup_elem(&taken_here, &key);
}

static __always_inline void note_taken(const struct sock *sk, int to)
{
	struct taken *t = second_runs ? bucket_of(sk) : NULL;
	int i;

	if (!t)
		return;
	for (i = 0; i < TAKEN_WAYS - 1; i++)
		if (!t->way[i].sk || t->way[i].sk == (__u64)sk)
			break;
	t->way[i].sk = (__u64)sk;
	t->way[i].to = to;
}

/* Whether the first program took it. */
static __always_inline bool was_taken(const struct sock *sk, int to)
{
	struct taken *t = bucket_of(sk);
	bool found = !t;

	if (!second_runs) {
		second_runs = true;
		return true;
	}
	for (int i = 0; t && i < TAKEN_WAYS; i++) {
		if (t->way[i].sk != (__u64)sk)
			continue;
		found |= t->way[i].to == (__u64)to;
		t->way[i].sk = 0;
	}
	return found;
}

#endif
