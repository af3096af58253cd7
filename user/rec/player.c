// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "model/met.h"
#include "rec/player.h"
#include "rec/recorder.h"

/* How much later than due a live tick is. */
#define TICK_LATE_NS 1000000ULL

static void begin(struct player *p, const struct rec_meta *meta)
{
	struct model *m = p->model;

	p->meta = *meta;
	m->small_source = meta->small_source;
	m->half_open = meta->half_open;
	/* recorders did not always say so */
	m->half_open_swept = meta->half_open > 1 || meta->small_source == SMALL_SWEEPS;
	m->start_ns = meta->start_ns;
	if (p->sift.active) {
		m->picks = sift_picks;
		m->picks_ctx = &p->sift;
	}
	p->late_rules = rules_fingerprint(&m->rules) != meta->rules;
}

static void tell_hello(struct player *p, __u64 now_ns, __u32 n_netns)
{
	const struct rec_meta *meta = &p->meta;
	struct hello h = {
		.version = meta->version,
		.kernel = meta->kernel,
		.tier = meta->tier,
		.tier_reason = *meta->tier_reason ? meta->tier_reason : NULL,
		.filter = *meta->filter ? meta->filter : NULL,
		.mono_ns = now_ns,
		.n_netns = n_netns,
	};

	p->began_ns = now_ns;
	model_hello(p->model, &h);
}

/* Where the reader starts from, or the next file that has nothing new to say. */
static void snapshot(struct player *p, __u64 now_ns)
{
	p->skip = p->model->started && !p->reader->gap;
	if (p->skip)
		return;
	p->model->drained_ns = 0;
	p->model->claims = true;
	if (p->model->started)
		model_doubt_all(p->model);
	model_resync_begin(p->model, now_ns);
}

static void snapshot_end(struct player *p, __u64 now_ns)
{
	if (!p->skip)
		model_resync_end(p->model, now_ns);
	if (!p->model->started)
		tell_hello(p, now_ns, p->meta.n_netns);
	p->skip = false;
}

static void resync(struct player *p, const struct rec_at *at)
{
	p->met = false;
	p->model->drained_ns = at->drained_ns;
	p->model->claims = at->claims;
	model_resync_begin(p->model, at->now_ns);
}

static void all_met(struct player *p)
{
	if (!p->met)
		model_met_all(p->model);
	p->met = true;
}

static void resync_end(struct player *p, const struct rec_at *at)
{
	all_met(p);
	p->model->overflow_ns = at->overflow_ns;
	model_resync_end(p->model, at->now_ns);
}

static void summary(struct player *p, __u64 duration_ns)
{
	p->over = true;
	model_summary(p->model, duration_ns);
}

/* The kernel counted all of them; what a filter leaves the model has counted. */
static void recorded_summary(struct player *p, const struct rec_at *at)
{
	__u64 since_ns = at->now_ns > p->began_ns ? at->now_ns - p->began_ns : 0;

	if (!p->sift.active)
		p->model->sum.half_open = at->half_open;
	summary(p, p->reader->files[0].index > 1 ? since_ns : at->duration_ns);
}

static void play_at(struct player *p, unsigned int kind, const struct rec_at *at)
{
	struct model *m = p->model;

	switch (kind) {
	case EV_SNAPSHOT:
		snapshot(p, at->now_ns);
		break;
	case EV_SNAPSHOT_END:
		snapshot_end(p, at->now_ns);
		break;
	case EV_RESYNC:
		resync(p, at);
		break;
	case EV_UNMET:
		all_met(p);
		model_unmet(m, at->cookie, at->now_ns, at->missed);
		break;
	case EV_RESYNC_END:
		resync_end(p, at);
		break;
	case EV_HELLO:
		tell_hello(p, at->now_ns, at->n_netns);
		break;
	case EV_LOST:
		model_lost(m, at->cause, at->count, at->now_ns);
		break;
	case EV_TICK:
		model_tick(m, at->now_ns);
		break;
	case EV_SETTLE:
		model_settle(m);
		break;
	case EV_SUMMARY:
		recorded_summary(p, at);
		break;
	}
}

/* When it happened, 0 where that says nothing. */
static __u64 event_ns(const struct rec_event *e)
{
	if (e->kind <= REC_OPEN_END)
		return e->step.mono_ns;
	if (e->kind == REC_SMALL)
		return e->small.mono_ns;
	if (e->kind == REC_REQUEST)
		return e->request.mono_ns;
	return e->kind > EV_SNAPSHOT_END && e->kind != EV_UNMET && e->kind != EV_END ? e->at.now_ns
										     : 0;
}

/* Rules that the recorder did not have were not waited for: here they are. */
static void fire_due(struct player *p, __u64 ns)
{
	__u64 due_ns;

	while ((due_ns = deadline_first(&p->model->deadlines)) < ns && due_ns + TICK_LATE_NS < ns)
		model_tick(p->model, due_ns);
}

static bool time_is_up(const struct player *p)
{
	return p->duration_ns && p->model->started && p->now_ns >= p->began_ns + p->duration_ns;
}

static void play(struct player *p, struct rec_event *e)
{
	if (e->kind <= REC_OWNER)
		model_record(p->model, &e->step, sizeof(e->open_end));
	else if (e->kind == EV_ROW)
		model_row(p->model, &e->row);
	else if (e->kind == EV_META)
		begin(p, &e->meta);
	else
		play_at(p, e->kind, &e->at);
}

int player_event(struct player *p, struct rec_event *e)
{
	__u64 ns = event_ns(e);

	if (ns > p->now_ns)
		p->now_ns = ns;
	if (time_is_up(p))
		return 1;
	p->transitions += e->kind <= REC_OPEN_END;
	if (p->late_rules && ns && p->model->started)
		fire_due(p, ns);
	if (p->skip && e->kind == EV_ROW)
		return 0;
	play(p, e);
	return p->over || model_full(p->model);
}

void player_end(struct player *p)
{
	__u64 since_ns = p->now_ns > p->began_ns ? p->now_ns - p->began_ns : 0;

	if (p->over || !p->model->started)
		return;
	if (p->duration_ns && since_ns > p->duration_ns)
		since_ns = p->duration_ns;
	if (p->late_rules || p->duration_ns)
		model_tick(p->model, p->began_ns + since_ns);
	model_settle(p->model);
	summary(p, since_ns);
}
