/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Looks this host over. */
#ifndef TCPDWELL_KERN_CHECKS_H
#define TCPDWELL_KERN_CHECKS_H

#include "model/checkup.h"

/*
 * Tries everything that the tracer uses, each for itself, and last the tracer;
 * all is taken away again.  Takes a second or so.  What it takes to be allowed
 * to is among the findings; a sentence on why the tracer can't be had goes to
 * stderr.
 */
void checks_run(struct checkup *c);

#endif
