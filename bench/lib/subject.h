/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is measured: our tracer in its ways of running, the floor, and the peers. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include <stdbool.h>

#define SUBJECT_ARGS 12

enum subject_id {
	SUBJECT_NONE, /* no tracer: shows how much is noise */
	SUBJECT_FLOOR,
	SUBJECT_HOOKS,	/* empty programs wherever ours are: the floor of the timer tier */
	SUBJECT_RECORD, /* ... and the time of each transition in a ring buffer */
	SUBJECT_JSON,
	SUBJECT_TEXT,
	SUBJECT_SWEEP,
	SUBJECT_DROP_PORT,
	SUBJECT_DROP_OWNER,
	SUBJECT_HIST,
	SUBJECT_WATCH,
	SUBJECT_TCPSTATES,
	SUBJECT_BPFTRACE,
	SUBJECT_TCPLIFE,
	SUBJECTS,
};

/* Which lines are prints of the storm's transitions, and where losses are told. */
enum subject_lines {
	LINES_NONE,
	LINES_DWELL,
	LINES_DWELL_JSON,
	LINES_PEER,
};

struct subject {
	const char *key;		/* in JSON and for --only */
	const char *title;		/* in the table */
	const char *argv[SUBJECT_ARGS]; /* argv[0] is looked up by subject_find() */
	enum subject_lines lines;
	/* what is printed of a connection that ends by FIN and by RST, and of a listener */
	unsigned int per_fin, per_rst, per_listener;
	int quiet_ms;  /* after so long without work it is done */
	bool restless; /* works on: after so long it is left alone */
	bool quiet;    /* prints no transitions, so that none can be missing */
};

extern const struct subject subjects[SUBJECTS];

/* Whether there is a process to measure. */
static inline bool subject_is_real(const struct subject *s)
{
	return s->argv[0] != NULL;
}

/* argv with the program's path in place; NULL, and why, when there is none. */
const char *const *subject_find(const struct subject *s, const char **why);

/* A program built beside this one ("storm"). */
const char *beside(const char *name);

#endif
