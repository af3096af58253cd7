/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a report tells, gathered while the model runs: a sink that prints
 * nothing.  Its memory is bounded, whatever it is told: dwell times go into
 * histograms, processes and peers into tables that give up their smallest rows,
 * the timeline into columns that grow wider.
 */
#ifndef TCPDWELL_MODEL_REPORT_H
#define TCPDWELL_MODEL_REPORT_H

#include "model/dwells.h"
#include "model/event.h"
#include "model/pressure.h"
#include "model/topn.h"

#define REPORT_COLUMNS 600
#define REPORT_STUCK 512
#define REPORT_HOLDERS 4
#define REPORT_PORTS 32
#define REPORT_TEXT 512

/* The sockets of one moment of the column, that with most of them. */
struct report_column {
	__u32 by_state[ST_MAX];
	__u32 total;
	__u64 transitions;
	__u64 failed;
};

struct timeline {
	struct report_column column[REPORT_COLUMNS];
	__u64 begin_ns;
	__u64 width_ns; /* of a column */
	__u32 n;	/* columns in use */
};

/* A socket that was longer in its state than its rule allows. */
struct report_stuck {
	__u64 cookie;
	__u64 since_ns;
	__u64 dwell_ns; /* when it left the state, or at the end of the report */
	__u64 threshold_ns;
	struct sock_ident ident;
	struct holder holder[REPORT_HOLDERS]; /* without their command lines */
	__u32 n_holders;		      /* there were; may be more than are here */
	__u8 state;
	__u8 roles;
	__u8 diagnosis;
	bool at_least;
	bool over; /* it left the state */
	char rule[RULE_NAME_LEN];
};

/* The most local ports that were seen taken towards a service. */
struct report_port {
	__u8 laddr[16];
	__u8 raddr[16];
	__u32 netns;
	__u16 rport;
	__u32 peak;
	__u32 usable;
	bool limits_known; /* else `usable` is what the kernel begins with */
};

struct report {
	struct sink sink;
	/* Set by the caller, before anything is told; each may be NULL. */
	const __u32 *by_state; /* the model's, or what recount() brings up to date */
	/* Where a filter chooses of the model's sockets: called for each new column. */
	void (*recount)(void *ctx);
	void *recount_ctx;
	const struct pressure *pressure; /* the model's */

	char version[64], kernel[128], tier[32];
	char tier_reason[REPORT_TEXT], filter[REPORT_TEXT];
	__u32 n_netns;
	__u64 begin_ns, end_ns;
	__u32 at_begin[ST_MAX], at_end[ST_MAX], peak[ST_MAX];
	struct summary sum;
	bool summed_up;

	struct dwells dwell[ST_MAX][ST_MAX]; /* exact stays in `from` that ended in `to` */
	__u64 count[ST_MAX][ST_MAX];	     /* all transitions */
	__u64 bounds[ST_MAX];		     /* stays of which a lower bound is known */
	__u64 ends[REASON_MAX][ST_MAX];	     /* by reason, and the state before */
	__u64 transitions, connections, failed;
	__u64 lost[LOST_NCAUSES];

	struct topn processes, peers, failures, stuck_by;
	struct timeline time;
	struct report_stuck stuck[REPORT_STUCK];
	__u32 n_stuck;
	__u64 stuck_total; /* stays, those that are not among these too */
	struct report_port port[REPORT_PORTS];
	__u32 n_ports;
};

/* NULL: no memory.  It is a sink: the model frees it. */
struct report *report_new(void);

/*
 * Before report_close(), of each connection that is still there: what it moved
 * is told at its end, a minute after the last byte where TIMED_WAIT goes before it.
 */
void report_waiting(struct report *r, const struct conn *c);

/* Puts everything in its order, once, after the last event; end_ns: of the time it is about. */
void report_close(struct report *r, __u64 end_ns);

/* All exact stays in a state. */
void report_state_dwells(const struct report *r, unsigned int state, struct dwells *d);

/* Transitions out of a state; without the begin of connections from CLOSED. */
__u64 report_state_left(const struct report *r, unsigned int state);

/* Whether a connection that ends so has failed; TIMED_WAIT is after its end. */
bool report_is_failure(enum reason reason, unsigned int from);

/* The timeline goes on to now_ns, if it does not have that column; by_state (ST_MAX, or NULL) is
 * how it is then. */
void timeline_begin(struct timeline *t, __u64 now_ns);
bool timeline_has(const struct timeline *t, __u64 now_ns);
struct report_column *timeline_at(struct timeline *t, __u64 now_ns, const __u32 *by_state);

/*
 * A step that may be told late, as many of small sockets are: in the columns
 * since then the socket was counted in `from` (ST_NONE: in no state).
 */
void timeline_step(struct timeline *t, __u64 at_ns, unsigned int from, unsigned int to);

#endif
