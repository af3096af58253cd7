// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "tui/life.h"

void lives_free(struct lives *l)
{
	for (size_t i = 0; i < LIVES_MAX / TABLE_CHUNK; i++)
		free(l->chunk[i]);
	memset(l, 0, sizeof(*l));
}

static struct life *life_room(struct lives *l, const struct conn *c)
{
	__u32 slot = table_slot(c);
	struct life **chunk;

	if (slot >= LIVES_MAX)
		return NULL;
	chunk = &l->chunk[slot / TABLE_CHUNK];
	if (!*chunk)
		*chunk = calloc(TABLE_CHUNK, sizeof(**chunk));
	if (!*chunk)
		l->no_memory = true;
	return *chunk ? *chunk + slot % TABLE_CHUNK : NULL;
}

static struct life_step *step_room(struct life *life)
{
	if (life->n < LIFE_STEPS)
		return &life->step[life->n++];
	memmove(life->step, life->step + 1, sizeof(life->step) - sizeof(*life->step));
	life->cut = true;
	return &life->step[LIFE_STEPS - 1];
}

void life_push(struct lives *l, const struct transition *t)
{
	struct life *life = life_room(l, t->conn);
	__u32 tag = (__u32)t->conn->cookie;

	if (!life)
		return;
	if (life->tag != tag || t->first) {
		life->tag = tag;
		life->n = 0;
		life->cut = !t->first;
	}
	*step_room(life) = (struct life_step){
		.mono_ns = t->mono_ns,
		.dwell_ns = t->dwell_ns,
		.from = t->from,
		.to = t->to,
		.via = t->via,
		.reason = t->reason,
		.at_least = t->at_least,
		.first = t->first,
	};
}

const struct life *life_of(const struct lives *l, const struct conn *c)
{
	__u32 slot = table_slot(c);
	const struct life *life;

	if (slot >= LIVES_MAX || !l->chunk[slot / TABLE_CHUNK])
		return NULL;
	life = l->chunk[slot / TABLE_CHUNK] + slot % TABLE_CHUNK;
	return life->n && life->tag == (__u32)c->cookie ? life : NULL;
}

void life_copy(struct lives *to, const struct conn *c, const struct life *life)
{
	struct life *room = life ? life_room(to, c) : NULL;

	if (room)
		*room = *life;
}
