/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Distributions that the kernel side counts (bpf/hist.bpf.c), loaded, attached and read. */
#ifndef TCPDWELL_KERN_HISTOGRAM_H
#define TCPDWELL_KERN_HISTOGRAM_H

#include <stdbool.h>

#include "model/histogram.h"

struct hist_bpf;
struct bpf_link;
struct filter;

/* Groups that have rows of their own; 20 KiB each. */
#define HIST_GROUPS 512

struct histograms {
	struct hist_bpf *skel;
	struct bpf_link *look; /* at the small sockets, before a view */
	enum hist_by by;
	__u32 slots;
	const volatile struct hist_row *rows; /* slots * HIST_ROWS of them, the kernel's own */
	size_t rows_size;
	bool small;		 /* timers tell of TIMED_WAIT, and of FIN_WAIT_2 to its end */
	char why_not_small[128]; /* "" */
	__u64 start_ns;
};

/*
 * Loads and attaches.  0, or as tracer_open(), which see also for the message.
 */
int histograms_open(struct histograms *h, const struct filter *f, enum hist_by by);
void histograms_close(struct histograms *h);

/* All that was counted since the start.  Into v, which hist_view_free() frees.  0 or -errno. */
int histograms_read(struct histograms *h, struct hist_view *v);

#endif
