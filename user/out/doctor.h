/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The output of `tcpdwell doctor`. */
#ifndef TCPDWELL_OUT_DOCTOR_H
#define TCPDWELL_OUT_DOCTOR_H

#include "model/checkup.h"
#include "out/buf.h"
#include "out/out.h"

/* A line a finding, what is lost below those that are not usable, and the verdict. */
void doctor_text(struct obuf *b, const struct checkup *c, const struct out_options *o);

/* One object. */
void doctor_json(struct obuf *b, const struct checkup *c);

#endif
