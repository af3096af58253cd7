// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/histogram.h"

int hist_view_init(struct hist_view *v, enum hist_by by, __u32 n)
{
	memset(v, 0, sizeof(*v));
	v->entry = calloc(n, sizeof(*v->entry));
	if (!v->entry)
		return -ENOMEM;
	v->by = by;
	v->n = n;
	return 0;
}

void hist_view_free(struct hist_view *v)
{
	free(v->entry);
	memset(v, 0, sizeof(*v));
}

static void entry_less(struct hist_entry *e, struct hist_entry *before)
{
	struct hist_row was;

	for (int row = 0; row < HIST_ROWS; row++) {
		was = e->row[row];
		histogram_less(&e->row[row], &before->row[row]);
		before->row[row] = was;
	}
}

void hist_view_less(struct hist_view *v, struct hist_view *before)
{
	for (__u32 i = 0; i < v->n && i < before->n; i++)
		entry_less(&v->entry[i], &before->entry[i]);
	for (int why = 0; why < HIST_NMISSED; why++) {
		__u64 was = v->missed[why];

		v->missed[why] -= before->missed[why];
		before->missed[why] = was;
	}
	v->span_ns = v->mono_ns - before->mono_ns;
	before->mono_ns = v->mono_ns;
}

/*
 * Order
 */

struct ranked {
	__u32 index;
	bool grouped;
	__u64 count;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->grouped != y->grouped)
		return x->grouped ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static __u64 entry_count(const struct hist_entry *e)
{
	__u64 count = 0;

	for (int row = 0; row < HIST_ROWS; row++)
		count += histogram_count(&e->row[row]);
	return count;
}

__u32 hist_view_order(const struct hist_view *v, __u32 *order)
{
	struct ranked *r = calloc(v->n, sizeof(*r));
	__u32 n = 0;

	for (__u32 i = 0; r && i < v->n; i++) {
		r[n].index = i;
		r[n].grouped = v->entry[i].slot >= HIST_SLOTS_FIXED;
		r[n].count = entry_count(&v->entry[i]);
		n += r[n].count > 0;
	}
	if (r)
		qsort(r, n, sizeof(*r), by_rank);
	for (__u32 i = 0; i < n; i++)
		order[i] = r[i].index;
	free(r);
	return n;
}

/*
 * One distribution
 */

void histogram_add(struct hist_row *to, const volatile struct hist_row *more)
{
	__u64 max_ns = more->max_ns;

	for (int i = 0; i < HIST_BUCKETS; i++)
		to->count[i] += more->count[i];
	if (max_ns > to->max_ns)
		to->max_ns = max_ns;
}

/* The bucket of the longest; -1: there is none. */
static int top_bucket(const struct hist_row *h)
{
	int i = HIST_BUCKETS - 1;

	while (i >= 0 && !h->count[i])
		i--;
	return i;
}

static __u64 middle(int bucket)
{
	__u64 from = hist_from(bucket), last = hist_from(bucket + 1) - 1;

	return from + (last - from) / 2;
}

void histogram_less(struct hist_row *h, const struct hist_row *before)
{
	int top;

	for (int i = 0; i < HIST_BUCKETS; i++)
		h->count[i] -= before->count[i];
	top = top_bucket(h);
	if (top < 0)
		h->max_ns = 0;
	else if (h->max_ns == before->max_ns && hist_bucket(h->max_ns) != (unsigned int)top)
		h->max_ns = middle(top);
}

__u64 histogram_count(const struct hist_row *h)
{
	__u64 count = 0;

	for (int i = 0; i < HIST_BUCKETS; i++)
		count += h->count[i];
	return count;
}

/* ceil(count * of_1000 / 1000), without overflow. */
static __u64 rank_of(__u64 count, unsigned int of_1000)
{
	__u64 rank = count / 1000 * of_1000 + (count % 1000 * of_1000 + 999) / 1000;

	return rank ? rank : 1;
}

__u64 histogram_percentile(const struct hist_row *h, unsigned int of_1000)
{
	__u64 rank = rank_of(histogram_count(h), of_1000), seen = 0;

	for (int i = 0; i < HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank)
			return middle(i) < h->max_ns ? middle(i) : h->max_ns;
	}
	return 0;
}

struct hist_stats histogram_stats(const struct hist_row *h)
{
	return (struct hist_stats){
		.count = histogram_count(h),
		.p50_ns = histogram_percentile(h, 500),
		.p90_ns = histogram_percentile(h, 900),
		.p99_ns = histogram_percentile(h, 990),
		.p999_ns = histogram_percentile(h, 999),
		.max_ns = h->max_ns,
	};
}

/*
 * Names
 */

int hist_row_at(unsigned int rank)
{
	static const __s8 rows[] = {
		ST_SYN_SENT,  ST_SYN_RECV,   ST_ESTABLISHED, ST_FIN_WAIT1, ST_FIN_WAIT2, ST_CLOSING,
		ST_TIME_WAIT, ST_CLOSE_WAIT, ST_LAST_ACK,    ST_LISTEN,	   HIST_AGE,
	};

	return rank < sizeof(rows) ? rows[rank] : -1;
}

static const char *const by_names[HIST_NBYS] = {
	[HIST_BY_STATE] = "state", [HIST_BY_PORT] = "port",	[HIST_BY_PROCESS] = "process",
	[HIST_BY_PEER] = "peer",   [HIST_BY_CGROUP] = "cgroup",
};

const char *hist_by_name(enum hist_by by)
{
	return by < HIST_NBYS ? by_names[by] : "?";
}

int hist_by_named(const char *name)
{
	for (int i = 0; i < HIST_NBYS; i++)
		if (!strcmp(name, by_names[i]))
			return i;
	return -1;
}

static const struct {
	const char *name, *text;
} missed[HIST_NMISSED] = {
	[HIST_BEFORE] = {"before", "stays that began before the start"},
	[HIST_UNSURE] = {"unsure", "handshakes without a time: a SYN cookie, TCP Fast Open, or "
				   "the SYN-ACK was sent again and no timer told"},
	[HIST_SKIPPED] = {"interrupted", "transitions that the kernel did not show (lost)"},
	[HIST_FULL] = {"full", "for lack of room: over 262,144 sockets at a time (lost)"},
	[HIST_SMALL_FULL] = {"small_full", "ends of FIN_WAIT_2: over 131,072 of its sockets at a "
					   "time (lost)"},
	[HIST_SMALL_UNSEEN] = {"small_unseen",
			       "of FIN_WAIT_2, whose end this kernel does not tell"},
};

const char *hist_missed_name(enum hist_missed why)
{
	return missed[why].name;
}

const char *hist_missed_text(enum hist_missed why)
{
	return missed[why].text;
}
