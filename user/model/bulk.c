// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "model/bulk.h"

/* Below it a page would be wasted. */
#define BULK_MIN (BULK_PAGE / 2)

void *bulk_alloc(size_t size)
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

void *bulk_grow(void *at, size_t used, size_t size)
{
	void *to = bulk_alloc(size);

	if (!to)
		return NULL;
	if (at)
		memcpy(to, at, used);
	free(at);
	return to;
}

size_t bulk_room(size_t room, size_t start)
{
	if (!room)
		return start;
	return room == start ? 64 * room : 4 * room;
}
