// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include <errno.h>
#include "model/rules.h"

static struct rules r;

static int defaults(void **unused)
{
	(void)unused;
	rules_default(&r);
	return 0;
}

static struct conn in_state(unsigned int state)
{
	struct conn c = client_conn();

	c.state = state;
	return c;
}

static __u64 next_ns(unsigned int state, __u64 dwell_ns)
{
	struct conn c = in_state(state);
	const struct rule *rule = rules_next(&r, &c, dwell_ns);

	return rule ? rule->threshold_ns : 0;
}

static __u64 passed_ns(unsigned int state, __u64 dwell_ns)
{
	struct conn c = in_state(ST_CLOSE);
	const struct rule *rule = rules_passed(&r, &c, state, dwell_ns);

	return rule ? rule->threshold_ns : 0;
}

static void defaults_as_documented(void **unused)
{
	(void)unused;
	assert_int_equal(r.n, 3);
	assert_string_equal(r.rule[0].name, "close_wait");
	assert_string_equal(r.rule[1].name, "timed_wait");
	assert_string_equal(r.rule[2].name, "timed_wait_2msl");
	assert_int_equal(r.rule[2].step, 1);
}

static void next_is_the_first_above(void **unused)
{
	(void)unused;
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 60 * SEC);
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 60 * SEC - 1), 60 * SEC);
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 60 * SEC), 0);
	assert_int_equal(next_ns(ST_TIME_WAIT, 0), 61 * SEC);
	assert_int_equal(next_ns(ST_TIME_WAIT, 61 * SEC), 240 * SEC);
	assert_int_equal(next_ns(ST_TIME_WAIT, 240 * SEC), 0);
	assert_int_equal(next_ns(ST_ESTABLISHED, 0), 0);
}

static void passed_is_the_gravest(void **unused)
{
	(void)unused;
	assert_int_equal(passed_ns(ST_CLOSE_WAIT, 60 * SEC - 1), 0);
	assert_int_equal(passed_ns(ST_CLOSE_WAIT, 60 * SEC), 60 * SEC);
	assert_int_equal(passed_ns(ST_TIME_WAIT, 60 * SEC), 0);
	assert_int_equal(passed_ns(ST_TIME_WAIT, 100 * SEC), 61 * SEC);
	assert_int_equal(passed_ns(ST_TIME_WAIT, UINT64_MAX), 240 * SEC);
	assert_int_equal(passed_ns(ST_FIN_WAIT2, UINT64_MAX), 0);
}

static void set_takes_the_place_of_all(void **unused)
{
	(void)unused;
	assert_int_equal(rules_set(&r, ST_TIME_WAIT, 5 * SEC), 0);
	assert_int_equal(r.n, 2);
	assert_int_equal(next_ns(ST_TIME_WAIT, 0), 5 * SEC);
	assert_int_equal(next_ns(ST_TIME_WAIT, 5 * SEC), 0);
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 60 * SEC);
	assert_int_equal(rules_set(&r, ST_FIN_WAIT2, 0), 0);
	assert_int_equal(r.n, 3);
	assert_int_equal(passed_ns(ST_FIN_WAIT2, 1), 0);
	assert_string_equal(r.rule[2].name, "fin_wait_2");
}

static void both_kinds_of_syn_received(void **unused)
{
	(void)unused;
	assert_int_equal(rules_set(&r, ST_NEW_SYN_RECV, SEC), 0);
	assert_int_equal(next_ns(ST_SYN_RECV, 0), SEC);
	assert_int_equal(next_ns(ST_NEW_SYN_RECV, 0), SEC);
	assert_int_equal(passed_ns(ST_NEW_SYN_RECV, SEC), SEC);
}

static void where_no_socket_stays(void **unused)
{
	(void)unused;
	assert_int_equal(rules_set(&r, ST_NONE, SEC), -EINVAL);
	assert_int_equal(rules_set(&r, ST_CLOSE, SEC), -EINVAL);
	assert_int_equal(rules_set(&r, ST_BOUND_INACTIVE, SEC), -EINVAL);
	assert_int_equal(rules_set(&r, ST_MAX, SEC), -EINVAL);
	assert_int_equal(r.n, 3);
}

static struct rule *add_narrow(__u64 threshold_ns)
{
	struct rule *rule = &r.rule[r.n++];

	memset(rule, 0, sizeof(*rule));
	rule->state = ST_CLOSE_WAIT;
	rule->threshold_ns = threshold_ns;
	rule->narrow = true;
	r.states |= ST_BIT(ST_CLOSE_WAIT);
	return rule;
}

static void full(void **unused)
{
	(void)unused;
	while (r.n < RULES_MAX)
		add_narrow(SEC);
	assert_int_equal(rules_set(&r, ST_FIN_WAIT1, SEC), -ENOSPC);
	assert_int_equal(r.n, RULES_MAX);
	assert_int_equal(rules_set(&r, ST_CLOSE_WAIT, SEC), 0);
	assert_int_equal(r.n, 3);
}

static void narrow_goes_first(void **unused)
{
	struct rule *rule = add_narrow(600 * SEC);

	(void)unused;
	rule->filter.n_port = 1;
	rule->filter.port[0] = 443;
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 600 * SEC);
	assert_int_equal(passed_ns(ST_CLOSE_WAIT, 61 * SEC), 0);
	rule->filter.port[0] = 80;
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 60 * SEC);
	assert_int_equal(passed_ns(ST_CLOSE_WAIT, 700 * SEC), 60 * SEC);
}

