/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells a model what was recorded. */
#ifndef TCPDWELL_REC_PLAYER_H
#define TCPDWELL_REC_PLAYER_H

#include "rec/read.h"
#include "rec/sift.h"

struct player {
	struct model *model;
	struct reader *reader;
	struct sift sift;
	struct rec_meta meta;
	__u64 duration_ns; /* play so much, 0: all */
	__u64 began_ns;
	__u64 now_ns;
	__u64 transitions; /* read */
	bool late_rules;   /* not those of the recording: their deadlines are not in it */
	bool skip;	   /* a snapshot is passed over */
	bool met;	   /* the end of a resync is being read */
	bool over;	   /* the summary was told */
};

/*
 * The model's rules, filter and sinks are set; its other settings are the
 * recording's.  0, or 1 when it is over.
 */
int player_event(struct player *p, struct rec_event *e);

/* After the last event: what is left to be told.  duration: of what was played. */
void player_end(struct player *p);

#endif
