/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules of `watch`: defaults, its file, --max; read again on SIGHUP. */
#ifndef TCPDWELL_CMD_RELOAD_H
#define TCPDWELL_CMD_RELOAD_H

#include "cmd/alarm.h"
#include "cmd/options.h"
#include "cmd/run.h"

struct reload {
	const char *path; /* NULL: no file */
	const struct options *o;
	struct run *run;
	struct alarm *alarm;
	int hup; /* signalfd, or -1 */
};

/* Puts together the rules.  0 or -errno; the message is out. */
int rules_build(const char *path, const struct options *o, struct rules *rules);

/* Reads the file again on each SIGHUP; a bad one leaves the rules as they are.  0 or -errno. */
int reload_init(struct reload *l, struct run *r, struct alarm *a, const char *path,
		const struct options *o);
void reload_free(struct reload *l);

#endif
