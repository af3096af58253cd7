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

/* The last transitions that set_state() took on this CPU. */
#define TAKEN 64 /* a power of two: as many transitions as an interrupt may bring */

struct taken {
	struct {
		__u64 sk;
		__u64 to;
	} step[TAKEN];
	__u64 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct taken);
} taken_here SEC(".maps");

static __always_inline void note_taken(const struct sock *sk, int to)
{
	__u32 zero = 0;
	struct taken *t = bpf_map_lookup_elem(&taken_here, &zero);
	__u64 i;

	if (!t)
		return;
	i = t->n++ & (TAKEN - 1);
	t->step[i].sk = (__u64)sk;
	t->step[i].to = to;
}

/*
 * Whether the first program took it.  Interrupts nest, so that the notes are a stack:
 * what is above the one that is looked for is of an interrupt that is over, and
 * goes with it.  Were it left there, a burst of transitions between the two
 * programs would push the note out, and the transition would be told twice.
 */
static __always_inline bool was_taken(const struct sock *sk, int to)
{
	__u32 zero = 0;
	struct taken *t = bpf_map_lookup_elem(&taken_here, &zero);
	__u64 top;

	if (!t)
		return true;
	top = t->n;
	for (int back = 1; back <= TAKEN; back++) {
		__u64 i = (top - back) & (TAKEN - 1);

		if (t->step[i].sk != (__u64)sk || t->step[i].to != (__u64)to)
			continue;
		t->step[i].sk = 0;
		t->n = top - back;
		return true;
	}
	return false;
}

#endif
