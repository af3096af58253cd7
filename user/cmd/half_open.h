/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The handshakes of a run that never completed, most of which are not shown in a flood. */
#ifndef TCPDWELL_CMD_HALF_OPEN_H
#define TCPDWELL_CMD_HALF_OPEN_H

#include "kern/tracer.h"
#include "model/model.h"

/*
 * At the end, when all that can be told has been: counts them into the model's
 * summary, where the kernel side does, and says on stderr how many are not shown.
 */
void half_open_sum_up(struct tracer *t, struct model *m);

#endif
