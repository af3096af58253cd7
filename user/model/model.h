/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state model.  Whatever is learnt of a socket (a record of the ring
 * buffer, a row of an iterator, live or replayed) goes in here; labelled
 * transitions, dwell times and alerts come out at the sinks.  No clock, no
 * input or output of its own: the times are those of the records.
 */
#ifndef TCPDWELL_MODEL_MODEL_H
#define TCPDWELL_MODEL_MODEL_H

#include <stddef.h>

#include "deadline.h"
#include "event.h"
#include "filter.h"
#include "pressure.h"
#include "rules.h"
#include "table.h"

#define MODEL_SINKS 4

/*
 * Small sockets in FIN_WAIT_2.  Only those that stay there for some time are
 * worth a sweep: in a storm there is always one that is just passing.
 */
struct waits {
	__u32 old, young;
	__u32 round;
	__u64 next_ns; /* when the young become old; while there are some */
};

/* How the small sockets (inet_timewait_sock) are seen. */
enum small_source {
	SMALL_UNSEEN = 0, /* not at all: FIN_WAIT_2 -> CLOSED is all there is */
	SMALL_RECORDS,	  /* records come when they are made, moved and freed */
	SMALL_SWEEPS,	  /* rows of sweeps */
};

/* A queue, oldest first. */
struct ends {
	struct end_wait {
		__u64 cookie;
		__u64 at_ns;
		__u64 due_ns;
	} * wait;
	__u32 head, n, room;
};

#define RECENT_SYNS 8
#define RECENT_ENDS 64
#define GONE_LISTENERS 32
#define REUSE_BITS 14

struct model {
	struct table table;
	struct table hidden; /* listeners that the filter leaves out, and some that are gone */
	__u64 gone[GONE_LISTENERS]; /* cookies of these, the last ones */
	__u32 n_gone;
	struct deadlines deadlines;
	struct rules rules;
	struct filter filter; /* what the kernel side could not decide */
	/* Which connections to tell of, where no kernel side has chosen; NULL: all.  MATCH_LATER:
	 * when its local port is known. */
	enum match (*picks)(const void *ctx, const struct conn *c);
	const void *picks_ctx;
	enum small_source small_source;
	bool alerts;		   /* tell of rules that are passed while a socket stays */
	struct pressure *pressure; /* counts ports; NULL: nobody does */
	bool judging;		   /* in model_set_rules() */
	struct sink *sink[MODEL_SINKS];
	unsigned int n_sinks;
	struct summary sum;
	__u64 count_max;	       /* stop after so many transitions, 0: never */
	__u32 n_small;		       /* connections in small sockets */
	struct waits fin_waits;	       /* ... of them in FIN_WAIT_2 */
	__u32 n_limbo;		       /* ... and those that may be */
	__u32 n_set_aside;	       /* small sockets beside a later connection of their socket */
	__u32 n_half_open;	       /* request sockets, when they are shown */
	__u32 n_swept_half_open;       /* ... of them: whose end only rows will tell */
	bool half_open;		       /* show them */
	bool half_open_swept;	       /* ... by rows alone: no records tell of them */
	__u32 rows_half_open;	       /* new ones that this sweep has brought */
	__u64 unshown;		       /* ... and rows of those over the limit */
	__u64 recent_syn[RECENT_SYNS]; /* cookies of the last sockets that went to SYN_SENT */
	__u32 n_recent_syn;
	__u64 recent_end[RECENT_ENDS]; /* cookies of the last connections that were forgotten */
	__u32 n_recent_end;
	__u64 told_twice; /* steps that both programs on the tracepoint told: see bpf/again.bpf.h */
	__u32 reuse[1 << REUSE_BITS]; /* ending small sockets by ports and peer: slots + 1 */
	struct listeners {
		__u64 *cookie;
		__u32 n, room;
	} listeners;	   /* some are gone: see listener_add() */
	struct ends ends;  /* small sockets whose end waits for what follows it */
	__u64 overflow_ns; /* a full tcp_max_tw_buckets was last seen to refuse one; set by who
			      looks */
	__u64 lost_ns;	   /* when a loss was last told */
	__u64 gap_ns;	   /* when the last of these was noticed: */
	__u64 gap_due_ns;  /* ... and they are to be told; 0: at the next tick this is set */
	__u32 gaps;	   /* steps that are missing without a word, not told yet */
	__u64 overdue_ns;  /* when to look next for small sockets whose end was not told */
	__u64 drained_ns; /* up to here every record was taken; set by who takes them; 0: no records
			   */
	__u64 resync_ns;  /* begin of the resync that goes on */
	bool claims;	/* it goes by the descriptors of all processes too; set by who begins it */
	__u64 start_ns; /* when the kernel side began to tell */
	__u32 by_state[ST_MAX];
	bool started;	/* after model_hello(): before it, rows are sockets from before the start */
	bool unknown;	/* a record spoke of an unknown connection: a resync is due */
	bool no_memory; /* a connection could not be kept */
};

/*
 * A step that is missing is noticed before the loss is told that explains it: a
 * loss has to be told this soon, and before a tick of the same moment.
 */
#define MODEL_LOSS_WAIT_NS 200000000ULL

/* 0 or -ENOMEM.  Set filter, rules, sinks and small_source after it. */
int model_init(struct model *m);
void model_free(struct model *m);

/* -ENOSPC when there are MODEL_SINKS already. */
int model_add_sink(struct model *m, struct sink *s);

/* Whether that is a record of the ring buffer: its kind is known, and it is no shorter than that.
 */
bool is_record(const void *rec, size_t size);

/*
 * A record of the ring buffer, in host order, aligned to 8 bytes.  0, or
 * -EINVAL when it is none (too short, unknown kind, no such state).
 */
int model_record(struct model *m, const void *rec, size_t size);

/*
 * A row of an iterator.  Of a small socket that no record has told of, ask first
 * whether the records are behind: those that are there have to be taken before.
 */
bool model_behind(const struct model *m, const struct row_sock *row);
void model_row(struct model *m, const struct row_sock *row);

/* The local port of one in SYN_SENT, which no record tells while it is there. */
void model_learn_port(struct model *m, const struct conn *c, __u16 lport);

/* Around the rows of all namespaces: what was not met in between is gone. */
void model_resync_begin(struct model *m, __u64 now_ns);
void model_resync_end(struct model *m, __u64 now_ns);

/*
 * Other rules from now on.  An alert goes on where a rule of its name still
 * says so; else it is resolved, and the stay is judged anew.
 */
void model_set_rules(struct model *m, const struct rules *rules, __u64 now_ns);

/* When something is due next, in ns; UINT64_MAX for never. */
__u64 model_due(const struct model *m);

/* Fires what is due.  Everything that happened before now_ns must have been told. */
void model_tick(struct model *m, __u64 now_ns);

/* Fills in the counts of sockets, tells, and then tells of each socket that was there before. */
void model_hello(struct model *m, struct hello *h);
/* count may be 0: nothing that is known of, but small sockets may have changed untold. */
void model_lost(struct model *m, enum lost_cause cause, __u64 count, __u64 now_ns);
/* At the end, before the summary: what waits for a later word on it is told without. */
void model_settle(struct model *m);
void model_summary(struct model *m, __u64 duration_ns);

/* Ends a batch: 0, or the first error of a sink. */
int model_flush(struct model *m);

/* Whether count_max is reached. */
bool model_full(const struct model *m);

#endif
