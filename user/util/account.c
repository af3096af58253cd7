// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/account.h"
#include "util/parse.h"

static struct passwd *entry_of(const char *name)
{
	struct passwd *p = getpwnam(name);
	__u64 uid;

	if (!p && !parse_u64(name, 0, (uid_t)-2, &uid))
		p = getpwuid((uid_t)uid);
	return p;
}

int account_find(struct account *a, const char *name)
{
	const struct passwd *p;

	errno = 0;
	p = entry_of(name);
	if (!p)
		return errno && errno != ESRCH ? -errno : -ENOENT;
	a->uid = p->pw_uid;
	a->gid = p->pw_gid;
	a->n_groups = ACCOUNT_GROUPS;
	if (getgrouplist(p->pw_name, p->pw_gid, a->group, &a->n_groups) < 0)
		return -E2BIG;
	return 0;
}

int account_become(const struct account *a)
{
	if (setgroups((size_t)a->n_groups, a->group) || setresgid(a->gid, a->gid, a->gid) ||
	    setresuid(a->uid, a->uid, a->uid))
		return -errno;
	return 0;
}
