/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory for what there may be very much of. */
#ifndef TCPDWELL_MODEL_BULK_H
#define TCPDWELL_MODEL_BULK_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BULK_PAGE (2UL << 20)
#define BULK_MIN (BULK_PAGE / 2)

/*
 * As malloc(), to be given to free().  What is large is in huge pages, where the
 * kernel has them: of small ones each costs a fault, in a virtual machine of some
 * microseconds, which was a third of what a list of many sockets took.
 */
static inline void *bulk_alloc(size_t size)
{
	size_t whole = (size + BULK_PAGE - 1) & -BULK_PAGE;
	void *at;

	if (size < BULK_MIN)
		return malloc(size);
	at = aligned_alloc(BULK_PAGE, whole);
	/* a wish: what becomes of it does not matter */
	if (at)
		madvise(at, whole, MADV_HUGEPAGE);
	return at;
}

/* As realloc(), from a size to a larger one. */
static inline void *bulk_grow(void *at, size_t from, size_t size)
{
	void *to = bulk_alloc(size);

	if (!to)
		return NULL;
	if (at)
		memcpy(to, at, from);
	free(at);
	return to;
}

/* As one grows: what has outgrown its beginnings may be very much; what is not used is not there.
 */
static inline size_t bulk_room(size_t room, size_t start)
{
	return room == start ? 64 * room : room ? 4 * room : start;
}

#endif
