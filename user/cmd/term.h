/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The terminal that stdout is, if it is one. */
#ifndef TCPDWELL_CMD_TERM_H
#define TCPDWELL_CMD_TERM_H

#include <stdbool.h>

#include "out/out.h"

/* Columns; 0: stdout is no terminal. */
unsigned int term_width(void);

/* Lines; 0: stdout is no terminal. */
unsigned int term_height(void);

/* Whether this is a terminal that takes escape sequences, which TERM=dumb denies. */
bool term_erases(int fd);

/* What a command that prints once or live hands to its output: stdout, stderr, width, colour,
 * clock. */
struct out_options term_output(enum name_set names);

/* Says that the output failed by this -errno; -ETIMEDOUT: as obuf_stop_on() has it. */
void term_not_written(int err);

#endif
