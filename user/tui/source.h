/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sockets that a screen shows: the model's, or a copy of them that stands still. */
#ifndef TCPDWELL_TUI_SOURCE_H
#define TCPDWELL_TUI_SOURCE_H

#include "filter.h"
#include "model/names.h"
#include "model/rules.h"
#include "model/table.h"
#include "tui/life.h"

struct source {
	const struct table *table;
	const struct lives *lives;
	const struct rules *rules;
	const struct filter *filter; /* which are shown: state and least stay count here */
	enum name_set names;
	bool utf8; /* what the terminal takes; else ASCII */
	__u64 now_ns;
};

/* Time in the state, 0 where its begin is not known. */
static inline __u64 stay_ns(const struct source *s, const struct conn *c)
{
	return c->since_ns && s->now_ns > c->since_ns ? s->now_ns - c->since_ns : 0;
}

/* A state by the number under which it is shown: a request_sock is in SYN_RECEIVED too. */
static inline unsigned int shown_state(unsigned int state)
{
	return state == ST_NEW_SYN_RECV ? ST_SYN_RECV : state;
}

/* The rule that the stay has passed, or NULL: that is a stuck socket. */
static inline const struct rule *stuck_by(const struct source *s, const struct conn *c)
{
	return rules_passed(s->rules, c, c->state, stay_ns(s, c));
}

/* A copy of the sockets and their lives, under slots of its own. */
struct still {
	struct table table;
	struct lives lives;
};

/* 0 or -ENOMEM, and nothing is there then. */
int still_take(struct still *still, const struct source *of);
void still_free(struct still *still);

#endif
