/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter in front of a replay, which live is the kernel side's: see bpf/step.bpf.h. */
#ifndef TCPDWELL_REC_SIFT_H
#define TCPDWELL_REC_SIFT_H

#include "model/model.h"
#include "rec/event.h"

struct sift {
	struct filter filter;
	bool active;
	/* A cgroup is asked for by its path, or a part of it from the root on, or its number. */
	const char *cgroup[FILTER_MAX];
	unsigned int n_cgroup;
	const char *(*cgroup_path)(__u64 id);
};

/* Whether the model is to be told of it.  It may be changed: see there. */
bool sift_event(const struct sift *s, const struct model *m, struct rec_event *e);

#endif
