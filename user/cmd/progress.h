/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One line on stderr that says how far long work is, while stderr is a terminal. */
#ifndef TCPDWELL_CMD_PROGRESS_H
#define TCPDWELL_CMD_PROGRESS_H

#include <stdbool.h>
#include <linux/types.h>

struct progress {
	bool on;
	bool shown;
	__u64 began_ns, shown_ns;
};

void progress_begin(struct progress *p);

/* Whether it is time to write the line anew: never of what takes no longer than two seconds. */
bool progress_due(struct progress *p);

/* Wipes the line. */
void progress_end(struct progress *p);

#endif
