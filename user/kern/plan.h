/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which programs are loaded: a decision without side effects. */
#ifndef TCPDWELL_KERN_PLAN_H
#define TCPDWELL_KERN_PLAN_H

#include <stdbool.h>

#include "kern/features.h"

/* What the kernel's BTF says: the number of a function's arguments, or -ENOENT. */
typedef int (*arity_fn)(void *ctx, const char *function);

struct plan_input {
	enum tier tier; /* decided */
	bool stream;	/* records, not iterators alone */
	bool requests;	/* reqsk_timer_handler is known */
	bool own_ids;	/* no socket storage, no cookies: see bpf/store.bpf.h */
	bool casts;	/* bpf_rdonly_cast(): see bpf/typed.bpf.h */
	arity_fn arity;
	void *ctx;
};

/* Whether the BPF program of this name is to be loaded. */
bool plan_wants(const struct plan_input *in, const char *program);

/* The functions that the fentry tier can't do without.  NULL, or the one that is missing. */
const char *plan_missing_function(const struct plan_input *in);

#endif
