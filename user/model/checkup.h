/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was found when this host was looked over (`tcpdwell doctor`). */
#ifndef TCPDWELL_MODEL_CHECKUP_H
#define TCPDWELL_MODEL_CHECKUP_H

#include <stdbool.h>

#define FINDINGS_MAX 32

struct finding {
	const char *id;	  /* "ring_buffer", for programs */
	const char *name; /* for people */
	const char *lost; /* what is lost without it */
	bool usable;
	bool needed;	/* nothing goes without it */
	int err;	/* 0, or -errno as the kernel gave it */
	char value[64]; /* what there is, "" where there is no more to say than usable or not */
	char why[192];	/* the error, "" for none */
};

/* All text from outside is printable ASCII. */
struct checkup {
	char kernel[72]; /* release */
	char arch[72];
	struct finding finding[FINDINGS_MAX];
	unsigned int n;
	bool can_trace;	       /* the tracer was loaded and attached, and could read */
	const char *tier;      /* in use, NULL when it can't trace */
	char tier_reason[192]; /* why it is not a better one, "" when it is the best */
};

#endif
