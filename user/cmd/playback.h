/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A recording through a model: what `replay` and `report` have in common. */
#ifndef TCPDWELL_CMD_PLAYBACK_H
#define TCPDWELL_CMD_PLAYBACK_H

#include "cmd/options.h"
#include "rec/player.h"

/* How often progress and the output are seen to. */
#define PLAYBACK_EVERY 4096 /* events */

struct playback {
	struct model model;
	struct reader reader;
	struct player player;
	const struct options *o;
	__u64 events;
	bool ready; /* head of the recording read, the output made */
	/* What the recording is of, once; its texts are safe for a terminal.  Adds the sinks.  0 or
	 * an exit status. */
	int (*begin)(void *ctx, const struct rec_meta *m);
	/* After each event.  0, -errno of the output, or 1 to stop. */
	int (*after)(void *ctx);
	void *ctx;
};

/* The path of a cgroup, as the recording has it, or NULL; of the one playback there is. */
const char *playback_cgroup(__u64 id);

/* Whether a signal to end came since playback_open(). */
bool playback_stopped(void);

/* Opens the files and sets the model up, with alerts.  0 or an exit status; the message is out. */
int playback_open(struct playback *p, const struct options *o, char *const *files, unsigned int n);

/* All events, to the summary.  0 or an exit status, the message is out; *err: what after() gave. */
int playback_run(struct playback *p, int *err);

/* Says what was wrong with it, if anything was: an exit status. */
int playback_status(const struct playback *p);

void playback_close(struct playback *p);

#endif
