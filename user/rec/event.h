/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a recording consists of: each thing that the model was told. */
#ifndef TCPDWELL_REC_EVENT_H
#define TCPDWELL_REC_EVENT_H

#include <stdbool.h>

#include "wire.h"

#define REC_TEXT_MAX 512
#define REC_NAME_MAX 64
#define REC_HOST_MAX 65 /* of struct utsname */

/* 0 to REC_OWNER are the kinds of records: see wire.h. */
enum rec_event_kind {
	EV_ROW = 16,
	EV_META,     /* first in each file */
	EV_NETNS,    /* name of a network namespace */
	EV_SNAPSHOT, /* rows of what is known follow, to ... */
	EV_SNAPSHOT_END,
	EV_RESYNC,
	EV_UNMET, /* a connection that the resync did not meet */
	EV_RESYNC_END,
	EV_HELLO,
	EV_LOST,
	EV_TICK,
	EV_SETTLE,
	EV_SUMMARY,
	EV_END, /* of the file; without it the recorder was killed */
	EV_MAX,
};

/* What holds for the whole recording. */
struct rec_meta {
	__s64 mono_to_real_ns;
	__u64 start_ns; /* just before the programs were attached */
	__u64 jiffy_ns;
	__u64 rules; /* fingerprint: with other rules other times are due */
	__u32 n_netns;
	__u8 small_source;	    /* enum small_source */
	__u8 half_open;		    /* 1: shown; 2: ... by rows alone; 0: not */
	char version[REC_NAME_MAX]; /* of the recorder */
	char kernel[REC_NAME_MAX * 2];
	char host[REC_HOST_MAX]; /* its name; "": not known, as of earlier recorders */
	char tier[REC_NAME_MAX];
	char tier_reason[REC_TEXT_MAX]; /* "": none */
	char filter[REC_TEXT_MAX];	/* in words, "": none */
};

struct rec_netns {
	__u32 ino;
	char name[REC_NAME_MAX];
};

/* All other events. */
struct rec_at {
	__u64 now_ns; /* EV_UNMET: when it was met last, or 0 */
	union {
		__u64 drained_ns;  /* EV_RESYNC */
		__u64 overflow_ns; /* EV_RESYNC_END */
		__u64 n_netns;	   /* EV_HELLO */
		__u64 count;	   /* EV_LOST */
		__u64 duration_ns; /* EV_SUMMARY */
		__u64 more;	   /* EV_END: another file follows */
		__u64 cookie;	   /* EV_UNMET */
		__u64 value;
	};
	union {
		__u64 cause;	 /* EV_LOST */
		__u64 half_open; /* EV_SUMMARY */
		__u64 missed;	 /* EV_UNMET: resyncs before */
		__u64 claims;	 /* EV_RESYNC */
		__u64 value2;
	};
};

struct rec_event {
	__u8 kind;
	union {
		struct rec_step step; /* the head of the next three too */
		struct rec_open open;
		struct rec_end end;
		struct rec_open_end open_end;
		struct rec_small small;
		struct rec_request request;
		struct rec_owner owner;
		struct row_sock row;
		struct rec_meta meta;
		struct rec_netns netns;
		struct rec_at at;
	};
};

/*
 * Whether a model may be told of it: all enumerations are in range, and all times
 * so far from the ends of theirs that sums do not overflow.  What a tracer says
 * always is; a file can say anything.
 */
bool rec_event_ok(const struct rec_event *e);

#endif
