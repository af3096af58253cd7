/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the model tells, and to whom: every output (text, JSON, metrics, a
 * recording, a screen) is a sink.  All times are CLOCK_MONOTONIC in ns.
 */
#ifndef TCPDWELL_MODEL_EVENT_H
#define TCPDWELL_MODEL_EVENT_H

#include <stdbool.h>
#include "states.h"
#include "wire.h"

/* Why a connection, or a TIMED_WAIT, ended. */
enum reason {
	REASON_NONE = 0,
	REASON_FIN,
	REASON_RESET_RECEIVED,
	REASON_RESET_SENT,
	REASON_TIMEOUT,
	REASON_REFUSED,
	REASON_UNREACHABLE,
	REASON_ABORTED,
	REASON_TIME_WAIT_OVERFLOW,
	REASON_EXPIRED,
	REASON_REUSED,
	REASON_KILLED,
	REASON_UNKNOWN, /* its end was lost */
	REASON_MAX,
};

/* One TCP socket, as far as it is known. */
struct conn {
	__u64 cookie;
	__u64 since_ns; /* entry into `state` */
	struct sock_ident ident;
	struct sock_end end; /* of a small socket: what the big one left */
	__u64 until_ns;	     /* small: when its timer expires */
	__u64 fires_ns;	     /* small: ... and the kernel looks at it, 0 unknown */
	__u64 reused_by;     /* ending: cookie of the connection that took its place */
	__u64 ended_ns;	     /* in_limbo, ending: when that was */
	__u64 seen_ns;	     /* last met by an iterator */
	__u32 deadline_slot; /* see deadline.c; 0: none */
	__u32 slot;	     /* see table.c */
	union {
		__u32 next_free;  /* while not `used` */
		__u32 wait_round; /* see struct waits */
	};
	__u32 reuse_next;   /* see small_reuse() */
	__u32 rearms;	    /* of TIMED_WAIT */
	__u32 port_service; /* see pressure.h; 0: its port does not count */
	__u16 reuse_chain;
	__u8 state;
	__u8 roles;
	__u8 missed;	       /* sweeps that did not meet it */
	__u8 end_what;	       /* ending: enum small_what */
	__u8 end_via;	       /* small: enum via of the last record */
	__u8 level;	       /* alerts fired for this stay: 0, or 1 + the rule's step */
	__u8 rule;	       /* of the next deadline */
	__u8 fired;	       /* the rule that fired last, while level */
	__u8 limbo_from;       /* in_limbo: the state it was in */
	__u8 limbo_flags;      /* in_limbo: step_flag of its end */
	bool at_least : 1;     /* the stay began before since_ns */
	bool before : 1;       /* it was there before the tracer */
	bool small : 1;	       /* lives in an inet_timewait_sock */
	bool in_limbo : 1;     /* its end was seen; whether a small socket goes on is open */
	bool ending : 1;       /* small: its timer was stopped; whether it is set again is open */
	bool moved : 1;	       /* ending: into TIMED_WAIT, if its timer is not set again */
	bool half_open : 1;    /* a request_sock: it has no cookie of its own: made up */
	bool set_aside : 1;    /* its socket has a later connection: see small_set_aside() */
	bool reuse_linked : 1; /* see small_reuse() */
	bool streamed : 1;     /* each of its steps is told */
	bool used : 1;	       /* see table.c */
	bool untold : 1;       /* its SYN_SENT waits for its local port: see model.picks */
};

/* What is kept for each socket of the host: 256 bytes with its share of the index, and room. */
_Static_assert(sizeof(struct conn) <= 232, "memory");

struct rule;

struct transition {
	const struct conn *conn;
	__u64 mono_ns;
	__u64 dwell_ns;		    /* in `from` */
	const struct sock_end *end; /* at the end of a connection, else NULL */
	const struct rule *over;    /* the rule whose threshold the stay passed, or NULL */
	__u8 from;
	__u8 to;
	__u8 via;	 /* enum via */
	__u8 reason;	 /* enum reason */
	bool at_least;	 /* dwell_ns is a lower bound */
	bool first;	 /* the connection begins: there was no stay in `from` */
	__u32 rearms;	 /* of the TIMED_WAIT that ends */
	__u64 reused_by; /* cookie, at REASON_REUSED where known */
};

enum alert_status {
	ALERT_FIRING = 0,
	ALERT_RESOLVED,
};

/* What kind of stuck a socket is: see diagnosis.h. */
enum diagnosis {
	DIAG_NONE = 0,
	DIAG_EOF_UNREAD,	  /* the end of file waits: the program is not reading */
	DIAG_EOF_READ_NOT_CLOSED, /* read, and never closed: the classic leak */
	DIAG_DATA_UNREAD,	  /* unread data waits too */
	DIAG_HALF_CLOSE_IN_USE,	  /* still sending: a legitimate half-close */
	DIAG_NO_HOLDER,		  /* no process has it: the kernel holds it */
	DIAG_KEPT_BY_OTHER,	  /* closed by the process that opened it, kept by another */
	DIAG_IN_FLIGHT,		  /* its file is in use, but is no process's descriptor */
	DIAG_NOT_ACCEPTED,	  /* in its listener's queue: the program does not accept */
	DIAG_PEER_NOT_CLOSING,	  /* this side has closed, the peer has not */
	DIAG_FIN_NOT_ACKED,	  /* this side's FIN, or data before it, is not acknowledged */
	DIAG_NO_ANSWER,		  /* nothing answers the SYN */
	DIAG_MAX,
};

