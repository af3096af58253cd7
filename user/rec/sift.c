// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "rec/sift.h"

static enum match flow_match(const struct sift *s, const struct sock_ident *id)
{
	struct flow w = {
		.lport = id->lport,
		.rport = id->rport,
		.netns = id->netns,
		.family = id->family,
	};

	if (!filter_by_flow(&s->filter))
		return MATCH_YES;
	memcpy(w.laddr, id->laddr, sizeof(w.laddr));
	memcpy(w.raddr, id->raddr, sizeof(w.raddr));
	return filter_flow(&s->filter, &w);
}

static bool below(const char *path, const char *root)
{
	size_t len = strlen(root);

	while (len && root[len - 1] == '/')
		len--;
	return !strncmp(path, root, len) && (!path[len] || path[len] == '/');
}

static bool cgroup_match(const struct sift *s, __u64 id)
{
	const char *path;

	if (!s->n_cgroup)
		return true;
	path = s->cgroup_path && id ? s->cgroup_path(id) : NULL;
	for (unsigned int i = 0; i < s->n_cgroup; i++) {
		const char *want = s->cgroup[i];

		if (*want >= '0' && *want <= '9' ? strtoull(want, NULL, 10) == id && id
						 : path && below(path, want))
			return true;
	}
	return false;
}

static bool ident_match(const struct sift *s, const struct sock_ident *id)
{
	return filter_owner(&s->filter, &id->owner) && cgroup_match(s, id->cgroup);
}

static bool known(const struct model *m, __u64 cookie)
{
	return table_find(&m->table, cookie) != NULL;
}

/*
 * At CLOSED -> SYN_SEND the local port may not be known: with a filter on it the
 * step is held back, and told with the next one, which has the port.
 */
static bool sift_open(const struct sift *s, const struct model *m, struct rec_open *r)
{
	struct rec_step *step = &r->step;

	if (flow_match(s, &r->ident) != MATCH_YES || !ident_match(s, &r->ident))
		return false;
	if (step->from == ST_SYN_SENT && !(step->flags & (STEP_FIRST | STEP_AT_LEAST)) &&
	    (s->filter.n_lport || s->filter.n_port) && !known(m, step->cookie))
		step->flags |= STEP_FIRST | STEP_HELD;
	return true;
}

static bool sift_request(const struct sift *s, const struct rec_request *r)
{
	struct sock_ident id = {
		.lport = r->lport,
		.rport = r->rport,
		.netns = r->netns,
		.family = r->family,
	};

	memcpy(id.laddr, r->laddr, sizeof(id.laddr));
	memcpy(id.raddr, r->raddr, sizeof(id.raddr));
	return flow_match(s, &id) == MATCH_YES;
}

static bool sift_row(const struct sift *s, const struct row_sock *row)
{
	if (flow_match(s, &row->ident) != MATCH_YES)
		return false;
	/* no owner is known of the others; the model knows whose they were */
	return row->kind != ROW_FULL || ident_match(s, &row->ident);
}

bool sift_event(const struct sift *s, const struct model *m, struct rec_event *e)
{
	switch (e->kind) {
	case REC_OPEN:
	case REC_OPEN_END:
		return sift_open(s, m, &e->open);
	case REC_STEP:
	case REC_END:
		/* what it is of was let in, or not, when its identity came */
		return known(m, e->step.cookie);
	case REC_REQUEST:
		return sift_request(s, &e->request);
	case EV_ROW:
		return sift_row(s, &e->row);
	default:
		return true;
	}
}
