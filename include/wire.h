/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side sends: records of the ring buffer (rec_*), rows of the
 * iterators (row_*).  Everything is in host order; addresses are 16 bytes in
 * network order, IPv4 as ::ffff:a.b.c.d, so that one comparison serves both.
 * Times are CLOCK_MONOTONIC in ns.
 */
#ifndef TCPDWELL_WIRE_H
#define TCPDWELL_WIRE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define COMM_LEN 16

/*
 * Socket cookies are counters (net/core/sock_diag.c), far below this.  A bit
 * above it tells apart what has the same cookie: the sockets that an MPTCP
 * listener accepts keep the listener's (sk_clone() copies it).
 */
#define COOKIE_MASK ((1ULL << 40) - 1)

/* Of an id that stands in for a cookie where the kernel gives none: see bpf/store.bpf.h. */
#define OWN_ID (1ULL << 39)

/* rec_step.kind: what follows the step */
enum rec_kind {
	REC_STEP = 0,
	REC_OPEN = 1,	  /* + sock_ident */
	REC_END = 2,	  /* + sock_end */
	REC_OPEN_END = 3, /* + sock_ident + sock_end */
	REC_SMALL = 4,	  /* rec_small: an inet_timewait_sock */
	REC_REQUEST = 5,  /* rec_request: a request_sock */
	REC_OWNER = 6,	  /* rec_owner: a better owner is known */
};

/* sock roles, 2 bits for who opened, 2 for who closed */
enum sock_role {
	ROLE_UNKNOWN = 0,
	ROLE_ACTIVE = 1,
	ROLE_PASSIVE = 2,
	ROLE_SIMULTANEOUS = 3,
};

#define ROLES(open, close) ((open) | (close) << 2)
#define ROLE_OPEN(roles) ((roles)&3)
#define ROLE_CLOSE(roles) ((roles) >> 2 & 3)

/* rec_step.flags */
enum step_flag {
	STEP_AT_LEAST = 1, /* the stay began before it was seen: dwell is a lower bound */
	STEP_FIRST = 2,	   /* the connection begins here: no stay before it */
	STEP_RST_IN = 4,   /* a RST arrived for this socket */
	STEP_RST_OUT = 8,  /* a RST left for this socket */
	STEP_HELD = 16,	   /* the step into `from` was not told: it came dwell_ns before this one */
	STEP_STREAM = 32,  /* every step of the socket is told: those before say roles and dwell */
	STEP_UNSHOWN = 64, /* a listener that the filter leaves out: its children need its owner */
	STEP_AGAIN =
		128, /* by the second program: may have been told already, see bpf/again.bpf.h */
};

/* how a transition became known */
enum via {
	VIA_TRACEPOINT = 0,
	VIA_FENTRY,
	VIA_TIMER,
	VIA_SWEEP,
	VIA_MAX,
};

/* One transition; the smallest record, and the head of the larger ones. */
struct rec_step {
	__u8 kind;
	__u8 from;
	__u8 to;
	__u8 flags;
	__u16 lport; /* 0 in CLOSE -> SYN_SENT, unless the socket was bound */
	__u8 roles;
	__u8 pad;
	__u64 cookie;
	__u64 mono_ns;
	__u64 dwell_ns; /* in `from` */
};

/* How an owner became known; larger is better. */
enum owner_how {
	OWNER_UNKNOWN = 0,
	OWNER_LISTENER,	  /* accepted: the listener's owner */
	OWNER_DESCRIPTOR, /* was there before: a process that holds it */
	OWNER_ACCEPT,	  /* the task that called accept() */
	OWNER_OPEN,	  /* the task that called connect() or listen() */
};

struct sock_owner {
	__u32 pid; /* thread group, in the initial pid namespace */
	__u32 tid;
	__u32 uid;
	__u8 how;
	__u8 pad[3];
	union {
		/* any bytes but NUL: chosen by the user; compared as two words */
		char comm[COMM_LEN] __attribute__((aligned(8)));
		__u64 listener; /* OWNER_UNKNOWN: cookie of the listener that accepted it, or 0 */
	};
};

/* What does not change while a connection lives. */
struct sock_ident {
	__u8 laddr[16];
	__u8 raddr[16];
	__u16 lport;
	__u16 rport;
	__u32 netns; /* inode */
	__u8 family; /* 4 or 6 */
	__u8 mptcp;  /* an MPTCP socket, not one of its subflows */
	__u16 pad;
	__u32 pad2;
	__u64 cgroup;  /* cgroup v2 id of the socket, 0 unknown */
	__u64 born_ns; /* start of the connection, 0 unknown */
	struct sock_owner owner;
};

