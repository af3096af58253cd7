// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "rec/paths.h"

static struct paths_entry *place(const struct paths *p, __u64 id)
{
	size_t i = (id * 0x9e3779b97f4a7c15ULL >> 20) & (p->room - 1);

	while (p->entry[i].id && p->entry[i].id != id)
		i = (i + 1) & (p->room - 1);
	return &p->entry[i];
}

static int grow(struct paths *p)
{
	struct paths bigger = {.n = p->n, .room = p->room ? 2 * p->room : 64};

	bigger.entry = calloc(bigger.room, sizeof(*bigger.entry));
	if (!bigger.entry)
		return -1;
	for (size_t i = 0; i < p->room; i++)
		if (p->entry[i].id)
			*place(&bigger, p->entry[i].id) = p->entry[i];
	free(p->entry);
	*p = bigger;
	return 0;
}

void paths_add(struct paths *p, __u64 id, const char *path, size_t len)
{
	struct paths_entry *e;
	char *copy;

	if (!id || (2 * p->n >= p->room && grow(p)))
		return;
	e = place(p, id);
	if (e->id && strlen(e->path) == len && !memcmp(e->path, path, len))
		return;
	copy = strndup(path, len);
	if (!copy)
		return;
	p->n += !e->id;
	free(e->path);
	*e = (struct paths_entry){id, copy};
}

const char *paths_find(const struct paths *p, __u64 id)
{
	return id && p->room ? place(p, id)->path : NULL;
}

void paths_free(struct paths *p)
{
	for (size_t i = 0; i < p->room; i++)
		free(p->entry[i].path);
	free(p->entry);
	memset(p, 0, sizeof(*p));
}
