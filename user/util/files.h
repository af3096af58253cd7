/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many files this process may have open: RLIMIT_NOFILE. */
#ifndef TCPDWELL_UTIL_FILES_H
#define TCPDWELL_UTIL_FILES_H

#include <stdbool.h>

/*
 * As many as the hard limit allows: each network namespace of the host takes
 * one for a moment, and the soft limit is there for programs with select(2).
 */
void files_raise(void);

/* For a command that is run: what there was before files_raise(). */
void files_restore(void);

/* Whether there may be so many; if not, the message is out. */
bool files_enough(unsigned int n);

/* Whether an errno says that there are too many. */
bool files_too_many(int err);

/* strerror(), and of files_too_many() how many there may be.  Valid until the next call. */
const char *files_strerror(int err);

#endif
