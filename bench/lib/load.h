/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A storm, run by its program. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>

#include "proc.h"

struct scenario {
	const char *key, *title;
	const char *args[6]; /* of the storm */
	unsigned int threads;
	bool rst;
	unsigned int held;   /* connections that stay open all the time */
	const char *program; /* NULL: storm */
	bool loose;	     /* what it makes is not known to a line: some are cut off at its end */
};

extern const struct scenario scenarios[];
extern const unsigned int n_scenarios;

struct load {
	struct proc proc;
	unsigned long connections, transitions;
	double rate;	   /* connections a second */
	double quiet_rate; /* ... where nothing disturbed */
};

/* The first listener's port: of this run, so that another run's lines are not taken for ours. */
unsigned int load_port(void);

/* Opens those that stay open, if any: none of them is part of what is counted. */
int load_hold(struct load *l, const struct scenario *s);

/* Makes the namespace and the listeners.  0 or -errno. */
int load_open(struct load *l, const struct scenario *s, unsigned long connections);
/* The storm itself. */
int load_run(struct load *l);
/* Its namespace goes, and with it the sockets in TIMED_WAIT. */
void load_close(struct load *l);

#endif
