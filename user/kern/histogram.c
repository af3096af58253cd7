// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "config.h"
#include "hist.h"
#include "hist.skel.h" /* wants both */
#include "kern/features.h"
#include "kern/histogram.h"
#include "kern/tracer.h"
#include "util/log.h"

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

__attribute__((format(printf, 2, 0))) static int libbpf_talk(enum libbpf_print_level level,
							     const char *fmt, va_list args)
{
	if (!log_is_verbose() || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, fmt, args);
}

static void find_small(struct histograms *h)
{
	h->small = has_kernel_symbol("tw_timer_handler");
	if (!h->small)
		snprintf(h->why_not_small, sizeof(h->why_not_small),
			 "/proc/kallsyms does not tell the address of tw_timer_handler");
}

static bool can_cast(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool can = btf && has_rdonly_cast(btf);

	btf__free(btf);
	return can;
}

static void configure(struct histograms *h, const struct filter *f)
{
	struct config *c = (struct config *)&h->skel->rodata->config;
	struct hist_config *own = (struct hist_config *)&h->skel->rodata->hist;

	c->filter = *f;
	c->flow_filter = filter_by_flow(f);
	c->jiffy_ns = kernel_jiffy_ns();
	c->casts = can_cast();
	own->by = h->by;
	own->small = h->small;
	own->by_owner = h->by == HIST_BY_PROCESS || filter_by_owner(f);
	/* a small socket knows its peer, and not which of its ports is the service's */
	own->keep_small =
		own->by_owner || f->n_cgroup || h->by == HIST_BY_PORT || h->by == HIST_BY_CGROUP;
	own->slots = h->slots;
	h->skel->bss->counters.slots = HIST_SLOTS_FIXED;
}

static int size_maps(struct histograms *h)
{
	__u32 groups = h->by == HIST_BY_STATE ? 1 : h->slots;
	int err = bpf_map__set_max_entries(h->skel->maps.rows, h->slots * HIST_ROWS);

	if (!err)
		err = bpf_map__set_max_entries(h->skel->maps.groups, groups);
	if (!err)
		err = bpf_map__set_max_entries(h->skel->maps.given, groups);
	return err;
}

static void choose_programs(struct histograms *h)
{
	bool by_owner = h->skel->rodata->hist.by_owner;

	bpf_program__set_autoload(h->skel->progs.hist_timer_start, h->small);
	bpf_program__set_autoload(h->skel->progs.hist_timer_cancel, h->small);
	bpf_program__set_autoload(h->skel->progs.hist_timer_expire, h->small);
	bpf_program__set_autoload(h->skel->progs.hist_look, h->small);
	bpf_program__set_autoattach(h->skel->progs.hist_look, false);
	bpf_program__set_autoload(h->skel->progs.hist_claim, by_owner);
}

/* The iterators hand nothing over: to be run is all that they are for. */
static int run_iterator(const struct bpf_link *link)
{
	char none[64];
	ssize_t n;
	int fd;

	if (!link)
		return 0;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		return fd;
	do {
		n = read(fd, none, sizeof(none));
	} while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	close(fd);
	return n < 0 ? -errno : 0;
}

/* The one that goes through a map has to be told which. */
static int attach_look(struct histograms *h)
{
	union bpf_iter_link_info info = {.map.map_fd = bpf_map__fd(h->skel->maps.smalls)};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));

	if (!h->small)
		return 0;
	h->look = bpf_program__attach_iter(h->skel->progs.hist_look, &opts);
	return h->look ? 0 : -errno;
}

static int map_rows(struct histograms *h)
{
	int fd = bpf_map__fd(h->skel->maps.rows);
	void *rows;

	h->rows_size = (size_t)h->slots * HIST_ROWS * sizeof(struct hist_row);
	rows = mmap(NULL, h->rows_size, PROT_READ, MAP_SHARED, fd, 0);
	if (rows == MAP_FAILED)
		return -errno;
	h->rows = rows;
	return 0;
}

static int load(struct histograms *h, const struct filter *f)
{
	int err;

	h->skel = hist_bpf__open();
	if (!h->skel)
		return -errno;
	configure(h, f);
	choose_programs(h);
	err = size_maps(h);
	if (!err)
		err = hist_bpf__load(h->skel);
	if (!err)
		err = hist_bpf__attach(h->skel);
	if (!err)
		err = attach_look(h);
	if (!err)
		err = map_rows(h);
	return err ? err : run_iterator(h->skel->links.hist_claim);
}

int histograms_open(struct histograms *h, const struct filter *f, enum hist_by by)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	int cpus = libbpf_num_possible_cpus();
	int err;

	memset(h, 0, sizeof(*h));
	if (cpus < 0)
		return tracer_explain(cpus);
	libbpf_set_print(libbpf_talk);
	setrlimit(RLIMIT_MEMLOCK, &all); /* kernels before 5.11 charge maps to it */
	h->by = by;
	h->slots = by == HIST_BY_STATE ? (__u32)cpus : HIST_GROUPS + HIST_SLOTS_FIXED;
	find_small(h);
	err = load(h, f);
	if (err) {
		histograms_close(h);
		return tracer_explain(err);
	}
	h->start_ns = now_ns();
	return 0;
}

void histograms_close(struct histograms *h)
{
	if (h->rows)
		munmap((void *)h->rows, h->rows_size);
	bpf_link__destroy(h->look);
	hist_bpf__destroy(h->skel);
	memset(h, 0, sizeof(*h));
}

/* Transitions that the kernel did not show, but for those that the second program took: see
 * missed_steps() in tracer.c. */
static __u64 interrupted(const struct histograms *h)
{
	__u64 again = h->skel->bss->counters.again;
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(h->skel->progs.hist_set_state), &info, &len))
		return 0;
	return info.recursion_misses > again ? info.recursion_misses - again : 0;
}

static void read_groups(struct histograms *h, struct hist_view *v)
{
	int fd = bpf_map__fd(h->skel->maps.groups);
	struct hist_group g, *before = NULL;
	__u32 slot;

	for (__u32 i = 0; i < h->slots && !bpf_map_get_next_key(fd, before, &g); i++) {
		before = &g;
		if (!bpf_map_lookup_elem(fd, &g, &slot) && slot < v->n)
			v->entry[slot].group = g;
	}
}

static void read_rows(const struct histograms *h, struct hist_view *v)
{
	__u32 given = h->skel->bss->counters.slots;

	for (__u32 slot = 0; slot < h->slots; slot++) {
		struct hist_entry *e = &v->entry[h->by == HIST_BY_STATE ? 0 : slot];

		if (h->by != HIST_BY_STATE && slot > given)
			return;
		for (int row = 0; row < HIST_ROWS; row++)
			histogram_add(&e->row[row], &h->rows[slot * HIST_ROWS + row]);
	}
}

int histograms_read(struct histograms *h, struct hist_view *v)
{
	int err = run_iterator(h->look);

	if (!err)
		err = hist_view_init(v, h->by, h->by == HIST_BY_STATE ? 1 : h->slots);
	if (err)
		return err;
	for (__u32 i = 0; i < v->n; i++)
		v->entry[i].slot = i;
	for (int why = 0; why < HIST_NMISSED; why++)
		v->missed[why] = h->skel->bss->counters.missed[why];
	v->missed[HIST_SKIPPED] += interrupted(h);
	v->mono_ns = now_ns();
	v->span_ns = v->mono_ns - h->start_ns;
	read_rows(h, v);
	if (h->by != HIST_BY_STATE)
		read_groups(h, v);
	return 0;
}
