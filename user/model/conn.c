// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One connection: its state, what is told of it, and the rules that watch its stay. */
#include "model/internal.h"

struct conn *conn_new(struct model *m, __u64 cookie)
{
	struct conn *c = table_add(&m->table, cookie);

	if (!c)
		m->no_memory = true;
	else
		m->by_state[ST_NONE]++;
	return c;
}

enum match conn_picked(const struct model *m, const struct conn *c)
{
	return m->picks ? m->picks(m->picks_ctx, c) : MATCH_YES;
}

static void tell_alert(struct model *m, struct conn *c, const struct rule *rule, __u64 now_ns,
		       enum alert_status status)
{
	struct alert a = {
		.conn = c,
		.rule = rule,
		.mono_ns = now_ns,
		.dwell_ns = now_ns > c->since_ns ? now_ns - c->since_ns : 0,
		.status = status,
		.by_rules = m->judging,
		.state = c->state,
		.at_least = c->at_least,
	};

	if (conn_picked(m, c) != MATCH_YES)
		return;
	if (status == ALERT_FIRING)
		m->sum.alerts++;
	TELL(m, alert, &a);
}

/* The last rule that fired for the stay; rules are in place until it ends. */
void conn_resolve(struct model *m, struct conn *c, __u64 now_ns)
{
	if (!c->level)
		return;
	tell_alert(m, c, &m->rules.rule[c->fired], now_ns, ALERT_RESOLVED);
	c->level = 0;
}

void conn_arm(struct model *m, struct conn *c, __u64 now_ns)
{
	const struct rule *next;
	__u64 dwell_ns = now_ns > c->since_ns ? now_ns - c->since_ns : 0;

	if (!m->alerts)
		return;
	next = rules_next(&m->rules, c, c->level ? dwell_ns : 0);
	if (!next) {
		deadline_clear(&m->deadlines, &m->table, c);
		return;
	}
	c->rule = next - m->rules.rule;
	if (deadline_set(&m->deadlines, &m->table, c,
			 c->since_ns + rule_stay_ns(next, c, c->state)))
		m->no_memory = true;
}

void conn_fire(struct model *m, struct conn *c, __u64 now_ns)
{
	const struct rule *rule = rules_passed(&m->rules, c, c->state, now_ns - c->since_ns);

	/* its process was known too late, or has closed it: another rule is for it */
	if (!rule) {
		conn_arm(m, c, now_ns);
		return;
	}
	/* of a socket that was there before, the graver threshold may be behind too */
	c->fired = rule - m->rules.rule;
	c->level++;
	tell_alert(m, c, &m->rules.rule[c->fired], now_ns, ALERT_FIRING);
	conn_arm(m, c, now_ns);
}

/* Of a socket from before the start it is not known who opened it; but a port is either chosen or
 * listened at. */
static bool was_accepted(struct model *m, const struct conn *c)
{
	unsigned int open = ROLE_OPEN(c->roles);

	return open == ROLE_PASSIVE || (open == ROLE_UNKNOWN && listened_at(m, &c->ident));
}

/* A port that this side chose, or may have. */
static void count_port(struct model *m, struct conn *c)
{
	if (!m->pressure || c->port_service || !c->ident.lport || c->half_open ||
	    c->state == ST_LISTEN || !pressure_in_range(m->pressure, &c->ident) ||
	    was_accepted(m, c))
		return;
	c->port_service = pressure_add(m->pressure, &c->ident);
}

void conn_state(struct model *m, struct conn *c, unsigned int state, __u64 since_ns, bool at_least)
{
	if (state == ST_LISTEN && c->state != ST_LISTEN)
		listener_add(m, c);
	conn_resolve(m, c, since_ns);
	m->by_state[c->state]--;
	m->by_state[state]++;
	small_waits(m, c, -1);
	c->state = state;
	c->since_ns = since_ns;
	c->at_least = at_least;
	small_waits(m, c, 1);
	count_port(m, c);
	conn_arm(m, c, since_ns);
}

static bool wanted(const struct model *m, const struct transition *t)
{
	return filter_step(&m->filter, t->from, t->to, t->dwell_ns);
}

static void tell_step(struct model *m, struct transition *t)
{
	if (wanted(m, t) && !model_full(m)) {
		m->sum.transitions++;
		TELL(m, transition, t);
	}
}

/* The SYN_SENT that a filter on its local port did not know what to do with. */
static void tell_late(struct model *m, struct conn *c)
{
	struct transition t = {
		.conn = c,
		.mono_ns = c->since_ns,
		.from = ST_CLOSE,
		.to = ST_SYN_SENT,
		.first = true,
	};
	__u8 roles = c->roles;

	c->untold = false;
	c->roles = ROLES(ROLE_ACTIVE, 0);
	tell_step(m, &t);
	c->roles = roles;
}

void conn_tell(struct model *m, struct conn *c, struct transition *t)
{
	enum match match = conn_picked(m, c);

	if (match != MATCH_YES) {
		c->untold = match == MATCH_LATER && t->first && t->to == ST_SYN_SENT;
		return;
	}
	if (c->untold)
		tell_late(m, c);
	t->conn = c;
	t->over = t->first ? NULL : rules_passed(&m->rules, c, t->from, t->dwell_ns);
	tell_step(m, t);
}

void conn_step(struct model *m, struct conn *c, struct transition *t)
{
	conn_tell(m, c, t);
	conn_state(m, c, t->to, t->mono_ns, false);
}

void conn_forget(struct model *m, struct conn *c, __u64 now_ns)
{
	conn_resolve(m, c, now_ns);
	reuse_unlink(m, c);
	deadline_clear(&m->deadlines, &m->table, c);
	m->by_state[c->state]--;
	if (c->port_service)
		pressure_del(m->pressure, c->port_service);
	m->n_small -= c->small;
	small_waits(m, c, -1);
	m->n_limbo -= c->in_limbo;
	m->n_half_open -= c->half_open;
	m->n_swept_half_open -= c->half_open && c->end_via == VIA_SWEEP;
	m->n_set_aside -= c->set_aside && c->cookie & SET_ASIDE;
	table_del(&m->table, c);
}
