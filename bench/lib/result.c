// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>

#include "result.h"

void result_add(struct row *row, const struct sample *s, const struct sample *before,
		const struct sample *after)
{
	double rate = (before->rate + after->rate) / 2;
	double quiet = (before->quiet + after->quiet) / 2;
	double quiet_ns = (before->quiet_ns + after->quiet_ns) / 2;
	double v[FIGURES] = {
		[FIG_RATE] = s->rate,		[FIG_KEPT] = s->rate / rate,
		[FIG_QUIET] = s->quiet / quiet, [FIG_ADDED] = s->quiet_ns - quiet_ns,
		[FIG_BPF] = s->bpf_ns,		[FIG_READER] = s->reader_ns,
		[FIG_PEAK] = s->peak_kb,	[FIG_LOST] = s->lost,
		[FIG_MISSING] = s->missing,	[FIG_BYTES] = s->bytes,
	};

	for (int i = 0; i < FIGURES; i++)
		if (!isnan(v[i]))
			series_add(&row->fig[i], v[i]);
	row->progs = s->progs;
	row->timed_transitions = s->timed_transitions;
}

double median_of(const struct result *r, enum subject_id id, enum figure fig)
{
	return series_median(&r->row[id].fig[fig]);
}
