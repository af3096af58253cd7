/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each network namespace has of local ports and of places in TIMED_WAIT. */
#ifndef TCPDWELL_KERN_LIMITS_H
#define TCPDWELL_KERN_LIMITS_H

#include "model/pressure.h"

/* Hands over the limits of all namespaces that are found.  0 or -errno. */
typedef void (*limits_fn)(void *ctx, const struct pressure_limits *l);
int limits_read(__u64 now_ns, limits_fn fn, void *ctx);

#endif
