// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/met.h"
#include "rec/recorder.h"
#include "rec/snapshot.h"
#include "util/log.h"

/* What a recorder that is killed may lose is less than a second. */
#define BLOCK_NS 900000000ULL

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void end_block(struct recorder *r)
{
	if (!r->err && r->codec->events)
		r->err = writer_block(&r->writer, r->codec);
	if (!r->err)
		r->transitions += r->codec->transitions;
	codec_begin(r->codec);
	r->block_ns = 0;
}

static void put(struct recorder *r, unsigned int kind, const void *body)
{
	if (r->err)
		return;
	if (!r->block_ns)
		r->block_ns = now_ns();
	codec_put(r->codec, kind, body);
	if (codec_size(r->codec) >= BLOCK_RAW)
		end_block(r);
}

void recorder_record(struct recorder *r, const void *rec, size_t size)
{
	const __u8 *kind = rec;

	if (is_record(rec, size))
		put(r, *kind, rec);
}

void recorder_row(struct recorder *r, const struct row_sock *row)
{
	if (model_row_news(r->model, row))
		put(r, EV_ROW, row);
}

void recorder_at(struct recorder *r, enum rec_event_kind kind, __u64 at_ns, __u64 value,
		 __u64 value2)
{
	struct rec_at at = {.now_ns = at_ns, .value = value, .value2 = value2};

	put(r, kind, &at);
}

void recorder_resync_end(struct recorder *r, __u64 at_ns)
{
	const struct conn *c;
	__u32 slot = 0;

	while ((c = model_next_unmet(r->model, &slot)))
		recorder_at(r, EV_UNMET, c->seen_ns, c->cookie, c->missed);
	recorder_at(r, EV_RESYNC_END, at_ns, r->model->overflow_ns, 0);
}

void recorder_tick(struct recorder *r, __u64 at_ns)
{
	if (model_due(r->model) <= at_ns)
		recorder_at(r, EV_TICK, at_ns, 0, 0);
}

/* What each file begins with. */
static void begin_file(struct recorder *r)
{
	put(r, EV_META, &r->meta);
	for (unsigned int i = 0; i < r->n_netns; i++)
		put(r, EV_NETNS, &r->netns[i]);
}

static void put_row(void *ctx, const struct row_sock *row)
{
	put(ctx, EV_ROW, row);
}

static void next_file(struct recorder *r, __u64 at_ns)
{
	recorder_at(r, EV_END, at_ns, 1, 0);
	end_block(r);
	if (!r->err)
		r->err = writer_rotate(&r->writer);
	r->file_ns = at_ns;
	begin_file(r);
	recorder_at(r, EV_SNAPSHOT, at_ns, 0, 0);
	snapshot_rows(r->model, at_ns, put_row, r);
	recorder_at(r, EV_SNAPSHOT_END, at_ns, 0, 0);
	end_block(r);
	r->known_size = r->writer.size;
}

/* Where what each begins with is as large as a file may be, half of it is news all the same. */
static bool is_large(const struct recorder *r)
{
	__u64 most = r->writer.o.rotate_size;

	return most && r->writer.size >= most && r->writer.size >= 2 * r->known_size;
}

static bool file_is_full(const struct recorder *r, __u64 at_ns)
{
	const struct writer_options *o = &r->writer.o;

	return is_large(r) || (o->rotate_every_ns && at_ns - r->file_ns >= o->rotate_every_ns);
}

/* The model has been told of all that was put: only here a snapshot is what it says. */
static int on_flush(struct sink *s)
{
	struct recorder *r = (struct recorder *)s;
	__u64 at_ns = now_ns();

	if (!r->err && r->block_ns && at_ns - r->block_ns >= BLOCK_NS)
		end_block(r);
	if (!r->err && r->model->started && file_is_full(r, at_ns))
		next_file(r, at_ns);
	/* the message is out */
	return r->err ? -ECANCELED : 0;
}

static const struct sink_ops recorder_ops = {.flush = on_flush};

__u64 recorder_due(const struct recorder *r)
{
	return r->block_ns ? r->block_ns + BLOCK_NS : UINT64_MAX;
}

int recorder_open(struct recorder *r, const struct writer_options *o, const struct rec_meta *meta,
		  struct rec_netns *names, unsigned int n_names, struct model *model)
{
	memset(r, 0, sizeof(*r));
	r->sink.ops = &recorder_ops;
	r->model = model;
	r->meta = *meta;
	r->netns = names;
	r->n_netns = n_names;
	r->writer.fd = -1;
	r->codec = malloc(sizeof(*r->codec));
	r->err = r->codec ? codec_init(r->codec, true) : -ENOMEM;
	if (r->err) {
		warn_line("%s", strerror(-r->err));
		free(r->codec);
		r->codec = NULL;
		return r->err;
	}
	codec_begin(r->codec);
	r->err = writer_open(&r->writer, o);
	r->file_ns = now_ns();
	begin_file(r);
	return r->err;
}

int recorder_close(struct recorder *r)
{
	int err;

	if (!r->codec)
		return r->err;
	recorder_at(r, EV_END, now_ns(), 0, 0);
	end_block(r);
	err = writer_close(&r->writer);
	codec_free(r->codec);
	free(r->codec);
	r->codec = NULL;
	return r->err ? r->err : err;
}

static __u64 mix(__u64 h, const void *data, size_t len)
{
	const __u8 *p = data;

	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

__u64 rules_fingerprint(const struct rules *r)
{
	__u64 h = 0xcbf29ce484222325ULL;

	for (unsigned int i = 0; i < r->n; i++) {
		const struct rule *rule = &r->rule[i];

		h = mix(h, &rule->threshold_ns, sizeof(rule->threshold_ns));
		h = mix(h, &rule->state, sizeof(rule->state));
		h = mix(h, &rule->step, sizeof(rule->step));
		if (rule->narrow)
			h = mix(h, &rule->filter, sizeof(rule->filter));
	}
	return h;
}
