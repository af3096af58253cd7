/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Small sockets, among the files that follow them: small.c (what a timer says),
 * small_end.c (records), sweep.c (rows), limbo.c (whether there is one), due.c
 * (what is waited for).
 */
#ifndef TCPDWELL_MODEL_SMALL_H
#define TCPDWELL_MODEL_SMALL_H

#include "model/internal.h"

/* TCP_TIMEWAIT_LEN in include/net/tcp.h: not a sysctl, the same since 2.6.12 */
#define TIME_WAIT_NS 60000000000ULL
/* Expiries are told in jiffies, of at most 10 ms: less is no new expiry. */
#define SAME_EXPIRY_NS 20000000ULL
/* Expiries are told in jiffies: where the tick comes late, as in a guest that waits for its CPU,
 * jiffies lag behind the clock and the expiry in a row seems later than it is: no re-arm. */
#define REARM_NS 100000000ULL
/* How often small sockets whose end was not told are looked for. */
#define OVERDUE_EVERY_NS 10000000000ULL

static inline __u64 later_of(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

static inline __u64 apart(__u64 a, __u64 b)
{
	return a > b ? a - b : b - a;
}

/* A small socket's timer, as a record or a row tells of it. */
struct expiry {
	__u64 until_ns;	  /* when it expires */
	__u64 entered_ns; /* when TIMED_WAIT was entered, if it was by this */
	__u32 wheel_us;	  /* see rec_small */
	__u8 substate;
	__u8 via;
};

/* The connection that a small socket belongs to, or NULL: of two by one cookie, by the expiry. */
struct conn *small_conn(const struct model *m, __u64 cookie, __u64 until_ns);
/* c goes on in a small socket from at_ns on, if it does not already. */
void become_small(struct model *m, struct conn *c, __u64 at_ns, enum via via);
/* ... which may be long ago: only now it is known, at at_ns. */
void small_met(struct model *m, struct conn *c, __u64 at_ns, const struct expiry *e);
/* What the timer says: TIMED_WAIT is entered, or set again, or it is as it was. */
void small_timer(struct model *m, struct conn *c, const struct expiry *e);
/* When a TIMED_WAIT that is to last until then was entered; never before the clock's begin. */
__u64 time_wait_began(__u64 until_ns);
/*
 * The same of a row, whose timer a late segment may have set again: then the kernel may still know
 * (Linux 6.14, with time stamps).
 */
__u64 time_wait_entered(const struct row_sock *row);
/* The timer ran out: the end, and that it was by this. */
void small_expired(struct model *m, struct conn *c, __u64 at_ns, enum via via);
/* Why one ended whose timer was stopped. */
enum reason early_reason(const struct conn *c);
/* There is no small socket: the big one's end, as it was. */
void limbo_over(struct model *m, struct conn *c);

#endif
