// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A running tracer: its records, its sleep, what it lost. */
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
#include <bpf/libbpf.h>

#include "kern/load.h"
#include "kern/tracer.h"
#include "tcpdwell.skel.h"
#include "util/files.h"
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

/* Kernels before 5.11 charge maps to RLIMIT_MEMLOCK. */
static void lift_memlock(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &all);
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

void tracer_explain_rows(int err)
{
	warn_line("the sockets that are there could not be read: %s", files_strerror(-err));
	if (err == -EPERM)
		tracer_explain(err);
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
	libbpf_set_print(libbpf_talk);
	lift_memlock();
	err = tracer_load(t, o);
	if (!err) {
		t->skel->bss->start_ns = t->start_ns = now_ns();
		err = watch_ring(t);
		if (err)
			warn_line("%s", files_strerror(-err));
	}
	if (err)
		tracer_close(t);
	return err;
}

void tracer_close(struct tracer *t)
{
	tracer_unload(t);
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
	__u64 again = c->again - t->told_twice;
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
	bool more;

	t->skel->bss->wake_for_held = 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	more = *held != t->held_seen;
	if (more)
		t->skel->bss->wake_for_held = 0;
	t->held_seen = *held;
	return more;
}

/* connect() has its port some microseconds after SYN_SENT; and of so many one is old. */
#define HELD_LONG_NS 100000000ULL
#define HELD_LOOKS 256

bool tracer_holds(struct tracer *t, __u64 now_ns)
{
	int fd = bpf_map__fd(t->skel->maps.held_syns);
	__u64 cookie, *last = NULL;
	struct held_syn syn;

	/* else they are held in socket storage */
	if (!t->skel->rodata->config.stream)
		return true;
	for (int i = 0; i < HELD_LOOKS; i++) {
		if (bpf_map_get_next_key(fd, last, &cookie))
			return false;
		if (!bpf_map_lookup_elem(fd, &cookie, &syn) && now_ns > syn.since_ns + HELD_LONG_NS)
			return true;
		last = &cookie;
	}
	return true;
}
