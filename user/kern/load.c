// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tracer's programs: which tier, how they are configured, loading and attaching them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kern/load.h"
#include "kern/plan.h"
#include "kern/probe.h"
#include "tcpdwell.skel.h"
#include "util/log.h"

static __u32 ring_size(__u32 wanted)
{
	__u32 size = sysconf(_SC_PAGESIZE);

	while (size < wanted && size < 1U << 30)
		size *= 2;
	return size;
}

static void because(struct tracer *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void because(struct tracer *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(t->tier_reason, sizeof(t->tier_reason), fmt, args);
	va_end(args);
}

/* Arguments of a kernel function by its BTF. */
static int arity_of(void *ctx, const char *function)
{
	const struct btf *btf = ctx;
	const struct btf_type *type;
	__s32 id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);

	if (id < 0)
		return -ENOENT;
	type = btf__type_by_id(btf, id);
	type = btf__type_by_id(btf, type->type);
	return btf_vlen(type);
}

/*
 * Storage and cookies of sockets for tracing programs came with Linux 5.11 and
 * 5.12: a kernel that has a later helper has them.  Of another it is asked,
 * since some distributions' kernels are newer than they say.
 */
static bool needs_own_ids(const struct btf *btf)
{
	__s32 id = btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);
	char why[96];

	for (int i = 0; type && i < btf_vlen(type); i++) {
		__u32 name = btf_enum(type)[i].name_off;

		if (!strcmp(btf__name_by_offset(btf, name), "BPF_FUNC_check_mtu"))
			return false;
	}
	return probe_program("probe_storage", why, sizeof(why)) ||
	       probe_program("probe_cookie", why, sizeof(why)) ||
	       probe_program("probe_sock_from_file", why, sizeof(why));
}

/* Whether a tier can be had, as far as can be told without loading it. */
static bool tier_possible(struct tracer *t, enum tier tier, const struct plan_input *in)
{
	const char *missing;
	char why[96];

	if (tier == TIER_SWEEP)
		return true;
	if (tier == TIER_TIMER) {
		if (has_kernel_symbol("tw_timer_handler"))
			return true;
		because(t, "timer: /proc/kallsyms does not tell the address of tw_timer_handler");
		return false;
	}
	missing = plan_missing_function(in);
	if (missing) {
		because(t, "fentry: the kernel's BTF has no %s()", missing);
		return false;
	}
	if (probe_fentry(why, sizeof(why))) {
		because(t, "fentry: %s", why);
		return false;
	}
	return true;
}

/*
 * Whether every step can be told, so that nothing has to be kept of a socket.
 * Who accepted it is known then by its request_sock's timer alone.
 */
static bool can_stream(const struct tracer *t, const struct tracer_options *o,
		       const struct plan_input *in)
{
	const struct filter *f = &o->filter;

	return in->stream && in->requests && !in->own_ids && t->tier != TIER_SWEEP &&
	       !filter_by_owner(f) && !f->states && !f->min_dwell_ns;
}

static void configure(struct tracer *t, const struct tracer_options *o, const struct plan_input *in,
		      __u32 size)
{
	struct config *c = (struct config *)&t->skel->rodata->config;

	c->filter = o->filter;
	c->flow_filter = filter_by_flow(&o->filter);
	c->step_filter = o->filter.states || o->filter.min_dwell_ns;
	c->keep_ends = 1;
	c->stream = can_stream(t, o, in);
	c->late_port = o->filter.n_port || o->filter.n_lport;
	c->own_ids = in->own_ids;
	/* what a listener's storage would hand on comes too late for it */
	c->opener_decides = filter_by_owner(&o->filter) && t->tier != TIER_FENTRY && !in->own_ids;
	c->half_open = o->half_open;
	c->tw_timers = t->tier == TIER_TIMER;
	c->casts = in->casts;
	c->jiffy_ns = kernel_jiffy_ns();
	c->ring_quarter = size / 4;
}

static void choose_programs(struct tracer *t, const struct plan_input *in)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, t->skel->obj)
		bpf_program__set_autoload(prog, plan_wants(in, bpf_program__name(prog)));
}

/* Half-open connections shown at a time: what the limit of their stream lets in within 16 s. */
#define SHOWN_REQUESTS 65536
/* Sockets that something is kept of at a time; and small ones, of which the oldest are forgotten.
 */
#define TABLE_SOCKETS (1 << 20)
#define FLOWS 131072
/* Sockets at a time between connect()'s SYN_SENT and the port that it finds: a call each. */
#define HELD_SYNS 16384

