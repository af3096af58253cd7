// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/deadline.h"

void deadlines_free(struct deadlines *d)
{
	free(d->heap);
	*d = (struct deadlines){0};
}

static void place(struct deadlines *d, const struct table *t, __u32 i, struct deadline what)
{
	d->heap[i] = what;
	table_at(t, what.slot)->deadline_slot = i;
}

static void sift_up(struct deadlines *d, const struct table *t, __u32 i, struct deadline what)
{
	for (; i > 1 && d->heap[i / 2].at_ns > what.at_ns; i /= 2)
		place(d, t, i, d->heap[i / 2]);
	place(d, t, i, what);
}

static void sift_down(struct deadlines *d, const struct table *t, __u32 i, struct deadline what)
{
	for (__u32 child = 2 * i; child <= d->n; child = 2 * i) {
		if (child < d->n && d->heap[child + 1].at_ns < d->heap[child].at_ns)
			child++;
		if (d->heap[child].at_ns >= what.at_ns)
			break;
		place(d, t, i, d->heap[child]);
		i = child;
	}
	place(d, t, i, what);
}

static void settle(struct deadlines *d, const struct table *t, __u32 i, struct deadline what)
{
	if (i > 1 && d->heap[i / 2].at_ns > what.at_ns)
		sift_up(d, t, i, what);
	else
		sift_down(d, t, i, what);
}

static int make_room(struct deadlines *d)
{
	__u32 room = d->room ? 2 * d->room : 256;
	struct deadline *heap;

	if (d->n + 1 < d->room)
		return 0;
	heap = realloc(d->heap, room * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	d->heap = heap;
	d->room = room;
	return 0;
}

int deadline_set(struct deadlines *d, const struct table *t, struct conn *c, __u64 at_ns)
{
	struct deadline what = {.at_ns = at_ns, .slot = table_slot(c)};

	if (c->deadline_slot) {
		settle(d, t, c->deadline_slot, what);
		return 0;
	}
	if (make_room(d))
		return -ENOMEM;
	sift_up(d, t, ++d->n, what);
	return 0;
}

void deadline_clear(struct deadlines *d, const struct table *t, struct conn *c)
{
	__u32 i = c->deadline_slot;
	struct deadline last;

	if (!i)
		return;
	c->deadline_slot = 0;
	last = d->heap[d->n--];
	if (i <= d->n)
		settle(d, t, i, last);
}

__u64 deadline_first(const struct deadlines *d)
{
	return d->n ? d->heap[1].at_ns : UINT64_MAX;
}

struct conn *deadline_conn(const struct deadlines *d, const struct table *t)
{
	return d->n ? table_at(t, d->heap[1].slot) : NULL;
}
