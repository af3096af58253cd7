// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "model/internal.h"
#include "model/met.h"

bool model_row_news(struct model *m, const struct row_sock *row)
{
	const struct conn *c = table_find(&m->table, row->cookie);
	bool known = c != NULL;
	struct conn before;

	/* a listener that is not shown says whose the connections are that it accepts */
	if (row->flags & ROW_FILTERED) {
		model_row(m, row);
		return row->kind == ROW_FULL && row->state == ST_LISTEN;
	}
	if (known)
		memcpy(&before, c, sizeof(before));
	model_row(m, row);
	if (row->kind == ROW_REQUEST)
		return m->half_open;
	c = table_find(&m->table, row->cookie);
	/* with two connections of one cookie it may have been about the other one */
	if (m->n_set_aside || known != (c != NULL))
		return true;
	if (!known)
		return false;
	before.seen_ns = c->seen_ns;
	before.missed = c->missed;
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): padding is copied too */
	return memcmp(&before, c, sizeof(before)) != 0;
}

const struct conn *model_next_unmet(const struct model *m, __u32 *slot)
{
	const struct conn *c;

	while ((c = table_next(&m->table, slot)))
		if (c->seen_ns < m->resync_ns)
			return c;
	return NULL;
}

void model_met_all(struct model *m)
{
	struct conn *c;
	__u32 slot = 0;

	while ((c = table_next(&m->table, &slot)))
		if (c->seen_ns < m->resync_ns)
			c->seen_ns = m->resync_ns;
}

void model_unmet(struct model *m, __u64 cookie, __u64 seen_ns, unsigned int missed)
{
	struct conn *c = table_find(&m->table, cookie);

	if (!c)
		return;
	c->seen_ns = seen_ns;
	c->missed = missed;
}

void model_doubt_all(struct model *m)
{
	struct conn *c;
	__u32 slot = 0;

	while ((c = table_next(&m->table, &slot))) {
		c->seen_ns = 0;
		c->missed = MISSES - 1;
	}
}
