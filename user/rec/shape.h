/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an event is, apart from its numbers: a kind of event, and what goes with it. */
#ifndef TCPDWELL_REC_SHAPE_H
#define TCPDWELL_REC_SHAPE_H

#include "rec/event.h"

union shape {
	__u8 b[8];
	__u64 key;
};

/* Of an event whose body is what its kind has in struct rec_event. */
union shape shape_of(unsigned int kind, const void *body);

/* The event that has this shape, all else 0. */
void shape_to(const __u8 b[8], struct rec_event *e);

#endif
