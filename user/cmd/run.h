/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loop that every live command stands in: kernel side in, model, sinks out. */
#ifndef TCPDWELL_CMD_RUN_H
#define TCPDWELL_CMD_RUN_H

#include "cmd/options.h"
#include "kern/tracer.h"
#include "model/model.h"
#include "rec/recorder.h"

#define RUN_FDS 8

struct run {
	struct tracer tracer;
	struct model model;
	const struct options *options;
	int signals;		    /* signalfd */
	int stop_signal;	    /* the one that ended it, or 0 */
	void (*resized)(void *ctx); /* see run_on_resize() */
	void *resized_ctx;
	__u64 end_ns;	     /* --duration; UINT64_MAX for never */
	__u64 resynced_ns;   /* when the last rows were read */
	__u64 held_due_ns;   /* when held SYN_SENT sockets are looked for, 0: none came */
	__u64 rows_cost_ns;  /* processor time that they took */
	__u64 rows;	     /* taken so far */
	__u64 losses_ns;     /* when losses were last asked for */
	unsigned int resync; /* something was lost: so many times rows are to be read */
	bool pending;	     /* a held SYN_SENT may wait for a look at it */
	struct run_fd {
		int fd;
		void (*ready)(void *ctx);
		void *ctx;
	} fds[RUN_FDS];
	unsigned int n_fds;
	/* Called as a round begins, before anything is told. */
	void (*begin)(void *ctx);
	/* Called once a round, after its records were taken; gives when it wants to be called
	 * next (CLOCK_MONOTONIC, ns; UINT64_MAX: with the next records). */
	__u64 (*each)(void *ctx, __u64 now_ns);
	void *each_ctx; /* of begin, too */
	__u64 each_due_ns;
	struct recorder *recorder; /* of what the model is told, or NULL; set before run_start() */
	bool looks_up; /* alerts are looked up in the kernel before they are told: no need to wait
			  for the rows after a loss */
	bool stop;     /* set by a hook: end as after SIGINT */
	bool silent;   /* nothing goes to stdout, so that nobody has to read it; set before
			  run_start() */
};

/* Wall clock less monotonic clock, in ns. */
__s64 mono_to_real_ns(void);
__u64 mono_now_ns(void);

/* Loads, attaches, and reads what is there.  Add the sinks to run.model between
 * run_init() and run_start().  0, or an exit status; the message is out. */
int run_init(struct run *r, const struct options *o);
int run_start(struct run *r);

/*
 * The loop calls ready(ctx) when fd has one of `events` (EPOLLIN, ...), level
 * triggered; epoll descriptors of libraries go in here too.  Not for regular
 * files.  0 or -errno (-ENOSPC: RUN_FDS are there).
 */
int run_add_fd(struct run *r, int fd, __u32 events, void (*ready)(void *ctx), void *ctx);
void run_del_fd(struct run *r, int fd);

/* The loop calls resized(ctx) when the terminal has another size.  0 or -errno. */
int run_on_resize(struct run *r, void (*resized)(void *ctx), void *ctx);

/* SIGHUP is somebody else's, and no end.  0 or -errno. */
int run_leave_hup(struct run *r);

/* Until a signal, --duration, --count or a closed output; the summary is told last.  An exit
 * status. */
int run_loop(struct run *r);
void run_free(struct run *r);

#endif
