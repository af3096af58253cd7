/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TCPDWELL_KERN_LOAD_H
#define TCPDWELL_KERN_LOAD_H

#include "kern/tracer.h"

/*
 * Loads and attaches the programs of the best tier that the kernel allows, or of
 * the one that was asked for; t->tier_reason says why not a better one.  0 or
 * -errno: the message was printed, and nothing is left.
 */
int tracer_load(struct tracer *t, const struct tracer_options *o);

/* Detaches and unloads them; of a tracer that has none, does nothing. */
void tracer_unload(struct tracer *t);

#endif