static void narrow_by_owner(void **unused)
{
	struct rule *rule = add_narrow(SEC);

	(void)unused;
	rule->filter.n_comm = 1;
	strcpy(rule->filter.comm[0], "curl");
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), SEC);
	strcpy(rule->filter.comm[0], "wget");
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 60 * SEC);
}

static void narrow_by_cgroup(void **unused)
{
	struct rule *rule = add_narrow(SEC);

	(void)unused;
	rule->filter.n_cgroup = 2;
	rule->filter.cgroup[1].id = 77;
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), SEC);
	rule->filter.cgroup[1].id = 78;
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 60 * SEC);
}

/* A port that is not known yet narrows nothing. */
static void narrow_by_a_port_to_come(void **unused)
{
	struct rule *rule = add_narrow(SEC);
	struct conn c = in_state(ST_CLOSE_WAIT);

	(void)unused;
	rule->filter.n_lport = 1;
	rule->filter.lport[0] = 54321;
	assert_ptr_equal(rules_next(&r, &c, 0), rule);
	c.ident.lport = 0;
	assert_ptr_equal(rules_next(&r, &c, 0), &r.rule[0]);
}

static const char *path_of(__u64 id)
{
	return id == 77 ? "/system.slice/web.service/worker" : NULL;
}

static void narrow_by_the_path_of_a_cgroup(void **unused)
{
	struct rule *rule = add_narrow(SEC);

	(void)unused;
	r.cgroup_path = path_of;
	strcpy(rule->cgroup, "/system.slice/web.service");
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), SEC);
	strcpy(rule->cgroup, "/system.slice/");
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), SEC);
	strcpy(rule->cgroup, "/");
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), SEC);
	strcpy(rule->cgroup, "/system.slice/web.serv");
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 60 * SEC);
	r.cgroup_path = NULL;
	strcpy(rule->cgroup, "/");
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 60 * SEC);
}

static void the_first_that_fits_decides(void **unused)
{
	struct rule *first = add_narrow(100 * SEC), *second = add_narrow(5 * SEC), *grave;

	(void)unused;
	first->set = 1;
	second->set = 2;
	first->filter.n_port = 1;
	first->filter.port[0] = 443;
	grave = add_narrow(200 * SEC);
	*grave = *first;
	grave->threshold_ns = 200 * SEC;
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 100 * SEC);
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 100 * SEC), 200 * SEC);
	assert_int_equal(passed_ns(ST_CLOSE_WAIT, 99 * SEC), 0);
	first->filter.port[0] = grave->filter.port[0] = 80;
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 5 * SEC);
}

static void exempt_never_fires(void **unused)
{
	struct rule *rule = add_narrow(0);

	(void)unused;
	rule->exempt = true;
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 0);
	assert_int_equal(passed_ns(ST_CLOSE_WAIT, UINT64_MAX), 0);
}

static void what_watch_goes_by(void **unused)
{
	struct conn c = in_state(ST_FIN_WAIT2);

	(void)unused;
	rules_watch(&r);
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 60 * SEC);
	assert_int_equal(next_ns(ST_LAST_ACK, 0), 60 * SEC);
	assert_int_equal(next_ns(ST_SYN_SENT, 0), 20 * SEC);
	assert_int_equal(next_ns(ST_TIME_WAIT, 0), 61 * SEC);
	assert_int_equal(next_ns(ST_FIN_WAIT2, 0), 60 * SEC);
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 60 * SEC), 240 * SEC);
	assert_int_equal(next_ns(ST_ESTABLISHED, 0), 0);
	c.small = true; /* the kernel's, not a process's */
	assert_null(rules_next(&r, &c, 0));
	assert_int_equal(rules_set_general(&r, ST_FIN_WAIT2, SEC), 0);
	assert_null(rules_next(&r, &c, 0));
	assert_int_equal(next_ns(ST_FIN_WAIT2, SEC), 0);
}

static void added_in_place_of_a_default(void **unused)
{
	struct rule rule = {.name = "mine", .state = ST_CLOSE_WAIT, .threshold_ns = 5 * SEC};

	(void)unused;
	rules_watch(&r);
	assert_int_equal(rules_add(&r, &rule), 0);
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 0), 5 * SEC);
	assert_int_equal(next_ns(ST_CLOSE_WAIT, 5 * SEC), 0);
	assert_ptr_equal(rules_by_name(&r, "mine"), &r.rule[r.n - 1]);
	assert_null(rules_by_name(&r, "close_wait"));
	rule.state = ST_CLOSE;
	assert_int_equal(rules_add(&r, &rule), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(defaults_as_documented, defaults),
		cmocka_unit_test_setup(next_is_the_first_above, defaults),
		cmocka_unit_test_setup(passed_is_the_gravest, defaults),
		cmocka_unit_test_setup(set_takes_the_place_of_all, defaults),
		cmocka_unit_test_setup(both_kinds_of_syn_received, defaults),
		cmocka_unit_test_setup(where_no_socket_stays, defaults),
		cmocka_unit_test_setup(full, defaults),
		cmocka_unit_test_setup(narrow_goes_first, defaults),
		cmocka_unit_test_setup(narrow_by_owner, defaults),
		cmocka_unit_test_setup(narrow_by_cgroup, defaults),
		cmocka_unit_test_setup(narrow_by_a_port_to_come, defaults),
		cmocka_unit_test_setup(narrow_by_the_path_of_a_cgroup, defaults),
		cmocka_unit_test_setup(the_first_that_fits_decides, defaults),
		cmocka_unit_test_setup(exempt_never_fires, defaults),
		cmocka_unit_test_setup(what_watch_goes_by, defaults),
		cmocka_unit_test_setup(added_in_place_of_a_default, defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
