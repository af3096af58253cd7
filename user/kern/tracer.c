// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kern/plan.h"
#include "kern/probe.h"
#include "kern/tracer.h"
#include "tcpdwell.skel.h"
#include "util/log.h"

/* A batch is collected for so long: under the 50 ms in which a transition is printed. */
#define NAP_MS 30

__attribute__((format(printf, 2, 0))) static int libbpf_talk(enum libbpf_print_level level,
							     const char *fmt, va_list args)
{
	if (!log_is_verbose() || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, fmt, args);
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* The coarse clock advances with the tick: its resolution is the length of a jiffy. */
__u64 kernel_jiffy_ns(void)
{
	struct timespec ts;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &ts))
		return 4000000;
	return ts.tv_nsec;
}

static __u32 ring_size(__u32 wanted)
{
	__u32 size = sysconf(_SC_PAGESIZE);

	while (size < wanted && size < 1U << 30)
		size *= 2;
	return size;
}

/* Kernels before 5.11 charge maps to RLIMIT_MEMLOCK. */
static void lift_memlock(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &all);
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
	c->jiffy_ns = kernel_jiffy_ns();
	c->start_ns = t->start_ns;
	c->ring_quarter = size / 4;
}

static void choose_programs(struct tracer *t, const struct plan_input *in)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, t->skel->obj)
		bpf_program__set_autoload(prog, plan_wants(in, bpf_program__name(prog)));
}

/* It shows as EINVAL: the helpers that read kernel memory are refused, one program at a time. */
static bool locked_down(void)
{
	char modes[64] = "";
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");

	if (f) {
		if (!fgets(modes, sizeof(modes), f))
			*modes = '\0';
		fclose(f);
	}
	return strstr(modes, "[confidentiality]") != NULL;
}

int tracer_explain(int err)
{
	if (locked_down()) {
		warn_line(
			"this kernel is in lockdown (confidentiality), which keeps BPF from reading "
			"kernel memory: boot it with lockdown=integrity or without");
		return -EPERM;
	}
	if (err == -EPERM || err == -EACCES) {
		warn_line("the kernel does not allow this: run it as root, or with CAP_BPF, "
			  "CAP_PERFMON, CAP_SYS_ADMIN and CAP_SYS_PTRACE, better with CAP_SYSLOG "
			  "(the timer tier) and CAP_DAC_READ_SEARCH (paths of cgroups) too");
		return -EPERM;
	}
	if (!has_kernel_btf()) {
		warn_line("this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs one built "
			  "with CONFIG_DEBUG_INFO_BTF=y, Linux 5.10 or newer");
		return -EOPNOTSUPP;
	}
	warn_line("the kernel did not take the BPF programs: %s (tcpdwell doctor says more)",
		  kernel_error(err));
	return err == -ENOMEM ? err : -EOPNOTSUPP;
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

static int watch_ring(struct tracer *t)
{
	/* edge: while napping, that there is data is no reason to wake up */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.fd = t->ring.fd};

	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (t->epoll < 0)
		return -errno;
	if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->ring.fd, &ev))
		return -errno;
	return 0;
}

static void unload(struct tracer *t)
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
		unload(t);
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

static int open_all(struct tracer *t, const struct tracer_options *o)
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
	if (o->no_stream)
		list.tier = TIER_SWEEP;
	err = open_tiers(t, &list, &in);
	btf__free(btf);
	if (o->tier == TIER_SWEEP && !err)
		because(t, "asked for by --tier");
	return err;
}

int tracer_open(struct tracer *t, const struct tracer_options *o)
{
	int err;

	memset(t, 0, sizeof(*t));
	t->epoll = -1;
	t->home_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	t->start_ns = now_ns();
	libbpf_set_print(libbpf_talk);
	lift_memlock();
	err = open_all(t, o);
	if (!err) {
		err = watch_ring(t);
		if (err)
			warn_line("%s", strerror(-err));
	}
	if (err)
		tracer_close(t);
	return err;
}

void tracer_close(struct tracer *t)
{
	unload(t);
	if (t->epoll >= 0)
		close(t->epoll);
	if (t->home_netns >= 0)
		close(t->home_netns);
	memset(t, 0, sizeof(*t));
	t->epoll = t->home_netns = -1;
}

long tracer_drain(struct tracer *t, ring_fn fn, void *ctx, long max)
{
	return ring_drain(&t->ring, fn, ctx, max);
}

int tracer_catch_up(struct tracer *t, ring_fn fn, void *ctx)
{
	return ring_catch_up(&t->ring, fn, ctx);
}

int tracer_wait(struct tracer *t, bool busy, int timeout_ms)
{
	volatile __u32 *mode = &t->skel->bss->wake_mode;
	struct epoll_event ev;
	int n = 0;

	*mode = busy ? WAKE_QUARTER : WAKE_ANY;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (busy && (timeout_ms < 0 || timeout_ms > NAP_MS))
		timeout_ms = NAP_MS;
	/* what came before the mode was set wakes nobody */
	if (busy || ring_empty(&t->ring))
		n = epoll_wait(t->epoll, &ev, 1, timeout_ms);
	*mode = WAKE_NEVER;
	return n == 1 && ev.data.fd != t->ring.fd ? ev.data.fd : -1;
}

/*
 * What an interrupt brings while a program runs on that CPU is not shown to the
 * program: the kernel counts those calls (recursion_misses, Linux 5.12,
 * 9ed9e9ba2337), each a transition of whatever socket it was, or a timer that
 * may have been a small socket's.
 */
static __u64 misses_of(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		return 0;
	return info.recursion_misses;
}

/* Of the transitions: the second program took nearly all of those (see again.bpf.h). */
static __u64 missed_steps(const struct tracer *t)
{
	const volatile struct counters *c = &t->skel->bss->counters;
	__u64 again = c->again;
	__u64 missed = misses_of(t->skel->progs.set_state);

	/* one that is being taken is in the first figure only */
	missed = missed > again ? missed - again : 0;
	missed += c->lost[LOST_INTERRUPTED];
	return missed > t->lost_told[LOST_INTERRUPTED] ? missed : t->lost_told[LOST_INTERRUPTED];
}

bool tracer_unseen(struct tracer *t)
{
	struct bpf_program *prog;
	__u64 misses = 0;
	bool more;

	bpf_object__for_each_program(prog, t->skel->obj)
	{
		if (bpf_program__autoload(prog) && prog != t->skel->progs.set_state &&
		    prog != t->skel->progs.set_state_again)
			misses += misses_of(prog);
	}
	more = misses != t->unseen;
	t->unseen = misses;
	return more;
}

__u64 tracer_lost(struct tracer *t, enum lost_cause cause)
{
	volatile __u64 *total = &t->skel->bss->counters.lost[cause];
	__u64 now = cause == LOST_INTERRUPTED ? missed_steps(t) : *total;
	__u64 more = now - t->lost_told[cause];

	t->lost_told[cause] = now;
	return more;
}

void tracer_repeat_ident(struct tracer *t, bool repeat)
{
	t->skel->bss->repeat_ident = repeat;
}

struct req_counts tracer_requests(struct tracer *t)
{
	const volatile struct counters *c = &t->skel->bss->counters;

	return (struct req_counts){c->req_born, c->req_done, c->req_unshown};
}

bool tracer_held(struct tracer *t)
{
	volatile __u64 *held = &t->skel->bss->counters.held;
	__u64 now = *held;
	bool more = now != t->held_seen;

	t->held_seen = now;
	return more;
}
