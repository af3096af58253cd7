/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a tracer printed. */
#ifndef BENCH_LINES_H
#define BENCH_LINES_H

#include <stdint.h>

#include "subject.h"

struct printed {
	uint64_t transitions; /* lines on sockets of the storm */
	uint64_t lost;	      /* as it says itself */
	uint64_t bytes;	      /* of these lines */
};

/* From files' begin.  threads: of the storm, each has a port of its own. */
void lines_read(int out, int err, enum subject_lines kind, unsigned int threads, struct printed *p);

#endif
