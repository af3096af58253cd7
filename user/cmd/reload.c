// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/config.h"
#include "cmd/reload.h"
#include "kern/cgroup.h"
#include "util/log.h"

/* --max goes before what the file says of all sockets in that state. */
int rules_build(const char *path, const struct options *o, struct rules *rules)
{
	int err;

	rules_watch(rules);
	rules->cgroup_path = cgroup_path;
	err = path ? config_read(path, rules) : 0;
	for (unsigned int i = 0; !err && i < ST_MAX; i++) {
		if (!o->max_ns[i])
			continue;
		err = rules_set_general(rules, i, o->max_ns[i]);
		if (err)
			warn_line("%s has no room for --max", path ? path : "");
	}
	return err;
}

static void reload(void *ctx)
{
	struct signalfd_siginfo info;
	struct reload *l = ctx;
	struct rules *rules;

	while (read(l->hup, &info, sizeof(info)) == sizeof(info))
		;
	if (!l->path) {
		warn_line("SIGHUP: there is no --config to read again");
		return;
	}
	rules = malloc(sizeof(*rules));
	if (!rules || rules_build(l->path, l->o, rules)) {
		warn_line("SIGHUP: the rules stay as they were");
	} else {
		alarm_new_rules(l->alarm, rules);
		model_set_rules(&l->run->model, rules, mono_now_ns());
		warn_line("SIGHUP: %u thresholds are in force", rules->n);
	}
	free(rules);
}

int reload_init(struct reload *l, struct run *r, struct alarm *a, const char *path,
		const struct options *o)
{
	sigset_t set;
	int err;

	*l = (struct reload){.path = path, .o = o, .run = r, .alarm = a, .hup = -1};
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->hup = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->hup < 0)
		return -errno;
	err = run_leave_hup(r);
	if (!err)
		err = run_add_fd(r, l->hup, EPOLLIN, reload, l);
	if (err)
		reload_free(l);
	return err;
}

void reload_free(struct reload *l)
{
	if (l->hup >= 0)
		close(l->hup);
	l->hup = -1;
}
