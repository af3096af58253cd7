// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tui/screen.h"
#include "tui/text.h"
#include "tui/top.h"

#define SECOND_NS 1000000000ULL
/* With very many sockets they are looked at less often: they may take so much of a core. */
#define SCAN_SHARE 100

static __u64 clock_now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

/*
 * The sink
 */

static void say_shown(struct top *t, const struct hello *h)
{
	snprintf(t->shown, sizeof(t->shown), "%s%s in %u network namespace%s%s%s%s",
		 h->filter ? "TCP sockets with " : "all TCP sockets", h->filter ? h->filter : "",
		 h->n_netns, h->n_netns == 1 ? "" : "s",
		 t->model->half_open ? "" : "; not: failed handshakes",
		 h->tier_reason ? "; not the best tier, " : "",
		 h->tier_reason ? h->tier_reason : "");
}

static void take_hello(struct sink *s, const struct hello *h)
{
	struct top *t = (struct top *)s;
	char host[65] = "";

	gethostname(host, sizeof(host) - 1);
	*put_text(t->host, &t->live, host, strlen(host)) = '\0';
	*put_text(t->kernel, &t->live, h->kernel, strnlen(h->kernel, 64)) = '\0';
	snprintf(t->tier, sizeof(t->tier), "%s", h->tier);
	say_shown(t, h);
	t->begun_ns = t->before_ns = t->live.now_ns = h->mono_ns;
}

static void take_transition(struct sink *s, const struct transition *transition)
{
	struct top *t = (struct top *)s;

	flow_count(&t->counts, transition);
	life_push(&t->lives, transition);
	if (t->ui.mode == UI_DETAIL && !t->ui.frozen)
		detail_step(&t->detail, transition);
}

static void take_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	(void)cause;
	(void)mono_ns;
	((struct top *)s)->lost += count;
}

static const struct sink_ops ops = {
	.hello = take_hello,
	.transition = take_transition,
	.lost = take_lost,
};

int top_init(struct top *t, const struct top_options *o, const struct model *m)
{
	int err = 0;

	memset(t, 0, sizeof(*t));
	t->sink.ops = &ops;
	t->o = *o;
	t->model = m;
	t->live = (struct source){
		.table = &m->table,
		.lives = &t->lives,
		.rules = &m->rules,
		.filter = &t->o.filter,
		.names = o->names,
	};
	for (int by = 0; by < GROUPINGS && !err; by++)
		err = tally_init(&t->groups[by], by);
	return err;
}

void top_free(struct top *t)
{
	for (int by = 0; by < GROUPINGS; by++)
		tally_free(&t->groups[by]);
	still_free(&t->still);
	lives_free(&t->lives);
	view_free(&t->view);
}

/*
 * What there is to paint
 */

/* Those that are not shown too: what has changed within a minute needs all of it. */
static void begin_groups(struct top *t, struct tally *of[GROUPINGS])
{
	of[BY_NONE] = NULL;
	for (int by = BY_NONE + 1; by < GROUPINGS; by++) {
		of[by] = &t->groups[by];
		tally_begin(of[by]);
	}
}

static void settle_list(struct top *t)
{
	struct source *s = top_source(t);
	size_t place;

	t->ui.n = t->ui.grouping ? t->groups[t->ui.grouping].n_order : t->view.n;
	if (t->ui.moved && !t->ui.grouping) {
		place = view_place(&t->view, s, t->selected);
		if (place < t->view.n)
			t->ui.cursor = place;
	}
	ui_settle(&t->ui);
}

static void scan(struct top *t)
{
	struct source *s = top_source(t);
	struct tally *of[GROUPINGS];
	__u64 began_ns = clock_now(CLOCK_THREAD_CPUTIME_ID);

	t->view.sort = t->ui.sort;
	t->view.reverse = t->ui.reverse;
	begin_groups(t, of);
	view_scan(&t->view, s, &t->ui.query, of);
	for (int by = 0; by < GROUPINGS; by++)
		if (of[by])
			tally_end(of[by], s->now_ns);
	settle_list(t);
	t->scan_due_ns = clock_now(CLOCK_MONOTONIC) +
			 SCAN_SHARE * (clock_now(CLOCK_THREAD_CPUTIME_ID) - began_ns);
}

static void measure_rates(struct top *t, __u64 now_ns)
{
	flow_rates(&t->rates, &t->counts, &t->before, now_ns - t->before_ns);
	t->before = t->counts;
	t->before_ns = now_ns;
}

static void hold_on(struct top *t)
{
	if (t->ui.grouping || t->ui.cursor >= t->view.n)
		return;
	view_order(&t->view, top_source(t), t->ui.cursor, t->ui.cursor + 1);
	t->selected = view_at(&t->view, top_source(t), t->ui.cursor)->cookie;
}

