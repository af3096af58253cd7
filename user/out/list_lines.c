// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "model/bulk.h"
#include "out/list_lines.h"

#define ROOM_START 2048
/* Time is bought with memory here: what takes more is made at the end. */
#define TEXT_MAX (32U << 20)
/* More than a line takes, so that there is always room for one. */
#define TEXT_SPARE (64U << 10)

int list_lines_init(struct list_lines *s)
{
	memset(s, 0, sizeof(*s));
	return obuf_init(&s->text, -1);
}

void list_lines_free(struct list_lines *s)
{
	obuf_free(&s->text);
	free(s->line);
	s->line = NULL;
	s->n = s->room = 0;
}

static bool grow(struct list_lines *s)
{
	__u32 room = bulk_room(s->room, ROOM_START);
	struct list_line *line = bulk_grow(s->line, s->n * sizeof(*line), room * sizeof(*line));

	if (!line)
		return false;
	s->line = line;
	s->room = room;
	return room == ROOM_START || obuf_room(&s->text, TEXT_MAX - s->text.len);
}

struct obuf *list_lines_begin(struct list_lines *s)
{
	s->full = s->full || s->text.len > TEXT_MAX - TEXT_SPARE || (s->n == s->room && !grow(s));
	if (s->full)
		return NULL;
	s->line[s->n++] = (struct list_line){.at = s->text.len};
	return &s->text;
}

/* What memory ended in the middle of is no line, and not the last. */
void list_lines_end(struct list_lines *s)
{
	struct list_line *line = &s->line[s->n - 1];

	s->full = s->text.err;
	if (s->full)
		list_lines_forget(s);
	else
		line->len = s->text.len - line->at;
}

void list_lines_forget(struct list_lines *s)
{
	for (__u32 i = 0; i < s->n; i++)
		s->line[i].len = 0;
	obuf_clear(&s->text);
}

bool list_lines_put(const struct list_lines *s, __u32 row, struct obuf *b)
{
	if (row >= s->n || !s->line[row].len)
		return false;
	obuf_add(b, s->text.data + s->line[row].at, s->line[row].len);
	return true;
}

void list_prefetch(const struct listing *l, __u32 i, const struct list_lines *s)
{
	__u32 row = i + 8 < l->n_order ? l->order[i + 8] : 0;
	bool line = s && row < s->n && s->line[row].len;
	const char *at = line ? s->text.data + s->line[row].at : (const char *)&l->row[row];

	for (size_t off = 0; off < (line ? s->line[row].len : sizeof(*l->row)); off += 64)
		__builtin_prefetch(at + off);
}
