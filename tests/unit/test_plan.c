// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which programs are loaded, by what the BTF of kernels says. */
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include "kern/plan.h"

/* Functions and the number of their arguments; an absent one ends the list. */
struct kernel {
	const char *name;
	struct function {
		const char *name;
		int arity;
	} function[8];
};

static const struct kernel v5_10 = {
	"5.10",
	{{"inet_twsk_hashdance", 3},
	 {"tcp_timewait_state_process", 3},
	 {"inet_twsk_deschedule_put", 1},
	 {"inet_twsk_kill", 1},
	 {"inet_csk_accept", 4}},
};

static const struct kernel v6_1 = {
	"6.1",
	{{"inet_twsk_hashdance", 3},
	 {"tcp_timewait_state_process", 3},
	 {"inet_twsk_deschedule_put", 1},
	 {"inet_twsk_kill", 1},
	 {"inet_csk_accept", 4}},
};

static const struct kernel v6_12 = {
	"6.12",
	{{"inet_twsk_hashdance_schedule", 4},
	 {"tcp_timewait_state_process", 4},
	 {"inet_twsk_deschedule_put", 1},
	 {"inet_twsk_kill", 1},
	 {"inet_csk_accept", 2}},
};

static const struct kernel v7 = {
	"7.x",
	{{"inet_twsk_hashdance_schedule", 4},
	 {"tcp_timewait_state_process", 5},
	 {"inet_twsk_deschedule_put", 1},
	 {"inet_twsk_kill", 1},
	 {"inet_csk_accept", 2}},
};

static const struct kernel bare = {"bare", {{0}}};

static int arity_of(void *ctx, const char *function)
{
	const struct kernel *k = ctx;

	for (const struct function *f = k->function; f->name; f++)
		if (!strcmp(f->name, function))
			return f->arity;
	return -ENOENT;
}

static struct plan_input input(const struct kernel *k, enum tier tier)
{
	return (struct plan_input){
		.tier = tier,
		.stream = true,
		.requests = true,
		.arity = arity_of,
		.ctx = (void *)k,
	};
}

static const char *const programs[] = {
	"set_state",	"receive_reset", "send_reset",	     "timer_start", "timer_cancel",
	"timer_expire", "tw_born",	 "tw_born_schedule", "tw_served3",  "tw_served4",
	"tw_served5",	"tw_stopped",	 "tw_killed",	     "accepted4",   "accepted2",
	"list_socks",	"claim_socks",	 "set_state_again",
};

/* Exactly these of all programs, in their order. */
static void wants(const struct plan_input *in, const char *want)
{
	const struct kernel *k = in->ctx;
	char got[512] = "";

	for (size_t i = 0; i < N(programs); i++) {
		if (!plan_wants(in, programs[i]))
			continue;
		strcat(got, *got ? " " : "");
		strcat(got, programs[i]);
	}
	if (strcmp(got, want))
		fail_msg("%s, tier %s: '%s', not '%s'", k->name, tier_name(in->tier), got, want);
}

#define ALWAYS "set_state receive_reset send_reset "
#define TIMERS "timer_start timer_cancel timer_expire "
#define ROWS_ONLY "list_socks claim_socks"
#define ROWS ROWS_ONLY " set_state_again"

static void fentry_wants(const struct kernel *k, const char *hooks)
{
	struct plan_input in = input(k, TIER_FENTRY);
	char want[512];

	snprintf(want, sizeof(want), ALWAYS TIMERS "%s " ROWS, hooks);
	assert_null(plan_missing_function(&in));
	wants(&in, want);
	/* the timers are for half-open connections here */
	in.requests = false;
	snprintf(want, sizeof(want), ALWAYS "%s " ROWS, hooks);
	wants(&in, want);
}

static void fentry(void **unused)
{
	(void)unused;
	fentry_wants(&v5_10, "tw_born tw_served3 tw_stopped tw_killed accepted4");
	fentry_wants(&v6_1, "tw_born tw_served3 tw_stopped tw_killed accepted4");
	fentry_wants(&v6_12, "tw_born_schedule tw_served4 tw_stopped tw_killed accepted2");
	fentry_wants(&v7, "tw_born_schedule tw_served5 tw_stopped tw_killed accepted2");
}

