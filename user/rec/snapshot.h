/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a model knows, as rows that another one can begin with. */
#ifndef TCPDWELL_REC_SNAPSHOT_H
#define TCPDWELL_REC_SNAPSHOT_H

#include "model/model.h"

void snapshot_rows(const struct model *m, __u64 now_ns,
		   void (*put)(void *ctx, const struct row_sock *row), void *ctx);

#endif
