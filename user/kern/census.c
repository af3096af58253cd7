// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include <bpf/libbpf.h>

#include "kern/census.h"
#include "kern/claims.h"
#include "kern/walk.h"
#include "roles.h"

/* what bpftool writes into a light skeleton */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpointer-arith"
#include "claims.skel.h"
#include "list.skel.h"
#pragma GCC diagnostic pop

/* Without libbpf, which would read the kernel's BTF: that alone takes longer than all the rest. */
static int open_fast(struct census *c)
{
	struct list_bpf *skel = list_bpf__open();
	struct config *config;
	int err;

	if (!skel)
		return -ENOMEM;
	config = (struct config *)&skel->rodata->config;
	config->jiffy_ns = kernel_jiffy_ns();
	config->filter.n_cgroup = c->filter->n_cgroup;
	memcpy(config->filter.cgroup, c->filter->cgroup, sizeof(config->filter.cgroup));
	err = list_bpf__load(skel);
	if (!err)
		err = list_bpf__attach(skel);
	if (err) {
		list_bpf__destroy(skel);
		return err;
	}
	c->fast = skel;
	c->list_fd = skel->links.list_all_fd;
	return 0;
}

/* Only now: there are rows to wait for meanwhile. */
static int open_claims(struct census *c)
{
	struct claims_bpf *skel;
	int err;

	if (c->claims)
		return 0;
	skel = claims_bpf__open();
	if (!skel)
		return -ENOMEM;
	err = claims_bpf__load(skel);
	if (!err)
		err = claims_bpf__attach(skel);
	if (err) {
		claims_bpf__destroy(skel);
		return err;
	}
	c->claims = skel;
	c->claim_fd = skel->links.claim_all_fd;
	return 0;
}

/* Before Linux 5.17 the kernel does not relocate programs: the tracer's do as well. */
static int open_slow(struct census *c)
{
	struct tracer_options o = {.tier = TIER_SWEEP, .buffer_size = 1, .no_stream = true};
	int err;

	o.filter.n_cgroup = c->filter->n_cgroup;
	memcpy(o.filter.cgroup, c->filter->cgroup, sizeof(o.filter.cgroup));
	err = tracer_open(&c->slow, &o);
	if (err)
		return err;
	c->claim_fd = bpf_link__fd(c->slow.claim_link);
	c->list_fd = bpf_link__fd(c->slow.list_link);
	return 0;
}

/* 0 or -errno. */
static int begin(struct census *c)
{
	int err = c->begun ? 0 : walk_start(&c->walk, c->filter);

	c->begun = !err;
	return err;
}

int census_open(struct census *c, const struct filter *f)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	int err = 0;

	memset(c, 0, sizeof(*c));
	c->filter = f;
	c->slow.epoll = c->slow.home_netns = -1;
	setrlimit(RLIMIT_MEMLOCK, &all); /* kernels before 5.11 charge maps to it */
	begin(c);			 /* what it finds takes no less than the programs */
	if (open_fast(c))
		err = open_slow(c);
	if (err)
		census_close(c);
	return err;
}

void census_close(struct census *c)
{
	if (c->begun)
		walk_cancel(&c->walk);
	if (c->fast)
		list_bpf__destroy(c->fast);
	if (c->claims)
		claims_bpf__destroy(c->claims);
	c->begun = false;
	c->fast = NULL;
	c->claims = NULL;
	tracer_close(&c->slow);
}

static void no_row(void *ctx, const struct row_sock *row)
{
	(void)ctx;
	(void)row;
}

/* A run over the rows: whose they are, and who wants them. */
struct run {
	struct census *census;
	struct claims claims;
	row_fn fn;
	void *ctx;
};

/* What list.bpf.c leaves to this side. */
static __u8 roles_of_row(const struct row_sock *row)
{
	return row->kind == ROW_REQUEST ? ROLES(ROLE_PASSIVE, 0) : roles_of_state(row->state);
}

static void own_row(void *ctx, struct row_sock *row)
{
	const struct run *run = ctx;
	const struct row_claim *claim = claims_find(&run->claims, row->ino);
	struct sock_owner *o = &row->ident.owner;

	if (claim) {
		o->how = OWNER_DESCRIPTOR;
		o->pid = claim->pid;
		o->tid = claim->tid;
		o->uid = claim->uid;
		memcpy(o->comm, claim->comm, sizeof(o->comm));
	}
	if (run->census->fast)
		row->roles = roles_of_row(row);
	run->census->n_netns = run->census->walk.n_netns;
	run->fn(run->ctx, row);
}

/* Both passes at once: which of them sees a socket first does not matter. */
static int claim_fast(struct census *c, struct claims *claims)
{
	int err = open_claims(c);

	return err ? err : claims_read(claims, c->claim_fd);
}

/* The claims are kept in the kernel, beside the sockets, and are in its rows. */
static int claim_slow(struct census *c)
{
	return iter_rows(c->claim_fd, 0, no_row, NULL);
}

int census_read(struct census *c, row_fn fn, void *ctx)
{
	struct run run = {.census = c, .fn = fn, .ctx = ctx};
	int err = begin(c);

	if (!err && !c->fast && !c->no_owners)
		err = claim_slow(c);
	if (err)
		return err;
	walk_read(&c->walk, c->list_fd);
	if (c->fast && !c->no_owners)
		err = claim_fast(c, &run.claims);
	if (err)
		return err;
	err = walk_finish(&c->walk, own_row, &run);
	c->begun = false;
	c->n_netns = c->walk.n_netns;
	c->unmet = c->walk.unmet;
	claims_free(&run.claims);
	return err;
}
