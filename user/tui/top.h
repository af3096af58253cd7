/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The full screen: a sink that counts, and what paints the model's table. */
#ifndef TCPDWELL_TUI_TOP_H
#define TCPDWELL_TUI_TOP_H

#include "model/model.h"
#include "tui/detail.h"
#include "tui/flow.h"
#include "tui/layout.h"
#include "tui/page.h"
#include "tui/source.h"
#include "tui/ui.h"
#include "tui/view.h"

struct top_options {
	enum name_set names;
	struct filter filter; /* of the lists: state and least stay */
	__u64 interval_ns;
	__s64 mono_to_real_ns;
	/* Fills in what the kernel and /proc know of detail.conn.  May take some time. */
	void (*read)(void *ctx, struct detail *d);
	void *read_ctx;
};

/* Processor time, in ns. */
struct top_cost {
	__u64 screen; /* what this took */
	__u64 all;    /* with the rest of the program */
	__u64 since_ns;
};

struct top {
	struct sink sink;
	struct top_options o;
	const struct model *model;
	char host[65 * 4];
	char kernel[65 * 4];
	char tier[16];
	char shown[768]; /* what is shown, and what not */
	char note[256];	 /* the last message of the program */
	__u64 begun_ns, next_ns, scan_due_ns;
	__u64 lost;

	struct flow_counts counts, before;
	struct flow_rates rates;
	__u64 before_ns;

	struct lives lives;
	struct still still; /* while ui.frozen */
	struct source live, frozen;
	struct view view;
	struct tally groups[GROUPINGS];
	struct ui ui;
	__u64 selected; /* cookie */
	char group_name[128];
	struct detail detail;
	struct page page;
	struct layout layout;
	struct top_cost cost;
	bool painted; /* the screen is ours */
	bool quit;
};

/* 0 or -ENOMEM.  Add top->sink to the model then. */
int top_init(struct top *t, const struct top_options *o, const struct model *m);
void top_free(struct top *t);

/* From here on it paints, on a screen that is open. */
void top_begin(struct top *t);

/* Once a round; when it wants to be called again. */
__u64 top_each(void *ctx, __u64 now_ns);

/* Takes the keys that are there.  t->quit after q. */
void top_keys(void *ctx);

/* The whole screen anew: its size is another, or something else was on it. */
void top_resized(struct top *t);

/* A message, for the last line. */
void top_note(struct top *t, const char *text);

/* What is to be seen: the sockets as they are, or as they were when it froze. */
static inline struct source *top_source(struct top *t)
{
	return t->ui.frozen ? &t->frozen : &t->live;
}

/* For tui/top.c: all of the screen. */
void top_paint(struct top *t);

#endif
