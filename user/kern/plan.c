// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>
#include <string.h>

#include "kern/plan.h"

/* A program of the fentry tier, and how many arguments its function must have; 0: any. */
static const struct hook {
	const char *program;
	const char *function;
	int arity;
} hooks[] = {
	{"tw_born", "inet_twsk_hashdance", 0},
	{"tw_born_schedule", "inet_twsk_hashdance_schedule", 0},
	{"tw_served3", "tcp_timewait_state_process", 3},
	{"tw_served4", "tcp_timewait_state_process", 4},
	{"tw_served5", "tcp_timewait_state_process", 5},
	{"tw_stopped", "inet_twsk_deschedule_put", 0},
	{"tw_killed", "inet_twsk_kill", 0},
	{"accepted4", "inet_csk_accept", 4},
	{"accepted2", "inet_csk_accept", 2},
};

#define N_HOOKS (sizeof(hooks) / sizeof(*hooks))

static bool fits(const struct plan_input *in, const struct hook *h)
{
	int arity = in->arity(in->ctx, h->function);

	return arity >= 0 && (!h->arity || arity == h->arity);
}

static const struct hook *hook_of(const char *program)
{
	for (size_t i = 0; i < N_HOOKS; i++)
		if (!strcmp(hooks[i].program, program))
			return &hooks[i];
	return NULL;
}

bool plan_wants(const struct plan_input *in, const char *program)
{
	const struct hook *h = hook_of(program);

	if (!strcmp(program, "list_socks") || !strcmp(program, "claim_socks"))
		return true;
	if (!in->stream)
		return false;
	/* such a kernel calls a program that runs already, too */
	if (in->own_ids && !strcmp(program, "set_state_again"))
		return false;
	if (h)
		return in->tier == TIER_FENTRY && fits(in, h);
	if (!strncmp(program, "timer_", 6))
		return in->tier == TIER_TIMER ||
		       (in->requests && (in->tier == TIER_FENTRY || in->own_ids));
	return true;
}

/* inet_twsk_hashdance() became inet_twsk_hashdance_schedule(): one of them is enough. */
const char *plan_missing_function(const struct plan_input *in)
{
	static const char *const needed[] = {"inet_twsk_deschedule_put", "inet_twsk_kill"};
	static const char served[] = "tcp_timewait_state_process";
	int arity = in->arity(in->ctx, served);

	/* see the programs tw_served3 to tw_served5 */
	if (arity < 3 || arity > 5)
		return served;

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (in->arity(in->ctx, needed[i]) < 0)
			return needed[i];
	if (in->arity(in->ctx, "inet_twsk_hashdance") < 0 &&
	    in->arity(in->ctx, "inet_twsk_hashdance_schedule") < 0)
		return "inet_twsk_hashdance";
	return NULL;
}
