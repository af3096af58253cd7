/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All sockets at one moment: which of them are wanted, in which order, and how many of each kind.
 */
#ifndef TCPDWELL_MODEL_LISTING_H
#define TCPDWELL_MODEL_LISTING_H

#include <stddef.h>
#include "filter.h"
#include "model/event.h"

enum listing_sort {
	SORT_STATE =
		0,  /* in the order of a connection's life; in each state the longest stay first */
	SORT_DWELL, /* longest first */
	SORT_PID,
	SORT_LOCAL,
	SORT_REMOTE,
	SORT_RECV_Q, /* most first */
	SORT_SEND_Q,
	SORT_NETNS,
	SORT_MAX,
};

const char *listing_sort_name(enum listing_sort sort);

/* By name, "recv_q" and the like, or -EINVAL. */
int listing_sort_by_name(const char *name);

/* What tells how long a socket has been in its state. */
enum stay_by {
	STAY_UNKNOWN = 0, /* nothing that the kernel keeps */
	STAY_TIMER,	  /* exact: when the timer of TIMED_WAIT was set */
	STAY_SYN,	  /* exact: when the SYN went out, or came in */
	STAY_SEGMENT,	  /* at least since the last segment came */
	STAY_FIN,	  /* at least for the timeouts after which the FIN was sent again */
	STAY_MAX,
};

/* "timer", "syn", "last_segment", "fin_timeouts", "unknown". */
const char *stay_by_name(enum stay_by by);

/* A row that is there, with its hash, so that few rows need be looked at to find one. */
struct seen {
	__u32 hash;
	__u32 row; /* + 1, 0: empty */
};

struct listing {
	struct row_sock *row;
	__u32 n, room;
	__u32 *order; /* the rows to show, after listing_choose() */
	__u32 n_order;
	__u32 by[STAY_MAX]; /* of these: how many stays are known in which way */
	struct seen *seen;  /* by hash */
	__u32 mask;
	bool no_memory; /* some rows are not there */
};

/* 0 or -ENOMEM. */
int listing_init(struct listing *l);
void listing_free(struct listing *l);

/*
 * A row of an iterator.  From here on since_ns is the entry into the state, 0
 * where nothing tells it, and ROW_AT_LEAST says whether that is a bound.  Of a
 * socket that was met twice, which iter/tcp can do before Linux 6.16, the first
 * row counts.
 */
void listing_add(struct listing *l, const struct row_sock *row);

/*
 * After the last row: a half-open connection belongs to whom its listener belongs
 * to; then the rows to show are those that f wants, in the order in which they
 * came.  0 or -ENOMEM.
 */
int listing_choose(struct listing *l, const struct filter *f);

/* Whether a row will be chosen, and not be changed, as far as that is known before the last row. */
bool listing_settled(const struct row_sock *r, const struct filter *f);

/* A row that is there by its cookie, shown or not; NULL: none. */
struct row_sock *listing_by_cookie(const struct listing *l, __u64 cookie);

/* Sorts the rows to show.  0 or -ENOMEM. */
int listing_sort(struct listing *l, enum listing_sort sort);

/* The i-th row to show, i < n_order. */
const struct row_sock *listing_row(const struct listing *l, __u32 i);

/* Time in the state, 0 where it is unknown, and where it comes from. */
__u64 row_stay_ns(const struct row_sock *r);
enum stay_by row_stay_by(const struct row_sock *r);

/* Whether the row has an end that its timer sets: TIMED_WAIT and the FIN_WAIT_2 after close(). */
bool row_has_end(const struct row_sock *r);

/* States in the order in which SORT_STATE shows them: rank 0, 1 ... to the state, ST_NONE behind
 * the last. */
unsigned int listing_state_at(unsigned int rank);

struct process_count {
	__u32 pid; /* 0: the sockets that no process holds */
	char comm[COMM_LEN];
	__u32 sockets;
	__u32 by_state[ST_MAX];
};

struct listing_counts {
	__u32 sockets;
	__u32 by_state[ST_MAX];
	__u64 longest_ns[ST_MAX];      /* longest stay that is known */
	bool at_least[ST_MAX];	       /* ... which is a bound */
	struct process_count *process; /* most sockets first */
	__u32 n_processes;
};

/* Counts the rows to show; by process only on demand, which takes longer.  0 or -ENOMEM. */
int listing_count(const struct listing *l, struct listing_counts *c, bool processes);
void listing_counts_free(struct listing_counts *c);

#endif