/* sock_end.facts */
enum end_fact {
	END_LINGER2_OFF = 1, /* TCP_LINGER2 < 0 */
	END_REPAIR = 2,	     /* TCP_REPAIR: closed silently */
	END_NO_TCP = 4,	     /* MPTCP: no byte counts here */
	END_UNREAD = 8,	     /* receive queue not read to its end */
	END_UNSENT = 32,     /* data waited to be sent */
	END_NO_READER = 64,  /* its process had closed it, or shut it down for reading */
	END_UNACKED = 16,    /* our FIN, or data before it, was not acknowledged */
	END_FIN_IN = 128,    /* a FIN was received */
};

struct sock_end {
	__u64 bytes_sent;     /* payload, each byte once */
	__u64 bytes_received; /* payload */
	__u64 age_ns;	      /* since the connection began, 0 unknown */
	__u32 retransmits;    /* segments */
	__u32 srtt_us;
	__u16 sk_err; /* errno */
	__u8 facts;
	__u8 pad[5];
};

struct rec_owner {
	__u8 kind; /* REC_OWNER */
	__u8 pad[7];
	__u64 cookie;
	struct sock_owner owner;
};

struct rec_open {
	struct rec_step step;
	struct sock_ident ident;
};

struct rec_end {
	struct rec_step step;
	struct sock_end end;
};

struct rec_open_end {
	struct rec_step step;
	struct sock_ident ident;
	struct sock_end end;
};

/* rec_small.what */
enum small_what {
	SMALL_BORN = 1, /* ... or its timer was set again: see substate */
	SMALL_STOPPED,	/* its timer was stopped: to be set again, or it ends before its time */
	SMALL_EXPIRED,
	SMALL_RESET_IN,	 /* that end was by a RST, if the timer was stopped at all */
	SMALL_RESET_OUT, /* a stop will follow: this side answers with a RST */
	SMALL_CLOSE_RST, /* no small socket: this side sent a RST after its socket's CLOSE */
	SMALL_REUSED,	 /* a stop will follow: a new SYN takes its place */
	SMALL_PURGED,	 /* stopped, since its network namespace is removed */
	SMALL_ABORTED,	 /* stopped by SOCK_DESTROY */
	SMALL_NWHATS,
};

/* An inet_timewait_sock; who and where is known by its cookie, the big socket's. */
struct rec_small {
	__u8 kind; /* REC_SMALL */
	__u8 what;
	__u8 substate; /* ST_FIN_WAIT2 or ST_TIME_WAIT */
	__u8 via;
	__u32 wheel_us; /* ... and as late as this is when the kernel looks at it; 0: not known */
	__u64 cookie;
	__u64 mono_ns;
	__s64 left_ns; /* until its timer expires, below 0: since; a jiffy's precision */
};

/* rec_request.what */
enum request_what {
	REQUEST_STARTED = 1, /* the SYN came, or its SYN-ACK was sent again */
	REQUEST_STOPPED,     /* reset, or dropped: not by an ACK */
	REQUEST_EXPIRED,     /* its SYN-ACK is sent again, or it is given up: by what follows */
	REQUEST_REFUSED,     /* stopped: this side answers with a RST */
	REQUEST_ABANDONED,   /* expired without a listener, or stopped by SOCK_DESTROY */
	REQUEST_NWHATS,
};

/* A request_sock: a SYN_RECEIVED that has no socket of its own yet. */
struct rec_request {
	__u8 kind; /* REC_REQUEST */
	__u8 what;
	__u8 family;
	__u8 retransmits;
	__u32 netns;
	__u64 mono_ns;
	__u8 laddr[16];
	__u8 raddr[16];
	__u16 lport;
	__u16 rport;
	__u32 pad;
};

/* What an iterator tells of a socket, whatever its kind. */
enum row_kind {
	ROW_FULL = 1,
	ROW_SMALL,   /* inet_timewait_sock */
	ROW_REQUEST, /* request_sock */
};

