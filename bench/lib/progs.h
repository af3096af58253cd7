/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The BPF programs that a process holds, and what they cost. */
#ifndef BENCH_PROGS_H
#define BENCH_PROGS_H

#include <stdint.h>
#include <sys/types.h>

#define PROGS_MAX 64

struct prog {
	uint32_t id;
	char name[16];
	uint32_t jited_len;    /* bytes of machine code */
	uint32_t verified;     /* instructions that the verifier walked */
	uint64_t run_ns, runs; /* while statistics are on */
};

struct progs {
	struct prog prog[PROGS_MAX];
	unsigned int n;
};

/* Those of a process, by its descriptors of programs and links. */
void progs_of(pid_t pid, struct progs *p);

/* Reads their figures again and leaves what was added: p = now - p. */
void progs_spent(struct progs *p);

/* Of the one on the tracepoint of the transitions: how many there were, on the whole host. */
uint64_t progs_transitions(const struct progs *p);

uint64_t progs_ns(const struct progs *p);

/* The kernel takes the time of each run while this is open.  A descriptor or -errno. */
int progs_time_on(void);

#endif
