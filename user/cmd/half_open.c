// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/half_open.h"
#include "util/log.h"

static void count_request(void *ctx, const struct row_sock *row)
{
	*(__u64 *)ctx += row->kind == ROW_REQUEST && !(row->flags & ROW_FILTERED);
}

/*
 * Handshakes that failed: those that began, less those that became connections or
 * still may, whose number is the result.
 */
static __u64 count_half_open(struct tracer *t, struct model *m)
{
	struct req_counts now = tracer_requests(t);
	__u64 failed = now.born - now.done, waiting = 0;

	if (t->tier == TIER_SWEEP || !now.born || now.born <= now.done)
		return 0;
	tracer_rows(t, false, count_request, &waiting);
	/* what was there before the start may be among the waiting */
	m->sum.half_open = failed > waiting ? failed - waiting : 0;
	return waiting;
}

/* Most of those that are passed over become connections, and are shown as these.  Sweeps do not
 * count: what one has passed over the next may show. */
static void tell_unshown(struct tracer *t, const struct model *m, __u64 shown, __u64 waiting)
{
	__u64 passed = tracer_requests(t).unshown + m->unshown;
	__u64 all = m->sum.half_open + waiting;

	if (!passed)
		return;
	if (m->half_open_swept)
		warn_line("half-open connections came too fast to show them all: "
			  "one was passed over %llu times",
			  passed);
	else if (all > shown)
		warn_line("half-open connections came too fast to show them all: "
			  "%llu of %llu are not shown",
			  all - shown, all);
}

void half_open_sum_up(struct tracer *t, struct model *m)
{
	__u64 shown = m->sum.half_open + m->n_half_open;

	tell_unshown(t, m, shown, count_half_open(t, m));
}
