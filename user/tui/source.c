// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "tui/source.h"

static int copy_conn(struct still *still, const struct source *of, const struct conn *c)
{
	struct conn *copy = table_add(&still->table, c->cookie);
	__u32 slot;

	if (!copy)
		return -ENOMEM;
	slot = copy->slot;
	*copy = *c;
	copy->slot = slot;
	life_copy(&still->lives, copy, life_of(of->lives, c));
	return 0;
}

int still_take(struct still *still, const struct source *of)
{
	const struct conn *c;
	__u32 slot = 0;

	memset(still, 0, sizeof(*still));
	if (table_init(&still->table))
		return -ENOMEM;
	while ((c = table_next(of->table, &slot)))
		if (copy_conn(still, of, c)) {
			still_free(still);
			return -ENOMEM;
		}
	return 0;
}

void still_free(struct still *still)
{
	table_free(&still->table);
	lives_free(&still->lives);
}
