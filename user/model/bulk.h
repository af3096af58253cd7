/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory for what there may be very much of: in huge pages, where the kernel has
 * them.  Of small ones each costs a fault, in a virtual machine of some
 * microseconds, which was a third of what a list of many sockets took.
 */
#ifndef TCPDWELL_MODEL_BULK_H
#define TCPDWELL_MODEL_BULK_H

#include <stddef.h>

#define BULK_PAGE (2UL << 20)

/* As malloc(), to be given to free(). */
void *bulk_alloc(size_t size);

/* As realloc(), to a larger size; used: so many bytes are to be kept. */
void *bulk_grow(void *at, size_t used, size_t size);

/* How many there is to be room for next: what has outgrown its start may be very much, and what is
 * not used is not there. */
size_t bulk_room(size_t room, size_t start);

#endif
