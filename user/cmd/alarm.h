/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Between the model and the outputs of `watch`: looks each alert up in the
 * kernel before it is told, so that none is of a socket that has left its state
 * meanwhile, finds who holds the socket, and puts it into a group.
 */
#ifndef TCPDWELL_CMD_ALARM_H
#define TCPDWELL_CMD_ALARM_H

#include "cmd/look.h"
#include "kern/holders.h"
#include "kern/tracer.h"
#include "model/groups.h"
#include "model/model.h"

#define ALARM_SINKS 8

/* An alert that the model has fired, and that is to be looked up. */
struct waiting {
	const struct conn *conn;
	__u64 cookie, since_ns; /* of the stay: the socket may have gone on */
	__u64 due_ns;
	__u64 moved; /* as of the look before: diagnosis_moved() */
	__u8 rule;   /* its number: rules change, see alarm_new_rules() */
	__u8 state;
	__u8 absent;	 /* looks that did not meet it */
	bool looked : 1; /* it was looked at */
	bool unheld : 1; /* ... and it met the socket, and no holder */
};

/* 20,000 sockets can be stuck. */
_Static_assert(sizeof(struct waiting) <= 48, "memory");

struct alarm_options {
	bool half_close; /* alert of half-closes that are in use */
	__u64 batch_ns;	 /* let alerts come together for so long */
	bool no_holders; /* do not look for them */
};

struct alarm {
	struct sink sink; /* the model's */
	struct model *model;
	struct alarm_options o;
	struct sink *out[ALARM_SINKS];
	bool wants_all[ALARM_SINKS];
	unsigned int n_out;
	struct holders holders;
	bool has_holders;
	bool searched; /* the last look went through all descriptors */
	struct groups groups;
	struct waiting *wait;
	__u32 n_wait, wait_room;
	__u64 next_ns;	/* no look before, for what one costs */
	__u64 look_ns;	/* ... and how long the last one took */
	bool changed;	/* since groups were last told */
	__u64 alerts;	/* told */
	__u64 *wake_ns; /* when the run loop is to come by; may be NULL */
	/* Gets each alert that fires, once it is told; may be NULL. */
	void (*fired)(void *ctx, const struct alert *a);
	void *fired_ctx;
	looks_fn rows;
	void *rows_ctx;
};

/* A sink for m; the caller adds it to it, which then frees it.  0 or -errno. */
int alarm_init(struct alarm *a, struct model *m, const struct alarm_options *o);

/* all: transitions and sockets too, not alerts alone.  The sink is freed with the alarm. */
int alarm_add_sink(struct alarm *a, struct sink *s, bool all);

/* What comes from beside it goes to all of its sinks too. */
void alarm_tell_kill(struct alarm *a, const struct kill_news *k);
void alarm_tell_pressure(struct alarm *a, const struct pressure_news *n);

/* The wall clock was set; thresholds are of the monotonic one. */
void alarm_set_clock(struct alarm *a, __s64 mono_to_real_ns);

/* To be called before the model gets other rules. */
void alarm_new_rules(struct alarm *a, const struct rules *rules);

/* Looks up and tells what is due.  When it wants to be called again. */
__u64 alarm_round(struct alarm *a, __u64 now_ns);

#endif
