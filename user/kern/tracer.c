// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "kern/tracer.h"
#include "tcpdwell.skel.h"
#include "util/log.h"

/* A batch is collected for so long: under the 50 ms in which a transition is printed. */
#define NAP_MS 30

static int libbpf_talk(enum libbpf_print_level level, const char *fmt, va_list args)
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
static __u64 jiffy_ns(void)
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

static void reason(struct tracer *t, const char *text)
{
	snprintf(t->tier_reason, sizeof(t->tier_reason), "%s", text);
}

/* The tier to use, by what the kernel allows.  -EOPNOTSUPP: the one that was asked for can't be had. */
static int plan_tier(struct tracer *t, enum tier wanted)
{
	if (wanted == TIER_SWEEP) {
		t->tier = TIER_SWEEP;
		reason(t, "asked for by --tier");
		return 0;
	}
	if (wanted == TIER_FENTRY) {
		warn_line("--tier fentry: this build has no fentry programs");
		return -EOPNOTSUPP;
	}
	if (has_kernel_symbol("tw_timer_handler")) {
		t->tier = TIER_TIMER;
		return 0;
	}
	reason(t, "/proc/kallsyms does not tell the address of tw_timer_handler");
	if (wanted == TIER_TIMER) {
		warn_line("--tier timer: %s", t->tier_reason);
		return -EOPNOTSUPP;
	}
	t->tier = TIER_SWEEP;
	return 0;
}

static void configure(struct tracer *t, const struct tracer_options *o, __u32 size)
{
	struct config *c = (struct config *)&t->skel->rodata->config;

	c->filter = o->filter;
	c->flow_filter = filter_by_flow(&o->filter);
	c->step_filter = o->filter.states || o->filter.min_dwell_ns;
	c->keep_ends = 1;
	c->jiffy_ns = jiffy_ns();
	c->start_ns = t->start_ns;
	c->ring_quarter = size / 4;
}

static void choose_programs(struct tracer *t, const struct tracer_options *o)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, t->skel->obj) {
		const char *section = bpf_program__section_name(prog);
		bool timer = strstr(section, "timer_") != NULL;
		bool iter = !strncmp(section, "iter", 4);

		if (o->no_stream && !iter)
			bpf_program__set_autoload(prog, false);
		if (timer && t->tier != TIER_TIMER)
			bpf_program__set_autoload(prog, false);
	}
}

static int explain(int err)
{
	if (err == -EPERM || err == -EACCES) {
		warn_line("the kernel does not allow this: run it as root, or with CAP_BPF, "
			  "CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_PTRACE and CAP_SYS_ADMIN");
		return -EPERM;
	}
	if (!has_kernel_btf()) {
		warn_line("this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs one built "
			  "with CONFIG_DEBUG_INFO_BTF=y, Linux 5.10 or newer");
		return -EOPNOTSUPP;
	}
	warn_line("the kernel did not take the BPF programs: %s (tcpdwell doctor says more)",
		  strerror(-err));
	return err == -ENOMEM ? err : -EOPNOTSUPP;
}

static int load(struct tracer *t, const struct tracer_options *o)
{
	__u32 size = ring_size(o->buffer_size ? o->buffer_size : BUFFER_SIZE_DEFAULT);
	int err;

	t->skel = tcpdwell_bpf__open();
	if (!t->skel)
		return -errno;
	err = bpf_map__set_max_entries(t->skel->maps.events, size);
	if (err)
		return err;
	configure(t, o, size);
	choose_programs(t, o);
	err = tcpdwell_bpf__load(t->skel);
	if (err)
		return err;
	return ring_open(&t->ring, bpf_map__fd(t->skel->maps.events), size);
}

/* The small sockets' programs first: a birth must not be missed before the end that it explains. */
static int attach(struct tracer *t)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, t->skel->obj) {
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

int tracer_open(struct tracer *t, const struct tracer_options *o)
{
	int err;

	memset(t, 0, sizeof(*t));
	t->epoll = -1;
	t->home_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	t->start_ns = now_ns();
	libbpf_set_print(libbpf_talk);
	lift_memlock();
	err = plan_tier(t, o->tier);
	if (err)
		goto fail;
	err = load(t, o);
	if (!err)
		err = attach(t);
	if (!err)
		err = watch_ring(t);
	if (!err)
		return 0;
	err = explain(err);
fail:
	tracer_close(t);
	return err;
}

void tracer_close(struct tracer *t)
{
	for (unsigned int i = 0; i < t->n_links; i++)
		bpf_link__destroy(t->link[i]);
	bpf_link__destroy(t->claim_link);
	bpf_link__destroy(t->list_link);
	ring_close(&t->ring);
	tcpdwell_bpf__destroy(t->skel);
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

void tracer_wait(struct tracer *t, bool busy, int timeout_ms)
{
	volatile __u32 *mode = &t->skel->bss->wake_mode;
	struct epoll_event ev;

	*mode = busy ? WAKE_QUARTER : WAKE_ANY;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (busy && (timeout_ms < 0 || timeout_ms > NAP_MS))
		timeout_ms = NAP_MS;
	/* what came before the mode was set wakes nobody */
	if (busy || ring_empty(&t->ring))
		epoll_wait(t->epoll, &ev, 1, timeout_ms);
	*mode = WAKE_NEVER;
}

__u64 tracer_lost(struct tracer *t, enum lost_cause cause)
{
	volatile __u64 *total = &t->skel->bss->counters.lost[cause];
	__u64 now = *total;
	__u64 more = now - t->lost_told[cause];

	t->lost_told[cause] = now;
	return more;
}

bool tracer_held(struct tracer *t)
{
	volatile __u64 *held = &t->skel->bss->counters.held;
	__u64 now = *held;
	bool more = now != t->held_seen;

	t->held_seen = now;
	return more;
}