static void read_detail(struct top *t)
{
	if (t->detail.gone || !t->o.read)
		return;
	t->o.read(t->o.read_ctx, &t->detail);
	t->detail.read_ns = clock_now(CLOCK_MONOTONIC);
}

static void open_socket(struct top *t)
{
	hold_on(t);
	t->ui.moved = true;
	detail_open(&t->detail, top_source(t), view_at(&t->view, top_source(t), t->ui.cursor));
	t->ui.mode = UI_DETAIL;
	t->ui.scroll = 0;
	read_detail(t);
}

static void open_group(struct top *t)
{
	struct tally *g = &t->groups[t->ui.grouping];
	const struct bunch *group;
	char name[OWNER_ROOM + FMT_ADDR_MAX];
	size_t keep;

	tally_order(g, t->ui.cursor, t->ui.cursor + 1);
	group = tally_at(g, t->ui.cursor);
	*put_group_name(name, top_source(t), g->by, &group->key, group->comm, &keep) = '\0';
	snprintf(t->group_name, sizeof(t->group_name), "%.*s",
		 (int)term_fit(name, strlen(name), sizeof(t->group_name) / 4), name);
	ui_into_group(&t->ui, g->by, &group->key);
	scan(t);
}

static void freeze(struct top *t)
{
	if (t->ui.frozen) {
		t->ui.frozen = false;
		still_free(&t->still);
		return;
	}
	if (still_take(&t->still, &t->live)) {
		top_note(t, "there is not enough memory to freeze so many sockets");
		return;
	}
	t->frozen = t->live;
	t->frozen.table = &t->still.table;
	t->frozen.lives = &t->still.lives;
	t->ui.frozen = true;
}

/* What happened while it was frozen is in the socket's life, if it still has one. */
static void thaw_detail(struct top *t)
{
	const struct conn *c = table_find(t->live.table, t->detail.conn.cookie);

	if (t->ui.frozen || t->ui.mode != UI_DETAIL)
		return;
	if (!c) {
		t->detail.gone = true;
		return;
	}
	detail_open(&t->detail, &t->live, c);
	read_detail(t);
}

static void obey(struct top *t, unsigned int asks)
{
	if (asks & ASK_QUIT)
		t->quit = true;
	if (asks & ASK_OPEN && t->ui.grouping)
		open_group(t);
	else if (asks & ASK_OPEN)
		open_socket(t);
	if (asks & ASK_READ)
		read_detail(t);
	if (asks & ASK_FREEZE) {
		freeze(t);
		thaw_detail(t);
		scan(t);
	}
	if (asks & ASK_SCAN)
		scan(t);
	if (asks & ASK_REPAINT)
		screen_repaint();
}

static bool take_keys(struct top *t)
{
	bool any = false;
	int key;

	while (!t->quit && (key = screen_key()) != -1) {
		size_t cursor = t->ui.cursor;

		any = true;
		obey(t, ui_key(&t->ui, key));
		if (t->ui.cursor != cursor)
			hold_on(t);
	}
	return any;
}

static void paint(struct top *t)
{
	if (t->ui.mode == UI_DETAIL)
		detail_follow(&t->detail, top_source(t));
	top_paint(t);
}

void top_begin(struct top *t)
{
	t->painted = true;
	t->live.utf8 = screen_utf8();
	t->cost.since_ns = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	layout_fit(&t->layout, 24, 80);
	scan(t);
	paint(t);
}

void top_resized(struct top *t)
{
	paint(t);
	settle_list(t);
	paint(t);
}

void top_keys(void *ctx)
{
	__u64 began_ns = clock_now(CLOCK_THREAD_CPUTIME_ID);
	struct top *t = ctx;

	if (take_keys(t) && !t->quit)
		paint(t);
	t->cost.screen += clock_now(CLOCK_THREAD_CPUTIME_ID) - began_ns;
}

__u64 top_each(void *ctx, __u64 now_ns)
{
	struct top *t = ctx;
	__u64 began_ns;

	if (!t->painted || now_ns < t->next_ns)
		return t->next_ns;
	began_ns = clock_now(CLOCK_THREAD_CPUTIME_ID);
	t->live.now_ns = now_ns;
	/* records can come so fast that the descriptors get no turn */
	take_keys(t);
	if (!t->ui.frozen) {
		measure_rates(t, now_ns);
		if (now_ns >= t->scan_due_ns)
			scan(t);
	}
	if (!t->quit)
		paint(t);
	t->next_ns = now_ns + t->o.interval_ns;
	t->cost.screen += clock_now(CLOCK_THREAD_CPUTIME_ID) - began_ns;
	t->cost.all = clock_now(CLOCK_PROCESS_CPUTIME_ID) - t->cost.since_ns;
	return t->next_ns;
}

void top_note(struct top *t, const char *text)
{
	size_t n = strlen(text), fits = sizeof(t->note) / TERM_ESCAPE_MAX - 1;

	*put_text(t->note, &t->live, text, n < fits ? n : fits) = '\0';
}
