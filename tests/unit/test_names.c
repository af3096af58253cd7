// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include <ctype.h>
#include "model/names.h"

static const struct {
	unsigned int state;
	const char *name[NAME_SETS];
} table[] = {
	{ST_SYN_SENT, {"SYN_SEND", "SYN-SENT", "TCP_SYN_SENT"}},
	{ST_SYN_RECV, {"SYN_RECEIVED", "SYN-RECEIVED", "TCP_SYN_RECV"}},
	{ST_NEW_SYN_RECV, {"SYN_RECEIVED", "SYN-RECEIVED", "TCP_NEW_SYN_RECV"}},
	{ST_ESTABLISHED, {"ESTABLISHED", "ESTABLISHED", "TCP_ESTABLISHED"}},
	{ST_LISTEN, {"LISTEN", "LISTEN", "TCP_LISTEN"}},
	{ST_FIN_WAIT1, {"FIN_WAIT_1", "FIN-WAIT-1", "TCP_FIN_WAIT1"}},
	{ST_FIN_WAIT2, {"FIN_WAIT_2", "FIN-WAIT-2", "TCP_FIN_WAIT2"}},
	{ST_TIME_WAIT, {"TIMED_WAIT", "TIME-WAIT", "TCP_TIME_WAIT"}},
	{ST_CLOSE_WAIT, {"CLOSE_WAIT", "CLOSE-WAIT", "TCP_CLOSE_WAIT"}},
	{ST_LAST_ACK, {"LAST_ACK", "LAST-ACK", "TCP_LAST_ACK"}},
	{ST_CLOSE, {"CLOSED", "CLOSED", "TCP_CLOSE"}},
	{ST_CLOSING, {"CLOSING", "CLOSING", "TCP_CLOSING"}},
};

static void three_sets(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < N(table); i++)
		for (int set = 0; set < NAME_SETS; set++)
			assert_string_equal(state_name(set, table[i].state), table[i].name[set]);
}

static void no_such_state(void **unused)
{
	(void)unused;
	assert_string_equal(state_name(NAMES_ARTICLE, ST_NONE), "?");
	assert_string_equal(state_name(NAMES_ARTICLE, ST_MAX), "?");
	assert_string_equal(state_name(NAMES_RFC, UINT32_MAX), "?");
	assert_string_equal(state_name(NAME_SETS, ST_LISTEN), "?");
}

/* NEW_SYN_RECV shares its names but one with SYN_RECV. */
static unsigned int expected(size_t i, int set)
{
	bool shared = table[i].state == ST_NEW_SYN_RECV && set != NAMES_KERNEL;

	return shared ? ST_SYN_RECV : table[i].state;
}

/* One name, in either case, with '-', with '_', with and without TCP_. */
static void check_spellings(const char *name, unsigned int state)
{
	for (int how = 0; how < 16; how++) {
		bool strip = how & 8 && !strncmp(name, "TCP_", 4);
		char text[64] = "";

		if (how & 4 && strncmp(name, "TCP_", 4))
			strcpy(text, "TCP_");
		strcat(text, name + (strip ? 4 : 0));
		for (char *p = text; *p; p++) {
			*p = how & 1 ? tolower(*p) : *p;
			if (*p == '-' || *p == '_')
				*p = how & 2 ? '-' : '_';
		}
		if (state_by_name(text) != state)
			fail_msg("%s: %u, not %u", text, state_by_name(text), state);
	}
}

static void all_spellings(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < N(table); i++)
		for (int set = 0; set < NAME_SETS; set++)
			check_spellings(table[i].name[set], expected(i, set));
	assert_int_equal(state_by_name("Time-Wait"), ST_TIME_WAIT);
	assert_int_equal(state_by_name("fin-wait_1"), ST_FIN_WAIT1);
	assert_int_equal(state_by_name("estab"), ST_ESTABLISHED);
}

static void what_is_no_state(void **unused)
{
	static const char *const bad[] = {
		"",
		"?",
		"TCP_",
		"TCP",
		"CLOSE_",
		"LISTEN ",
		" LISTEN",
		"LISTENX",
		"LISTE",
		"TIMEWAIT",
		"TCP_TCP_LISTEN",
		"FIN_WAIT",
		"FIN_WAIT_3",
		"1",
		"ESTABLISHED,LISTEN",
	};

	(void)unused;
	for (size_t i = 0; i < N(bad); i++)
		if (state_by_name(bad[i]) != ST_NONE)
			fail_msg("\"%s\" was taken", bad[i]);
}

static void sets_by_name(void **unused)
{
	(void)unused;
	assert_int_equal(name_set_by_name("article"), NAMES_ARTICLE);
	assert_int_equal(name_set_by_name("rfc"), NAMES_RFC);
	assert_int_equal(name_set_by_name("kernel"), NAMES_KERNEL);
	assert_true(name_set_by_name("") < 0);
	assert_int_equal(name_set_by_name("RFC"), NAMES_RFC);
	assert_true(name_set_by_name("rfc9293") < 0);
}

/* Each value has a name, and only the one that means unknown has none. */
static void no_name_is_missing(void **unused)
{
	(void)unused;
	assert_null(reason_name(REASON_NONE));
	for (int i = REASON_NONE + 1; i < REASON_MAX; i++)
		assert_non_null(reason_name(i));
	assert_null(reason_name(REASON_MAX));
	assert_null(role_name(ROLE_UNKNOWN));
	for (int i = ROLE_ACTIVE; i <= ROLE_SIMULTANEOUS; i++)
		assert_non_null(role_name(i));
	for (int i = 0; i < VIA_MAX; i++)
		assert_non_null(via_name(i));
	assert_null(via_name(VIA_MAX));
	for (int i = 0; i < LOST_NCAUSES; i++)
		assert_non_null(lost_name(i));
	assert_null(diagnosis_name(DIAG_NONE));
	for (int i = DIAG_NONE + 1; i < DIAG_MAX; i++)
		assert_non_null(diagnosis_name(i));
	assert_null(owner_how_name(OWNER_UNKNOWN));
	for (int i = OWNER_UNKNOWN + 1; i <= OWNER_OPEN; i++)
		assert_non_null(owner_how_name(i));
	assert_null(owner_how_name(OWNER_OPEN + 1));
}

static void names_of_the_contract(void **unused)
{
	(void)unused;
	assert_string_equal(reason_name(REASON_RESET_RECEIVED), "reset_received");
	assert_string_equal(reason_name(REASON_TIME_WAIT_OVERFLOW), "time_wait_overflow");
	assert_string_equal(role_name(ROLE_SIMULTANEOUS), "simultaneous");
	assert_string_equal(via_name(VIA_TRACEPOINT), "tracepoint");
	assert_string_equal(lost_name(LOST_RING_FULL), "ring_full");
	assert_string_equal(diagnosis_name(DIAG_EOF_READ_NOT_CLOSED), "eof_read_not_closed");
	assert_string_equal(owner_how_name(OWNER_OPEN), "open");
	assert_string_equal(owner_how_name(OWNER_ACCEPT), "accept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_sets),
		cmocka_unit_test(no_such_state),
		cmocka_unit_test(all_spellings),
		cmocka_unit_test(what_is_no_state),
		cmocka_unit_test(sets_by_name),
		cmocka_unit_test(no_name_is_missing),
		cmocka_unit_test(names_of_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
