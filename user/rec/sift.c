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

enum match sift_picks(const void *ctx, const struct conn *c)
{
	const struct sift *s = ctx;

	if (!filter_owner(&s->filter, &c->ident.owner) || !cgroup_match(s, c->ident.cgroup))
		return MATCH_NO;
	return flow_match(s, &c->ident);
}
