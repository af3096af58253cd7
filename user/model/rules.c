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

/* Which states have a rule: most transitions are from one that has none. */
static void changed(struct rules *r)
{
	r->states = 0;
	for (unsigned int i = 0; i < r->n; i++)
		r->states |= ST_BIT(r->rule[i].state);
}

static void rule_add(struct rules *r, unsigned int state, __u64 threshold_ns, int step)
{
	struct rule *rule = &r->rule[r->n++];

	memset(rule, 0, sizeof(*rule));
	rule->state = state;
	rule->threshold_ns = threshold_ns;
	rule->step = step;
	rule->held = r->held && state == ST_FIN_WAIT2;
	rule_name(rule, step ? "_2msl" : "");
	changed(r);
}

void rules_default(struct rules *r)
{
	memset(r, 0, sizeof(*r));
	rule_add(r, ST_CLOSE_WAIT, 60 * SEC, 0);
	/* Linux: TCP_TIMEWAIT_LEN is 60 s; what is longer was armed again. */
	rule_add(r, ST_TIME_WAIT, 61 * SEC, 0);
	/* RFC 793 section 3.3: MSL is two minutes; the article has the four. */
	rule_add(r, ST_TIME_WAIT, 240 * SEC, 1);
}

void rules_watch(struct rules *r)
{
	static const struct {
		__u8 state, sec;
	} first[] = {
		{ST_CLOSE_WAIT, 60}, {ST_FIN_WAIT2, 60}, {ST_LAST_ACK, 60},
		{ST_SYN_SENT, 20},   {ST_TIME_WAIT, 61},
	};

	memset(r, 0, sizeof(*r));
	/* a small socket is the kernel's, which ends it after tcp_fin_timeout */
	r->held = true;
	for (unsigned int i = 0; i < sizeof(first) / sizeof(*first); i++) {
		rule_add(r, first[i].state, first[i].sec * SEC, 0);
		rule_add(r, first[i].state, 240 * SEC, 1);
	}
}

/* Narrowed rules stay, unless all are to go. */
static void rules_drop(struct rules *r, unsigned int state, bool narrow_too)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < r->n; i++) {
		if (r->rule[i].state == state && (narrow_too || !r->rule[i].narrow))
			continue;
		if (kept != i)
			r->rule[kept] = r->rule[i];
		kept++;
	}
	r->n = kept;
}

static bool can_stay(unsigned int state)
{
	return state != ST_NONE && state != ST_CLOSE && state < ST_NEW_SYN_RECV;
}

static int replace(struct rules *r, unsigned int state, __u64 threshold_ns, bool narrow_too)
{
	state = rule_state(state);
	if (!can_stay(state))
		return -EINVAL;
	rules_drop(r, state, narrow_too);
	if (r->n == RULES_MAX)
		return -ENOSPC;
	rule_add(r, state, threshold_ns, 0);
	return 0;
}

int rules_set(struct rules *r, unsigned int state, __u64 threshold_ns)
{
	return replace(r, state, threshold_ns, true);
}

int rules_set_general(struct rules *r, unsigned int state, __u64 threshold_ns)
{
	return replace(r, state, threshold_ns, false);
}

/* The first threshold of a section that is not narrowed: the defaults of its state go. */
int rules_add(struct rules *r, const struct rule *rule)
{
	unsigned int state = rule_state(rule->state);

	if (!can_stay(state))
		return -EINVAL;
	if (!rule->narrow && !rule->step)
		rules_drop(r, state, false);
	if (r->n == RULES_MAX)
		return -ENOSPC;
	r->rule[r->n] = *rule;
	r->rule[r->n++].state = state;
	changed(r);
	return 0;
}

const struct rule *rules_by_name(const struct rules *r, const char *name)
{
	for (unsigned int i = 0; i < r->n; i++)
		if (!strcmp(r->rule[i].name, name))
			return &r->rule[i];
	return NULL;
}

/* Whether `path` is `top` or below it. */
static bool path_within(const char *path, const char *top)
{
	size_t n = strlen(top);

	while (n && top[n - 1] == '/')
		n--;
	return !strncmp(path, top, n) && (!path[n] || path[n] == '/');
}

