/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A server that does not close, in every way there is: its sockets stay in CLOSE_WAIT. */
#ifndef TEST_LEAK_H
#define TEST_LEAK_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

enum leak_kind {
	LEAK_NOT_READING = 0, /* the end of file waits */
	LEAK_DATA,	      /* data waits in front of it */
	LEAK_NOT_CLOSING,     /* read, never closed */
	LEAK_CHILD,	      /* closed by the process, kept by a child */
	LEAK_SHARED,	      /* as LEAK_NOT_CLOSING, by the process and its children */
	LEAK_THREAD,	      /* kept in one thread's own descriptor table */
	LEAK_IN_FLIGHT,	      /* sent over a UNIX socket, and never received */
	LEAK_NOT_ACCEPTED,    /* waits in the listener's queue */
	LEAK_SENDING,	      /* no leak: a half-close that is in use */
	LEAK_KINDS,
};

struct leak {
	enum leak_kind kind;
	unsigned int n, n_children;
	uint16_t port; /* of the server, on 127.0.0.1 */
	int listener;
	int *server;	 /* descriptors, -1 where this process has none */
	int *client;	 /* -1 once closed */
	uint16_t *rport; /* of the clients, as the server has them */
	pid_t *child;
	int unix_pair[2];
	pthread_t thread;
	pid_t tid; /* LEAK_THREAD: of the holder */
	volatile int stop;
};

/* "not_reading", "data", ...; -1 for no such name, NULL for no such kind. */
int leak_by_name(const char *name);
const char *leak_name(enum leak_kind kind);

/*
 * n sockets, which all are in CLOSE_WAIT when it returns, by this process and
 * so many children (LEAK_CHILD and LEAK_SHARED).  Bails out on error.
 */
void leak_start(struct leak *l, enum leak_kind kind, unsigned int n, unsigned int children);

/* Closes all of them, and ends what was started. */
void leak_end(struct leak *l);

#endif
