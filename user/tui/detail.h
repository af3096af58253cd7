/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One connection, looked at: its life so far, what the kernel keeps of it, who holds it. */
#ifndef TCPDWELL_TUI_DETAIL_H
#define TCPDWELL_TUI_DETAIL_H

#include "tui/page.h"
#include "tui/source.h"

#define DETAIL_STEPS 32
#define DETAIL_HOLDERS 64

struct detail {
	struct conn conn; /* as it was last */
	bool gone;
	bool cut; /* steps before these are not known */
	unsigned int n_steps;
	struct life_step step[DETAIL_STEPS];
	struct sock_end end; /* once gone, where that was seen */
	bool ended;

	/* what was read from the kernel, and when */
	__u64 read_ns; /* 0: nothing yet */
	bool have_row;
	struct row_sock row;
	bool have_holders;
	char why_no_holders[128];
	struct holder holder[DETAIL_HOLDERS];
	__u32 n_holders;       /* may be more than there is room for */
	const char *diagnosis; /* in words, or NULL */
	const char *cgroup;    /* path, or NULL; from outside */
};

void detail_open(struct detail *d, const struct source *s, const struct conn *c);

/* A transition, of whatever socket. */
void detail_step(struct detail *d, const struct transition *t);

/* What has changed in the table. */
void detail_follow(struct detail *d, const struct source *s);

/* mono_to_real_ns: CLOCK_REALTIME - CLOCK_MONOTONIC; width: of the lines, in columns. */
void detail_page(struct page *p, const struct detail *d, const struct source *s,
		 __s64 mono_to_real_ns, unsigned int width);

#endif
