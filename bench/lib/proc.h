/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The processes that are measured, and those that make the load. */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct proc {
	pid_t pid;
	FILE *out; /* its stdout, when that is a pipe */
	int in;	   /* its stdin, when that is a pipe; or -1 */
};

/*
 * Its stdout and stderr are these files; with -1 it is talked to by pipes, and
 * its stderr is ours.  0 or -errno.
 */
int proc_start(struct proc *p, const char *const argv[], int out, int err);

/* A line of its stdout, without the line's end.  0, or -EPIPE at its end. */
int proc_line(struct proc *p, char *line, size_t size);

/* Ends it as ^C does, or by force when that takes too long; waits.  Its status as of wait(). */
int proc_stop(struct proc *p);
/* Closes its stdin, waits. */
int proc_finish(struct proc *p);

bool proc_alive(const struct proc *p);

/* User and system time of all its threads, as the scheduler counted it, not by ticks. */
uint64_t proc_cpu_ns(const struct proc *p);

/* Peak resident memory. */
uint64_t proc_peak_kb(const struct proc *p);

/* Waits until it has rested for quiet_ms, at most so long; false if it did not. */
bool proc_settle(const struct proc *p, int quiet_ms, int at_most_ms);

/* To the network namespace that it is in.  0 or -errno. */
int proc_enter_netns(const struct proc *p);

void pause_ms(int ms);

#endif
