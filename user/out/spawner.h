/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs a command again and again, from a small process of its own: it is forked
 * before the program loads anything and gives up its rights, so that the
 * program itself needs neither fork() nor execve(), and a command does not
 * run under its system call filter.
 *
 * What is to be run is queued there; nothing of it makes the caller wait.
 */
#ifndef TCPDWELL_OUT_SPAWNER_H
#define TCPDWELL_OUT_SPAWNER_H

#include <stddef.h>
#include <sys/types.h>
#include <linux/types.h>

struct account;

#define SPAWNER_AT_ONCE 4
#define SPAWNER_QUEUE 64
#define SPAWNER_A_MINUTE 60
/* After SIGTERM, before SIGKILL. */
#define SPAWNER_GRACE_MS 2000

struct spawner_options {
	char **argv; /* found in PATH; ends with NULL */
	__u64 timeout_ns;
	unsigned int at_once, queue, a_minute;
	const struct account *account; /* to run as, without capabilities; NULL: as the caller */
};

struct spawner_counts {
	__u64 started;
	__u64 ok;	 /* ended with status 0 */
	__u64 failed;	 /* ... with another, by a signal, or could not be run */
	__u64 timed_out; /* ended by us */
	__u64 dropped;	 /* not run: too many were waiting */
};

struct spawner {
	int fd; /* readable: see spawner_take() */
	pid_t pid;
	__u64 refused;		      /* dropped on this side */
	struct spawner_counts counts; /* what it told last */
};

/*
 * 0 or -errno: -ENOENT no such command, -EACCES not to be run.  Fork before
 * there are threads, or descriptors that must not stay open.
 */
int spawner_start(struct spawner *s, const struct spawner_options *o);

/*
 * Runs the command with more of an environment ("K=V" strings, each with its
 * NUL, env_len bytes) and the input on its stdin.  0, or -errno when it will not
 * run (-EAGAIN: too much is waiting; -EPIPE: the process is gone).
 */
int spawner_run(struct spawner *s, const char *env, size_t env_len, const char *input,
		size_t input_len);

/* What became of it so far.  0, or -EPIPE once the process is gone. */
int spawner_take(struct spawner *s);
struct spawner_counts spawner_counts(const struct spawner *s);

/* What runs may end in its time; what waits is dropped. */
void spawner_stop(struct spawner *s);

#endif
