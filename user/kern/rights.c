// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "kern/rights.h"
#include "util/account.h"

/* libcap 2.44 knows it by name; the number is Linux 5.8's. */
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

static const cap_value_t kept[] = {
	CAP_BPF,       CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH,
	CAP_NET_ADMIN, /* the last: with --kill */
};

#define N_KEPT (sizeof(kept) / sizeof(*kept))

static int keep(cap_t to, cap_t from, cap_value_t cap)
{
	cap_flag_value_t have = CAP_CLEAR;

	if (cap_get_flag(from, cap, CAP_PERMITTED, &have) || have != CAP_SET)
		return 0;
	return cap_set_flag(to, CAP_PERMITTED, 1, &cap, CAP_SET) ||
	       cap_set_flag(to, CAP_EFFECTIVE, 1, &cap, CAP_SET);
}

/* Before the change of user: it takes CAP_SETPCAP.  Without that, exec() gives nothing anyway. */
static void empty_bounding_set(void)
{
	for (cap_value_t cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static int set_caps(size_t n)
{
	cap_t now = cap_get_proc(), then = cap_init();
	int err = now && then ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++)
		err = keep(then, now, kept[i]) ? -errno : 0;
	if (!err && cap_set_proc(then))
		err = -errno;
	cap_free(now);
	cap_free(then);
	return err;
}

int rights_limit(const struct rights_options *o)
{
	int err = 0;

	empty_bounding_set();
	if (o->account && prctl(PR_SET_KEEPCAPS, 1))
		return -errno;
	if (o->account)
		err = account_become(o->account);
	if (err)
		return err;
	/* setuid() has cleared the effective ones, and kept the permitted */
	err = set_caps(o->kill ? N_KEPT : N_KEPT - 1);
	if (err)
		return err;
	prctl(PR_SET_KEEPCAPS, 0);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}
