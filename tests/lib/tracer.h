/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program under test, running beside the test.  Its output goes into
 * memory files, which are never full: it never waits for the test.
 */
#ifndef TEST_TRACER_H
#define TEST_TRACER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tracer;

typedef bool (*tracer_pred)(struct tracer *t, void *arg);
/* Takes each line as it comes; true keeps it in tracer.lines. */
typedef bool (*tracer_sink)(struct tracer *t, json_t *line, void *arg);

struct tracer {
	pid_t pid;  /* 0: ended */
	int status; /* of wait() */
	int out, err;
	off_t at;   /* read so far */
	char *part; /* a line not yet complete */
	size_t part_len;
	json_t *lines; /* all objects, in order */
	json_t *hello;
	json_t *last; /* the last object, kept or not */
	tracer_sink sink;
	void *sink_arg;
	long transitions; /* lines of this type */
	long garbage;	  /* lines that are not a JSON object in UTF-8 */
};

#define TRACER_INIT                  \
	{                            \
		.out = -1, .err = -1 \
	}

/* trace --json on this network namespace, and what TCPDWELL_ARGS adds; args end with NULL. */
void tracer_start(struct tracer *t, ...) __attribute__((sentinel));
/* Several may be launched before the first is waited for. */
void tracer_launch(struct tracer *t, const char *const args[]);
/* Dies, or skips the program, when it doesn't come. */
void tracer_await_hello(struct tracer *t);
bool tracer_says_hello(struct tracer *t);

/* Reads what is there. */
void tracer_poll(struct tracer *t);
/* Waits until pred holds; false after PATIENCE_MS. */
bool tracer_wait(struct tracer *t, tracer_pred pred, void *arg);
/* SIGINT, and all that it still prints. */
void tracer_stop(struct tracer *t);
/* tracer_stop(), and it ended as it should: status, summary, stderr. */
void tracer_end(struct tracer *t);
/* ... with these words on stderr. */
/* ... these words, or nothing: it hangs on how fast the machine is. */
void tracer_end_maybe_saying(struct tracer *t, const char *words);
void tracer_end_saying(struct tracer *t, const char *words);
void tracer_free(struct tracer *t);

/* Fields of a line; "" and -1 where they are missing.  Names may be dotted: "owner.pid". */
const json_t *line_get(const json_t *line, const char *name);
const char *line_str(const json_t *line, const char *name);
int64_t line_int(const json_t *line, const char *name);
bool line_is(const json_t *line, const char *type);

/* NULL past the end */
const json_t *tracer_line(const struct tracer *t, size_t i);

#endif
