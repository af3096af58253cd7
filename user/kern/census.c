// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "kern/census.h"
#include "list.skel.h"
#include "util/log.h"

static int talk(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (!log_is_verbose() || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, fmt, args);
}

/* The headers that are shared with the tracer define its maps; here nobody uses them. */
static void drop_maps(struct list_bpf *skel)
{
	bpf_map__set_autocreate(skel->maps.events, false);
	bpf_map__set_autocreate(skel->maps.socks, false);
	bpf_map__set_autocreate(skel->maps.last_child, false);
}

static void configure(struct list_bpf *skel, const struct filter *f)
{
	struct config *c = (struct config *)&skel->rodata->config;

	c->jiffy_ns = kernel_jiffy_ns();
	c->filter.n_cgroup = f->n_cgroup;
	memcpy(c->filter.cgroup, f->cgroup, sizeof(f->cgroup));
}

static int load(struct census *c, const struct filter *f)
{
	int err;

	c->skel = list_bpf__open();
	if (!c->skel)
		return -errno;
	drop_maps(c->skel);
	configure(c->skel, f);
	err = list_bpf__load(c->skel);
	if (err)
		return err;
	c->rows.claim_link = bpf_program__attach(c->skel->progs.claim_all);
	if (!c->rows.claim_link)
		return -errno;
	c->rows.list_link = bpf_program__attach(c->skel->progs.list_all);
	return c->rows.list_link ? 0 : -errno;
}

int census_open(struct census *c, const struct filter *f)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	int err;

	memset(c, 0, sizeof(*c));
	libbpf_set_print(talk);
	setrlimit(RLIMIT_MEMLOCK, &all); /* kernels before 5.11 charge maps to it */
	c->rows.home_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	err = c->rows.home_netns < 0 ? -errno : load(c, f);
	if (!err)
		return 0;
	census_close(c);
	return tracer_explain(err);
}

void census_close(struct census *c)
{
	bpf_link__destroy(c->rows.claim_link);
	bpf_link__destroy(c->rows.list_link);
	list_bpf__destroy(c->skel);
	if (c->rows.home_netns >= 0)
		close(c->rows.home_netns);
	memset(c, 0, sizeof(*c));
	c->rows.home_netns = -1;
}

int census_read(struct census *c, row_fn fn, void *ctx)
{
	return tracer_rows(&c->rows, true, fn, ctx);
}
