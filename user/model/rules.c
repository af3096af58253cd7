// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "model/names.h"
#include "model/rules.h"

#define SEC 1000000000ULL
/* TCP_TIMEWAIT_LEN in include/net/tcp.h */
#define TIME_WAIT_NS (60 * SEC)
/* The buckets of the timer wheel are as wide as an eighth of what is put there
 * (kernel/time/timer.c). */
#define WHEEL_LATE_NS (TIME_WAIT_NS / 8)

/* A request_sock is in SYN_RECEIVED as much as a socket is. */
static unsigned int rule_state(unsigned int state)
{
	return state == ST_NEW_SYN_RECV ? ST_SYN_RECV : state;
}

/* The article's name in lower case: stable, and fit for a metric's label. */
static void rule_name(struct rule *rule, const char *suffix)
{
	const char *name = state_name(NAMES_ARTICLE, rule->state);
	size_t n = 0;

	for (; *name && n < RULE_NAME_LEN - 1; name++)
		rule->name[n++] = *name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name;
	for (; *suffix && n < RULE_NAME_LEN - 1; suffix++)
		rule->name[n++] = *suffix;
	rule->name[n] = '\0';
}

static void rule_add(struct rules *r, unsigned int state, __u64 threshold_ns, int step)
{
	struct rule *rule = &r->rule[r->n++];

	memset(rule, 0, sizeof(*rule));
	rule->state = state;
	rule->threshold_ns = threshold_ns;
	rule->step = step;
	rule_name(rule, step ? "_2msl" : "");
}

void rules_default(struct rules *r)
{
	r->n = 0;
	rule_add(r, ST_CLOSE_WAIT, 60 * SEC, 0);
	/* Linux: TCP_TIMEWAIT_LEN is 60 s; what is longer was armed again. */
	rule_add(r, ST_TIME_WAIT, 61 * SEC, 0);
	/* RFC 793 section 3.3: MSL is two minutes; the article has the four. */
	rule_add(r, ST_TIME_WAIT, 240 * SEC, 1);
}

static void rules_drop(struct rules *r, unsigned int state)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < r->n; i++) {
		if (r->rule[i].state == state)
			continue;
		if (kept != i)
			r->rule[kept] = r->rule[i];
		kept++;
	}
	r->n = kept;
}

static unsigned int rules_count(const struct rules *r, unsigned int state)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->n; i++)
		n += r->rule[i].state == state;
	return n;
}

int rules_set(struct rules *r, unsigned int state, __u64 threshold_ns)
{
	state = rule_state(state);
	if (state == ST_NONE || state == ST_CLOSE || state >= ST_NEW_SYN_RECV)
		return -EINVAL;
	if (r->n == RULES_MAX && !rules_count(r, state))
		return -ENOSPC;
	rules_drop(r, state);
	rule_add(r, state, threshold_ns, 0);
	return 0;
}

/* The depth of a cgroup is not known here: only the cgroup itself fits. */
static bool fits_cgroup(const struct filter *f, __u64 id)
{
	for (int i = 0; i < FILTER_MAX && i < f->n_cgroup; i++)
		if (f->cgroup[i].id == id)
			return true;
	return !f->n_cgroup;
}

static bool fits(const struct rule *rule, const struct conn *c)
{
	const struct sock_ident *id = &c->ident;
	struct flow w = {
		.lport = id->lport,
		.rport = id->rport,
		.netns = id->netns,
		.family = id->family,
	};

	if (!rule->narrow)
		return true;
	memcpy(w.laddr, id->laddr, sizeof(w.laddr));
	memcpy(w.raddr, id->raddr, sizeof(w.raddr));
	return filter_flow(&rule->filter, &w) == MATCH_YES &&
	       filter_owner(&rule->filter, &id->owner) && fits_cgroup(&rule->filter, id->cgroup);
}

/*
 * Whether narrowed rules decide for this socket: one that fits puts all general
 * ones of the state aside, also where its threshold is the larger one.
 */
static bool narrowed(const struct rules *r, const struct conn *c, unsigned int state)
{
	for (unsigned int i = 0; i < r->n; i++)
		if (r->rule[i].narrow && r->rule[i].state == state && fits(&r->rule[i], c))
			return true;
	return false;
}

static bool applies(const struct rule *rule, const struct conn *c, unsigned int state, bool narrow)
{
	return rule->state == state && rule->narrow == narrow && fits(rule, c);
}

__u64 rule_stay_ns(const struct rule *rule, const struct conn *c, unsigned int state)
{
	__u64 late_ns = TIME_WAIT_NS + WHEEL_LATE_NS;

	if (state != ST_TIME_WAIT || c->rearms || rule->threshold_ns <= TIME_WAIT_NS)
		return rule->threshold_ns;
	return rule->threshold_ns > late_ns ? rule->threshold_ns : late_ns;
}

const struct rule *rules_next(const struct rules *r, const struct conn *c, __u64 dwell_ns)
{
	unsigned int state = rule_state(c->state);
	bool narrow = narrowed(r, c, state);
	const struct rule *best = NULL;

	for (unsigned int i = 0; i < r->n; i++) {
		const struct rule *rule = &r->rule[i];

		if (rule->threshold_ns > dwell_ns && applies(rule, c, state, narrow) &&
		    (!best || rule->threshold_ns < best->threshold_ns))
			best = rule;
	}
	return best;
}

const struct rule *rules_passed(const struct rules *r, const struct conn *c, unsigned int state,
				__u64 dwell_ns)
{
	bool narrow = narrowed(r, c, rule_state(state));
	const struct rule *best = NULL;

	for (unsigned int i = 0; i < r->n; i++) {
		const struct rule *rule = &r->rule[i];

		if (rule_stay_ns(rule, c, state) <= dwell_ns &&
		    applies(rule, c, rule_state(state), narrow) &&
		    (!best || rule->threshold_ns > best->threshold_ns))
			best = rule;
	}
	return best;
}