static int size_maps(struct tracer *t, const struct tracer_options *o, const struct plan_input *in)
{
	struct tcpdwell_bpf *skel = t->skel;
	int err = 0;

	if (o->half_open)
		err = bpf_map__set_max_entries(skel->maps.shown_reqs, SHOWN_REQUESTS);
	if (!err && (o->filter.n_port || o->filter.n_lport))
		err = bpf_map__set_max_entries(skel->maps.held_syns, HELD_SYNS);
	if (!err && in->own_ids)
		err = bpf_map__set_max_entries(skel->maps.sock_table, TABLE_SOCKETS);
	if (!err && in->own_ids)
		err = bpf_map__set_max_entries(skel->maps.flow_ids, FLOWS);
	return err;
}

static int load(struct tracer *t, const struct tracer_options *o, const struct plan_input *in)
{
	__u32 size = ring_size(o->buffer_size ? o->buffer_size : BUFFER_SIZE_DEFAULT);
	int err;

	t->skel = tcpdwell_bpf__open();
	if (!t->skel)
		return -errno;
	err = bpf_map__set_max_entries(t->skel->maps.events, size);
	if (!err)
		err = size_maps(t, o, in);
	if (err)
		return err;
	configure(t, o, in, size);
	t->skel->bss->repeat_ident = 1;
	choose_programs(t, in);
	err = tcpdwell_bpf__load(t->skel);
	if (err)
		return err;
	return ring_open(&t->ring, bpf_map__fd(t->skel->maps.events), size);
}

/* The small sockets' programs first: a birth must not be missed before the end that it explains. */
static int attach(struct tracer *t)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, t->skel->obj)
	{
		struct bpf_link *link;

		if (!bpf_program__autoload(prog))
			continue;
		link = bpf_program__attach(prog);
		if (!link)
			return -errno;
		if (prog == t->skel->progs.claim_socks)
			t->claim_link = link;
		else if (prog == t->skel->progs.list_socks)
			t->list_link = link;
		else
			t->link[t->n_links++] = link;
	}
	return 0;
}

void tracer_unload(struct tracer *t)
{
	for (unsigned int i = 0; i < t->n_links; i++)
		bpf_link__destroy(t->link[i]);
	bpf_link__destroy(t->claim_link);
	bpf_link__destroy(t->list_link);
	ring_close(&t->ring);
	tcpdwell_bpf__destroy(t->skel);
	t->n_links = 0;
	t->claim_link = t->list_link = NULL;
	t->skel = NULL;
}

static int try_tier(struct tracer *t, const struct tracer_options *o, struct plan_input *in)
{
	int err;

	t->tier = in->tier;
	err = load(t, o, in);
	if (!err)
		err = attach(t);
	if (err)
		tracer_unload(t);
	return err;
}

/* The best tier that loads; or the one that was asked for, or none. */
static int open_tiers(struct tracer *t, const struct tracer_options *o, struct plan_input *in)
{
	enum tier first = o->tier == TIER_AUTO ? TIER_FENTRY : o->tier;
	enum tier last = o->tier == TIER_AUTO ? TIER_SWEEP : o->tier;
	int err = -EOPNOTSUPP;

	for (in->tier = first; in->tier <= last; in->tier++) {
		if (!tier_possible(t, in->tier, in))
			continue;
		err = try_tier(t, o, in);
		if (!err)
			return 0;
		if (in->tier != last)
			because(t, "%s: %s", tier_name(in->tier), kernel_error(err));
	}
	if (err == -EOPNOTSUPP && *t->tier_reason)
		warn_line("--tier %s: not here: %s", tier_name(o->tier), t->tier_reason);
	else
		err = tracer_explain(err);
	return err;
}

int tracer_load(struct tracer *t, const struct tracer_options *o)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct plan_input in = {
		.stream = !o->no_stream,
		.requests = has_kernel_symbol("reqsk_timer_handler"),
		.arity = arity_of,
		.ctx = btf,
	};
	struct tracer_options list = *o;
	int err;

	if (!btf)
		return tracer_explain(-errno);
	in.own_ids = t->own_ids = needs_own_ids(btf);
	in.casts = has_rdonly_cast(btf);
	if (o->no_stream)
		list.tier = TIER_SWEEP;
	err = open_tiers(t, &list, &in);
	btf__free(btf);
	if (o->tier == TIER_SWEEP && !err)
		because(t, "asked for by --tier");
	return err;
}