/* A descriptor of a process. */
struct holder {
	__u32 pid; /* thread group, in the initial pid namespace */
	__u32 tid; /* pid, unless HOLDER_OWN_TABLE */
	__u32 fd;
	char comm[COMM_LEN]; /* of the thread */
	__u32 ppid;
	__u32 uid;
	__u8 flags;	     /* enum holder_flag */
	__u64 cgroup;	     /* cgroup v2 id of the process, 0 unknown */
	__u64 start_ns;	     /* of the process, CLOCK_BOOTTIME, 0 unknown */
	const char *cmdline; /* arguments with blanks between, any bytes; NULL unknown */
};

#define RULE_NAME_LEN 48

/* What alerts have in common that people want to read of once. */
struct group_key {
	char rule[RULE_NAME_LEN];
	char comm[COMM_LEN];
	__u64 cgroup; /* where no process is known */
	__u32 pid;
	__u32 netns;
	__u16 port; /* of the service: the local one of what was accepted, else the remote one */
	__u8 state;
	__u8 diagnosis;
	__u8 open; /* enum sock_role */
	__u8 pad[3];
};

struct alert_group {
	struct group_key key;
	__u32 id;
	__u32 count;	      /* sockets that are stuck now */
	__u32 grave;	      /* ... of them past the graver threshold */
	__u32 total;	      /* all that were */
	__s32 growth_per_min; /* of count, over the last minute */
	__u64 oldest_ns;      /* dwell of the oldest */
	__u64 longest_ns;     /* the longest stay that has ended */
	__u64 opened_ns;
};

enum group_news {
	GROUP_OPENED = 0,
	GROUP_CHANGED,
	GROUP_GRAVE, /* the first one is past the graver threshold */
	GROUP_OVER,
};

/* Local ports (towards one service), or places in TIMED_WAIT, that run out. */
struct pressure_news {
	__u64 mono_ns;
	__u8 laddr[16];
	__u8 raddr[16];
	__u32 netns;
	__u16 rport;
	bool time_wait; /* tcp_max_tw_buckets: no addresses */
	bool over;	/* not under pressure any more */
	__u32 used;
	__u32 usable;
	__s64 growth_per_s;
	__u64 exhausted_in_ns; /* at that rate; 0: not in sight */
};

/* A socket that a rule had closed. */
struct kill_news {
	const struct conn *conn;
	const struct rule *rule;
	__u64 mono_ns;
	__u64 dwell_ns;
	int err; /* 0 or -errno */
	bool dry_run;
};

struct alert {
	const struct conn *conn;
	const struct rule *rule;
	__u64 mono_ns;
	__u64 dwell_ns;
	const struct holder *holders;
	const struct alert_group *group; /* as it is with this alert, or NULL */
	__u32 n_holders;
	__u8 status;	/* enum alert_status */
	__u8 diagnosis; /* enum diagnosis */
	__u8 state;
	bool at_least;
	bool by_rules; /* resolved: the rules have changed, not the state */
};

struct hello {
	const char *version;
	const char *kernel;	 /* release */
	const char *tier;	 /* fentry, timer, sweep, none */
	const char *tier_reason; /* why not a better one, or NULL */
	const char *filter;	 /* in words, or NULL for everything */
	__u64 mono_ns;
	__u32 sockets[ST_MAX]; /* there at the start, by state */
	__u32 n_netns;
	bool alerts_only; /* no transition will be told */
	bool own_ids;	  /* sockets' ids are not the kernel's cookies, which it does not tell */
};

struct summary {
	__u64 transitions; /* told */
	__u64 lost[LOST_NCAUSES];
	__u64 duration_ns;
	__u64 half_open; /* handshakes that never completed */
	__u64 alerts;
	bool half_open_unseen; /* nobody counted these */
};

struct sink;

/* Each may be NULL.  Pointers in what is told hold until the call returns. */
struct sink_ops {
	void (*hello)(struct sink *s, const struct hello *h);
	void (*socket)(struct sink *s, const struct conn *c, __u64 mono_ns);
	void (*transition)(struct sink *s, const struct transition *t);
	void (*alert)(struct sink *s, const struct alert *a);
	void (*group)(struct sink *s, const struct alert_group *g, enum group_news news,
		      __u64 mono_ns);
	void (*pressure)(struct sink *s, const struct pressure_news *n);
	void (*killed)(struct sink *s, const struct kill_news *k);
	void (*lost)(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns);
	void (*summary)(struct sink *s, const struct summary *sum);
	/* The wall clock was set: CLOCK_REALTIME - CLOCK_MONOTONIC from now on, in ns. */
	void (*clock)(struct sink *s, __s64 mono_to_real_ns);
	/* After each batch: 0, or -errno (-EPIPE: the reader of the output went away). */
	int (*flush)(struct sink *s);
	void (*free)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
};

#endif