static void timer(void **unused)
{
	static const struct kernel *const kernels[] = {&v5_10, &v6_1, &v6_12, &v7, &bare};

	(void)unused;
	for (size_t i = 0; i < N(kernels); i++) {
		struct plan_input in = input(kernels[i], TIER_TIMER);

		wants(&in, ALWAYS TIMERS ROWS);
		in.requests = false;
		wants(&in, ALWAYS TIMERS ROWS);
	}
}

static void sweep(void **unused)
{
	struct plan_input in = input(&v6_12, TIER_SWEEP);

	(void)unused;
	wants(&in, ALWAYS ROWS);
	in.stream = false;
	wants(&in, ROWS_ONLY);
	in.tier = TIER_FENTRY;
	wants(&in, ROWS_ONLY);
}

/* A request_sock's timer tells the listener there; nothing is kept from a running program. */
static void own_ids(void **unused)
{
	struct plan_input in = input(&v5_10, TIER_SWEEP);

	(void)unused;
	in.own_ids = true;
	wants(&in, ALWAYS TIMERS ROWS_ONLY);
	in.tier = TIER_TIMER;
	wants(&in, ALWAYS TIMERS ROWS_ONLY);
	in.tier = TIER_SWEEP;
	in.requests = false;
	wants(&in, ALWAYS ROWS_ONLY);
}

/* An accept() of another signature is left out; nothing else hangs on it. */
static void accept_of_the_future(void **unused)
{
	struct kernel k = v7;
	struct plan_input in = input(&k, TIER_FENTRY);

	(void)unused;
	k.function[4].arity = 3;
	assert_null(plan_missing_function(&in));
	assert_false(plan_wants(&in, "accepted2"));
	assert_false(plan_wants(&in, "accepted4"));
	assert_true(plan_wants(&in, "tw_born_schedule"));
}

static const char *missing_without(const struct kernel *of, const char *function)
{
	struct kernel k = *of;
	struct plan_input in = input(&k, TIER_FENTRY);

	for (struct function *f = k.function; f->name; f++)
		if (!strcmp(f->name, function))
			f->name = "other";
	return plan_missing_function(&in);
}

static void missing(void **unused)
{
	struct plan_input in = input(&bare, TIER_FENTRY);

	(void)unused;
	assert_non_null(plan_missing_function(&in));
	assert_string_equal(missing_without(&v7, "tcp_timewait_state_process"),
			    "tcp_timewait_state_process");
	assert_string_equal(missing_without(&v7, "inet_twsk_deschedule_put"),
			    "inet_twsk_deschedule_put");
	assert_string_equal(missing_without(&v7, "inet_twsk_kill"), "inet_twsk_kill");
	assert_string_equal(missing_without(&v7, "inet_twsk_hashdance_schedule"),
			    "inet_twsk_hashdance");
	assert_string_equal(missing_without(&v6_1, "inet_twsk_hashdance"), "inet_twsk_hashdance");
	assert_null(missing_without(&v7, "inet_csk_accept"));
}

static void names(void **unused)
{
	(void)unused;
	for (int i = 0; i < TIER_MAX; i++)
		assert_int_equal(tier_by_name(tier_name(i)), i);
	assert_int_equal(tier_by_name("Timer"), TIER_TIMER);
	assert_int_equal(tier_by_name("kprobe"), -EINVAL);
	assert_int_equal(tier_by_name(""), -EINVAL);
	assert_string_equal(tier_name(TIER_MAX), "?");
}

static void errors(void **unused)
{
	(void)unused;
	assert_string_equal(kernel_error(-EPERM), strerror(EPERM));
	assert_null(strstr(kernel_error(-ENOTSUPP), "nknown"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fentry),
		cmocka_unit_test(timer),
		cmocka_unit_test(sweep),
		cmocka_unit_test(own_ids),
		cmocka_unit_test(accept_of_the_future),
		cmocka_unit_test(missing),
		cmocka_unit_test(names),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
