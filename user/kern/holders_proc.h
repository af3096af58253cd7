/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The holders of sockets by /proc/PID/fd, for kernels whose iterator can't be used. */
#ifndef TCPDWELL_KERN_HOLDERS_PROC_H
#define TCPDWELL_KERN_HOLDERS_PROC_H

#include "kern/holders.h"

/* As holders_open(), but never with the iterator; why: what holders.why_proc is to say. */
int holders_open_proc(struct holders *h, const char *why);

/*
 * Goes through the descriptors of all processes.  What may not be looked at is
 * passed over; a thread's own table is seen where kcmp() is allowed.  Who opened
 * a file, and the cgroups, stay unknown.  0 or -ENOMEM.
 */
int find_in_proc(struct holders_found *f);

#endif
