// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Other rules while sockets are in the middle of their stay. */
#include "model/internal.h"

/* The rule among the new ones by which the alert of a stay goes on, or NULL. */
static const struct rule *still_fires(const struct model *m, const struct rules *rules,
				      const struct conn *c, __u64 now_ns)
{
	const struct rule *now = rules_by_name(rules, m->rules.rule[c->fired].name);
	const struct rule *passed;

	if (!now || now->state != m->rules.rule[c->fired].state)
		return NULL;
	passed = rules_passed(rules, c, c->state, now_ns - c->since_ns);
	/* the first step of those that are passed; or the graver one, which is its second */
	return passed && passed->set == now->set && passed->step >= now->step ? now : NULL;
}

static void rejudge(struct model *m, const struct rules *rules, struct conn *c, __u64 now_ns)
{
	const struct rule *on;

	if (!c->level)
		return;
	on = still_fires(m, rules, c, now_ns);
	if (on)
		c->fired = on - rules->rule;
	else
		conn_resolve(m, c, now_ns);
}

void model_set_rules(struct model *m, const struct rules *rules, __u64 now_ns)
{
	struct conn *c;
	__u32 slot = 0;

	m->judging = true;
	while ((c = table_next(&m->table, &slot)))
		rejudge(m, rules, c, now_ns);
	m->judging = false;
	m->rules = *rules;
	for (slot = 0; (c = table_next(&m->table, &slot));)
		conn_arm(m, c, now_ns);
}
