/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a test expects of one connection.  Scenarios run first and say what
 * they expect; all is looked at when the tracer has ended, so that a line too
 * many is seen as well as one too few.
 */
#ifndef TEST_EXPECT_H
#define TEST_EXPECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fam.h"
#include "tracer.h"

#define CONN_MAX 32

/* The transitions of one connection, in order. */
struct conn {
	const json_t *line[CONN_MAX];
	int n;
};

struct expect_owner {
	pid_t pid; /* 0: whoever */
	pid_t tid; /* 0: the process's main thread */
	int uid;
	const char *comm; /* NULL: any */
	bool at_last;	  /* only of the last line: it became known on the way */
};

struct expect_dwell {
	const char *state;
	long ms;     /* at least */
	long max_ms; /* at most, 0 for no limit */
};

struct expect {
	const char *name;
	const struct fam *fam; /* its loopback addresses, unless laddr and raddr say others */
	/* Which connection.  rport 0: the listener itself.  nth: of those that match, from 0. */
	uint16_t lport, rport;
	int nth;
	bool absent;	     /* there must be none */
	unsigned long netns; /* 0: the test's, as it is now */

	const char *chain;		   /* "CLOSED>SYN_SEND>ESTABLISHED" */
	const char *open, *close, *reason; /* of the last line, NULL: not looked at */
	const char
		*guess; /* the reason where the tier can't know it, see tiers.h; "this|or that" */
	bool timer_guesses;   /* not only sweeps */
	const char *at_least; /* a state of which only that much is known */
	const char *swept;    /* ... of which sweeps may know no more */
	const char *exact;    /* ... that is known though it began before the tracer */
	int rearms;	      /* of the TIMED_WAIT that ends; -1: not looked at */
	bool reused_by_next;  /* by the connection nth + 1 on its ports */
	const char *proto;    /* NULL: tcp */
	const char *laddr, *raddr;
	struct expect_owner owner;
	struct expect_dwell dwell[5];
	long age_ms, age_max_ms; /* at least, at most; 0: not looked at */
	bool totals;		 /* look at the following */
	int64_t sent, received;
	bool counted; /* look at this, see expect_retransmits() */
	int64_t retransmits;
};

#define EXPECT(...) expect_add(&(struct expect){__VA_ARGS__})

void expect_add(const struct expect *e);
/* What the kernel has counted, once the connection is over. */
void expect_retransmits(uint16_t lport, uint16_t rport, unsigned int n);
/* Waits until all has come (or PATIENCE_MS), ends the tracer, looks at all. */
void expect_finish(struct tracer *t);
/* All that is expected has come; false if it doesn't. */
bool expect_wait(struct tracer *t);
/* Each connection that is to enter this state has; false if one doesn't. */
bool expect_wait_state(struct tracer *t, const char *state);
/* Looks at all, once for each of several tracers: label goes before each name. */
void expect_check(const struct tracer *t, const char *label);
void expect_forget(void);

bool conn_find(const struct tracer *t, const char *proto, uint16_t lport, uint16_t rport, int nth,
	       struct conn *c);
/* "A>B>C"; "A>B!C>D" where it is broken.  Freed by the next call. */
const char *conn_chain(const struct conn *c);
void conn_show(const struct conn *c);

#endif
