/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Distributions of durations: log-linear buckets, four to a doubling, so that
 * the middle of a bucket is at most 12.5 % off any value in it.  One code for
 * the kernel side, which counts, and the user side, which reads.
 */
#ifndef TCPDWELL_HIST_H
#define TCPDWELL_HIST_H

#include "states.h"
#include "wire.h"

#define HIST_SUB_BITS 2
#define HIST_SUBS (1 << HIST_SUB_BITS)
#define HIST_TOP_BITS 54 /* 2^54 ns: 208 days; what is longer is in the last bucket */
#define HIST_BUCKETS (HIST_SUBS + (HIST_TOP_BITS - HIST_SUB_BITS) * HIST_SUBS)

#define HIST_FN static inline __attribute__((always_inline))

/* The position of the highest bit, without an instruction that BPF does not have; v is not 0. */
HIST_FN unsigned int hist_log2(__u64 v)
{
	unsigned int bits = 0;

	if (v >> 32) {
		v >>= 32;
		bits = 32;
	}
	if (v >> 16) {
		v >>= 16;
		bits += 16;
	}
	if (v >> 8) {
		v >>= 8;
		bits += 8;
	}
	if (v >> 4) {
		v >>= 4;
		bits += 4;
	}
	if (v >> 2) {
		v >>= 2;
		bits += 2;
	}
	return bits + (v >> 1);
}

/* The bucket of a duration in ns: below HIST_SUBS each value has its own. */
HIST_FN unsigned int hist_bucket(__u64 ns)
{
	unsigned int top;

	if (ns < HIST_SUBS)
		return ns;
	if (ns >> HIST_TOP_BITS)
		return HIST_BUCKETS - 1;
	top = hist_log2(ns) - HIST_SUB_BITS;
	return top * HIST_SUBS + (ns >> top);
}

/* The least value of a bucket, in ns; of HIST_BUCKETS, the first that is too long for any. */
HIST_FN __u64 hist_from(unsigned int bucket)
{
	unsigned int top;

	if (bucket < 2 * HIST_SUBS)
		return bucket;
	top = bucket / HIST_SUBS - 1;
	return (__u64)(HIST_SUBS + bucket % HIST_SUBS) << top;
}

/* One distribution.  The kernel counts with atomic additions; `max_ns` is written without. */
struct hist_row {
	__u64 count[HIST_BUCKETS];
	__u64 max_ns;
};

/* The rows of a group: one for each state, and in the place of none the age of connections. */
#define HIST_AGE ST_NONE
#define HIST_ROWS ((int)ST_CLOSING + 1)

/* What the rows are grouped by. */
enum hist_by {
	HIST_BY_STATE = 0, /* nothing else: the slots are the CPUs' */
	HIST_BY_PORT,	   /* of the service: local if it was accepted, remote if it was opened */
	HIST_BY_PROCESS,
	HIST_BY_PEER,
	HIST_BY_CGROUP,
	HIST_NBYS,
};

struct hist_group {
	__u64 id[2]; /* peer: address; process: comm; cgroup: its id, 0 */
	__u32 no;    /* port, process id */
	__u32 pad;
};

/* Slots of the groups: what has none of its own, since there are too many, is in the first. */
#define HIST_SLOT_OTHER 0
#define HIST_SLOT_UNKNOWN 1
#define HIST_SLOTS_FIXED 2

/* Set before loading. */
struct hist_config {
	__u8 by;	 /* enum hist_by */
	__u8 small;	 /* timers tell of small sockets */
	__u8 keep_small; /* of each what is asked for, which it does not know itself */
	__u8 by_owner;	 /* the process matters: to group by, or to filter */
	__u32 slots;
};

/* What could not be counted, by why. */
enum hist_missed {
	HIST_BEFORE = 0, /* the stay began before the start */
	HIST_UNSURE,	 /* a handshake that has no time */
	HIST_SKIPPED, /* a transition of its own, or the one before, was not shown to the program */
	HIST_FULL,    /* no room for one more socket */
	HIST_SMALL_FULL,   /* ... for one more small socket */
	HIST_SMALL_UNSEEN, /* FIN_WAIT_2 that ended in a small socket, or not: nothing tells */
	HIST_NMISSED,
};

struct hist_counters {
	__u64 missed[HIST_NMISSED];
	__u64 again; /* transitions that only the second program saw: see again.bpf.h */
	__u32 slots; /* given to groups so far, those that were refused included */
	__u32 pad;
};

#endif