/* A cgroup that is gone has no path any more, and fits no rule. */
static bool fits_path(const struct rules *r, const struct rule *rule, __u64 id)
{
	const char *path;

	if (!*rule->cgroup)
		return true;
	path = r->cgroup_path && id ? r->cgroup_path(id) : NULL;
	return path && path_within(path, rule->cgroup);
}

/* The depth of a cgroup is not known here: only the cgroup itself fits. */
static bool fits_cgroup(const struct filter *f, __u64 id)
{
	for (int i = 0; i < FILTER_MAX && i < f->n_cgroup; i++)
		if (f->cgroup[i].id == id)
			return true;
	return !f->n_cgroup;
}

static bool fits(const struct rules *r, const struct rule *rule, const struct conn *c)
{
	const struct sock_ident *id = &c->ident;
	struct flow w = {
		.lport = id->lport,
		.rport = id->rport,
		.netns = id->netns,
		.family = id->family,
	};

	if (rule->held && c->small)
		return false;
	if (!rule->narrow)
		return true;
	memcpy(w.laddr, id->laddr, sizeof(w.laddr));
	memcpy(w.raddr, id->raddr, sizeof(w.raddr));
	return filter_flow(&rule->filter, &w) == MATCH_YES &&
	       filter_owner(&rule->filter, &id->owner) && fits_cgroup(&rule->filter, id->cgroup) &&
	       fits_path(r, rule, id->cgroup);
}

/* What decides for a socket: a set of narrowed rules, or those that are not narrowed. */
struct verdict {
	unsigned int state;
	bool narrow;
	__u8 set;
};

static struct verdict judge(const struct rules *r, const struct conn *c, unsigned int state)
{
	struct verdict v = {.state = rule_state(state)};

	for (unsigned int i = 0; i < r->n; i++) {
		const struct rule *rule = &r->rule[i];

		if (!rule->narrow || rule->state != v.state || !fits(r, rule, c))
			continue;
		v.narrow = true;
		v.set = rule->set;
		break;
	}
	return v;
}

static bool applies(const struct rules *r, const struct rule *rule, const struct conn *c,
		    const struct verdict *v)
{
	return rule->state == v->state && rule->narrow == v->narrow && !rule->exempt &&
	       (!v->narrow || rule->set == v->set) && fits(r, rule, c);
}

__u64 rule_stay_ns(const struct rule *rule, const struct conn *c, unsigned int state)
{
	__u64 late_ns = TIME_WAIT_NS + WHEEL_LATE_NS;

	if (state != ST_TIME_WAIT || c->rearms || rule->threshold_ns <= TIME_WAIT_NS)
		return rule->threshold_ns;
	return rule->threshold_ns > late_ns ? rule->threshold_ns : late_ns;
}

static bool none_of(const struct rules *r, unsigned int state)
{
	return !(r->states & ST_BIT(rule_state(state)));
}

const struct rule *rules_next(const struct rules *r, const struct conn *c, __u64 dwell_ns)
{
	const struct rule *best = NULL;
	struct verdict v;

	if (none_of(r, c->state))
		return NULL;
	v = judge(r, c, c->state);
	for (unsigned int i = 0; i < r->n; i++) {
		const struct rule *rule = &r->rule[i];

		if (rule->threshold_ns > dwell_ns && applies(r, rule, c, &v) &&
		    (!best || rule->threshold_ns < best->threshold_ns))
			best = rule;
	}
	return best;
}

const struct rule *rules_passed(const struct rules *r, const struct conn *c, unsigned int state,
				__u64 dwell_ns)
{
	const struct rule *best = NULL;
	struct verdict v;

	if (none_of(r, state))
		return NULL;
	v = judge(r, c, state);
	for (unsigned int i = 0; i < r->n; i++) {
		const struct rule *rule = &r->rule[i];

		if (rule_stay_ns(rule, c, state) <= dwell_ns && applies(r, rule, c, &v) &&
		    (!best || rule->threshold_ns > best->threshold_ns))
			best = rule;
	}
	return best;
}
