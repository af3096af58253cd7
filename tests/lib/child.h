/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Another process of the test, in step with it. */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <stdint.h>
#include <sys/types.h>

/* What a child tells of itself. */
struct report {
	pid_t pid, tid;
	uint16_t lport, rport;
	unsigned long netns;
};

struct child {
	pid_t pid;
	int from, to;
};

typedef void (*child_fn)(struct child *self, void *arg);

void child_start(struct child *c, child_fn fn, void *arg);
/* Waits for its next report. */
struct report child_hear(struct child *c);
/* Lets it go on from child_pause(). */
void child_tell(struct child *c);
/* Ends it: the last thing a child does is child_pause(). */
void child_end(struct child *c);

/* In the child; fd: the socket to report on, or -1. */
void child_report(struct child *self, int fd);
void child_pause(struct child *self);

#endif