enum row_flag {
	ROW_BEFORE = 1,	   /* it was there before the tracer */
	ROW_AT_LEAST = 2,  /* since_ns is a lower bound of the stay */
	ROW_ORPHAN = 4,	   /* no descriptor: SOCK_DEAD */
	ROW_FIN_IN = 8,	   /* a FIN was received */
	ROW_SHUT_WR = 16,  /* this side has sent, or will send, its FIN */
	ROW_FILTERED = 32, /* the tracer's filter leaves it out */
	ROW_QUEUED = 64,   /* in its listener's queue: not accepted, so no descriptor */
	ROW_NO_FILE = 128, /* made by the kernel for itself: never had a descriptor */
};

struct row_sock {
	__u8 kind;
	__u8 state; /* of a small socket: its substate */
	__u8 roles;
	__u8 flags;
	__u32 ino; /* of the socket's descriptor, 0 if it has none; unique on the host at a time */
	__u64 cookie;
	__u64 mono_ns;	  /* when the row was made */
	__u64 since_ns;	  /* entry into the state; of TIMED_WAIT 0 where the timer tells it alone */
	__s64 left_ns;	  /* small, request: until its timer expires */
	__u64 last_rx_ns; /* age of the last segment received, 0 unknown */
	__u64 last_tx_ns; /* age of the last payload sent, 0: none was */
	__u32 recv_q;	  /* bytes; of a listener: connections to accept */
	__u32 send_q;	  /* bytes; of a listener: its backlog */
	__u32 unread;	  /* rcv_nxt - copied_seq: see DESIGN, CLOSE_WAIT */
	__u32 retransmits;
	union {
		__u64 bytes_sent;
		__u64 listener; /* request: its listener's cookie, 0 unknown */
		__u64 wheel_us; /* small: as in rec_small */
	};
	__u64 bytes_received;
	__u32 srtt_us;
	__u32 uid; /* of the socket, known for each */
	struct sock_ident ident;
};

/* A descriptor of a socket: what a row lacks to know its owner. */
struct row_claim {
	__u32 ino; /* as in row_sock */
	__u32 pid;
	__u32 tid;
	__u32 uid;
	char comm[COMM_LEN];
};

enum holder_flag {
	HOLDER_OWN_TABLE = 1,	  /* a thread with a descriptor table of its own */
	HOLDER_OPENED = 2,	  /* the file was opened (accepted) by this process */
	HOLDER_PARENT_OPENED = 4, /* ... by its parent */
	HOLDER_INHERITED = 8,	  /* its parent holds the socket too, or opened it */
};

/* A descriptor of a socket that is looked for: see bpf/holders.bpf.c. */
struct row_holder {
	__u64 cookie;
	__u64 table;	/* tells descriptor tables apart */
	__u64 cgroup;	/* cgroup v2 id of the process, 0 unknown */
	__u64 start_ns; /* of the process, CLOCK_BOOTTIME */
	__u32 pid;
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	__u32 fd;
	__u8 flags; /* enum holder_flag, but for HOLDER_INHERITED */
	__u8 pad[3];
	char comm[COMM_LEN];
};

/* Why an event was lost. */
enum lost_cause {
	LOST_RING_FULL = 0, /* the reader was too slow */
	LOST_STORAGE,	    /* no memory for a socket's state */
	LOST_INTERRUPTED,   /* the program was running on that CPU already: the kernel skipped it */
	LOST_NOT_SHOWN,	    /* no program was run for it, and nobody counted that */
	LOST_NCAUSES,
};

/* wake_mode, written by the reader: see bpf/emit.bpf.h */
enum wake_mode {
	WAKE_NEVER = 0, /* the reader is awake */
	WAKE_QUARTER,	/* the reader naps: wake it when a quarter is full */
	WAKE_ANY,	/* the reader sleeps: wake it for the first record */
};

_Static_assert(sizeof(struct rec_step) == 32, "wire");
_Static_assert(sizeof(struct sock_owner) == 32, "wire");
_Static_assert(sizeof(struct sock_ident) == 96, "wire");
_Static_assert(sizeof(struct sock_end) == 40, "wire");
_Static_assert(sizeof(struct rec_owner) == 48, "wire");
_Static_assert(sizeof(struct rec_small) == 32, "wire");
_Static_assert(sizeof(struct rec_request) == 56, "wire");
_Static_assert(sizeof(struct row_sock) == 192, "wire");
_Static_assert(sizeof(struct row_claim) == 32, "wire");
_Static_assert(sizeof(struct row_holder) == 72, "wire");

#endif
