/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the model share, and nobody else sees. */
#ifndef TCPDWELL_MODEL_INTERNAL_H
#define TCPDWELL_MODEL_INTERNAL_H

#include "model/model.h"

/* Iterators of kernels before 6.17 can skip a socket while the table changes. */
#define MISSES 2

/* Above COOKIE_MASK: a small socket whose cookie is that of a later connection of the socket. */
#define SET_ASIDE (1ULL << 62)

/* Tells all sinks that want to hear it. */
#define TELL(m, call, ...)                                                              \
	do {                                                                            \
		for (unsigned int i_ = 0; i_ < (m)->n_sinks; i_++)                      \
			if ((m)->sink[i_]->ops->call)                                   \
				(m)->sink[i_]->ops->call((m)->sink[i_], ##__VA_ARGS__); \
	} while (0)

/* Whether c is to be told of; all are, but in a replay with a filter. */
enum match conn_picked(const struct model *m, const struct conn *c);

/* One transition of a connection: tells it if the filter wants it ... */
void conn_tell(struct model *m, struct conn *c, struct transition *t);

/* ... and keeps the state. */
void conn_step(struct model *m, struct conn *c, struct transition *t);

/* Sets the state that a connection is in, without telling. */
void conn_state(struct model *m, struct conn *c, unsigned int state, __u64 since_ns, bool at_least);

/* The connection is over: told already, or not to be told. */
void conn_forget(struct model *m, struct conn *c, __u64 now_ns);

/* Sets the deadline of the rule that is next for the stay. */
void conn_arm(struct model *m, struct conn *c, __u64 now_ns);

/* The deadline has come: tells of the stay, if its rule still says so. */
void conn_fire(struct model *m, struct conn *c, __u64 now_ns);

/* Resolves the alert that fires for the stay, if one does. */
void conn_resolve(struct model *m, struct conn *c, __u64 now_ns);

/* A new connection; NULL with m->no_memory set. */
struct conn *conn_new(struct model *m, __u64 cookie);

/* stream.c: what the kernel side leaves to us, because it keeps nothing of the socket. */
/* Who and where, from a record of c; what it does not say is kept, or taken from the listener. */
void stream_ident(struct model *m, struct conn *c, const struct rec_step *s,
		  const struct sock_ident *ident);
/* Roles and dwell, by what is known of c. */
void stream_step(struct model *m, const struct conn *c, struct rec_step *s);
/*
 * A step of c is missing, and the kernel did not count it as skipped: it is told
 * as a loss.  Seen on one host with 6.18, which runs no program in a softirq on
 * top of some task.
 */
void stream_gap(struct model *m, const struct conn *c, __u64 at_ns);
/* Those that no loss has explained by now. */
void stream_tell_gaps(struct model *m, __u64 now_ns);
/* Listeners that the filter leaves out. */
void unshown_step(struct model *m, const struct rec_step *s, const struct sock_ident *ident);
void unshown_row(struct model *m, const struct row_sock *row);
/* c, a listener, is over: what it accepted before may become known only now. */
void listener_gone(struct model *m, const struct conn *c, __u64 now_ns);
/* c is in LISTEN from here on. */
void listener_add(struct model *m, const struct conn *c);
/* Owner and cgroup of the listener that what came in at id's local end came through, if there is
 * no doubt which: false, and nothing is changed, if there is. */
bool owner_of_port(struct model *m, struct sock_ident *id);
/* Whether a listener is known, or was, at id's local end. */
bool listened_at(struct model *m, const struct sock_ident *id);

void small_record(struct model *m, const struct rec_small *r);
void small_row(struct model *m, const struct row_sock *row);
/* The big socket went to CLOSE: true when the connection goes on, or may, in a small one. */
bool small_takes_over(struct model *m, struct conn *c, const struct rec_step *s,
		      const struct sock_end *end);
/* The socket has a new connection: what an earlier one left in a small socket has its cookie. */
void small_set_aside(struct model *m, struct conn *c);
/* Counts c in (1) or out (-1), if it is a small socket in FIN_WAIT_2. */
void small_waits(struct model *m, struct conn *c, int by);
/* Small sockets whose timer was stopped some time before now_ns, and not set again: ended. */
void small_tick(struct model *m, __u64 now_ns);
__u64 small_due(const struct model *m);
void enter_time_wait(struct model *m, struct conn *c, __u64 at_ns, enum via via);
/* Its timer was stopped, and not set again. */
void stays_stopped(struct model *m, struct conn *c);
void small_over(struct model *m, struct conn *c, __u64 at_ns, enum reason reason, enum via via,
		__u64 reused_by);
/* A connection got its ports, or a SYN came: has it taken a small socket's place? */
void small_reuse(struct model *m, const struct conn *c);
/* A TIMED_WAIT ends: has a connect() that has just begun taken its place? */
void reused_by_connect(struct model *m, struct conn *old);
/* To be found by the addresses and ports of the connection that takes its place. */
void reuse_link(struct model *m, struct conn *c);
/* c goes: it is not to be found by that any more. */
void reuse_unlink(struct model *m, struct conn *c);
/* Half-open connections, each under a cookie made of its addresses and ports. */
void request_record(struct model *m, const struct rec_request *r);
void request_row(struct model *m, const struct row_sock *row);
/* It became the connection c by s, which may not know yet how long that took. */
void request_done(struct model *m, struct conn *c, struct rec_step *s);
/* Its end was waited for long enough. */
void request_over(struct model *m, struct conn *c);
/* Tells of an end later, unless something comes that explains it. */
void end_later(struct model *m, struct conn *c, __u64 at_ns);
/* ... for the one that was taken off the queue just now: once more. */
void end_again(struct model *m, struct conn *c, __u64 now_ns);
/* The end that is due first, or NULL. */
struct end_wait *ends_first(const struct model *m);
void ends_drop_first(struct model *m);

/* A sweep ended: what is in limbo or small and was not met is over. */
void small_swept(struct model *m, __u64 now_ns);

#endif
