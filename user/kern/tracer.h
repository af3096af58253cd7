/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel side, loaded and attached. */
#ifndef TCPDWELL_KERN_TRACER_H
#define TCPDWELL_KERN_TRACER_H

#include <stdbool.h>

#include "config.h"
#include "kern/features.h"
#include "kern/ring.h"

struct tcpdwell_bpf;
struct bpf_link;

#define TRACER_LINKS 16
#define BUFFER_SIZE_DEFAULT (4 << 20)

struct tracer_options {
	struct filter filter;
	enum tier tier;	   /* TIER_AUTO: the best that loads */
	__u32 buffer_size; /* bytes; rounded up to a power of two of pages */
	bool half_open;	   /* stream the request sockets too */
	bool no_stream;	   /* iterators alone: no record is ever sent */
};

struct tracer {
	struct tcpdwell_bpf *skel;
	struct bpf_link *link[TRACER_LINKS];
	unsigned int n_links;
	struct bpf_link *claim_link; /* of the iterators */
	struct bpf_link *list_link;
	struct ring ring;
	int epoll;
	int home_netns;	      /* where this process belongs */
	__u64 overflows;      /* small sockets refused by tcp_max_tw_buckets, as of the last
				 tracer_rows() */
	unsigned int n_netns; /* read by the last tracer_rows() */
	__u32 unmet;	      /* ... and a bit for each of the filter's that was not there */
	enum tier tier;
	char tier_reason[128]; /* why it is not a better one; "" when it is the best */
	bool own_ids;	       /* no cookies here: what stands in for them is made by the tracer */
	__u64 start_ns;	       /* from then on every step is told: all programs are attached */
	__u64 lost_told[LOST_NCAUSES];
	__u64 told_twice; /* set by the caller: steps of the second program that the first had told
			   */
	__u64 held_seen;
	__u64 unseen; /* calls of other programs that the kernel skipped */
};

/*
 * Loads and attaches.  0; -EPERM not allowed, -EOPNOTSUPP not supported by this
 * kernel, -ENOMEM and others as the kernel gave them.  A sentence on what is
 * wrong, and what to do, went to stderr.
 */
int tracer_open(struct tracer *t, const struct tracer_options *o);
void tracer_close(struct tracer *t);

/* That sentence, for an error of libbpf's or the kernel's (< 0); gives what tracer_open() gives. */
int tracer_explain(int err);

/* Sockets could not be read (err < 0): what it takes to enter a network namespace may be missing
 * where loading was allowed. */
void tracer_explain_rows(int err);

/* Length of a jiffy, in ns. */
__u64 kernel_jiffy_ns(void);

/*
 * Each record says who and where (as it does from the start on), or only the
 * first of a connection, which is enough for who knows all sockets.  The kernel
 * side asks for it itself when it loses a record.
 */
void tracer_repeat_ident(struct tracer *t, bool repeat);

/* Hands the records that are there to fn.  Their number, or fn's error. */
long tracer_drain(struct tracer *t, ring_fn fn, void *ctx, long max);

/* ... and those that are being written: all that happened before this call.  See ring_catch_up().
 */
int tracer_catch_up(struct tracer *t, ring_fn fn, void *ctx);

/*
 * Rests until there is something to drain, at most timeout_ms (-1: no limit).
 * busy: the last drain gave something, so that the kernel side may collect a
 * batch first.  A descriptor that the caller added to the epoll set
 * (tracer.epoll) ends the wait too, and is then what this gives; else -1.
 */
int tracer_wait(struct tracer *t, bool busy, int timeout_ms);

/*
 * Whether programs beside the transitions' (timers, resets) were skipped since
 * this was last asked, since they were running already on their CPU: nothing
 * need be lost, but a small socket may have gone untold, and rows tell which.
 */
bool tracer_unseen(struct tracer *t);

/* Records lost by a cause since this was last asked. */
__u64 tracer_lost(struct tracer *t, enum lost_cause cause);

/* Half-open connections, since the start. */
struct req_counts {
	__u64 born;    /* SYNs that were answered */
	__u64 done;    /* ... that became a connection */
	__u64 unshown; /* records that the limit of the stream held back */
};

struct req_counts tracer_requests(struct tracer *t);

/*
 * Whether a local port filter held SYN_SENT sockets back since this was last asked.
 * If not, the next one ends tracer_wait().
 */
bool tracer_held(struct tracer *t);

/*
 * Whether one is still held that has had its port for long (now_ns: monotonic), so
 * that tracer_rows() lets it go.  Others were told a moment later, with the answer.
 */
bool tracer_holds(struct tracer *t, __u64 now_ns);

/*
 * Every TCP socket of every network namespace that the filter wants, handed to fn as a row; with
 * claim, first finds who holds each.  0 or -errno.
 */
typedef void (*row_fn)(void *ctx, const struct row_sock *row);
int tracer_rows(struct tracer *t, bool claim, row_fn fn, void *ctx);

/* The same of some network namespaces only, without the claim and without counting anything. */
struct netns_set;
int tracer_rows_of(struct tracer *t, const struct netns_set *only, row_fn fn, void *ctx);

/* One run of an iterator, by its link's descriptor, in the namespace of the caller, whose inode the
 * rows get. */
int iter_rows(int link_fd, __u32 netns, row_fn fn, void *ctx);

#endif
