// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Why a socket was closed, by what it left behind. */
#include "unit.h"
#include <errno.h>
#include "model/reason.h"

static const unsigned int all_states[] = {
	ST_ESTABLISHED, ST_SYN_SENT, ST_SYN_RECV, ST_FIN_WAIT1, ST_FIN_WAIT2,
	ST_CLOSE_WAIT,	ST_LAST_ACK, ST_LISTEN,	  ST_CLOSING,
};

static const struct ends {
	unsigned int from, flags;
	int sk_err;
	unsigned int facts;
	enum reason reason;
} ends[] = {
	/* an exchange of FINs */
	{ST_LAST_ACK, 0, 0, 0, REASON_FIN},
	/* RST received, by errno or by tracepoint */
	{ST_ESTABLISHED, STEP_RST_IN, ECONNRESET, 0, REASON_RESET_RECEIVED},
	{ST_ESTABLISHED, 0, ECONNRESET, 0, REASON_RESET_RECEIVED},
	{ST_CLOSE_WAIT, STEP_RST_IN, EPIPE, 0, REASON_RESET_RECEIVED},
	{ST_CLOSE_WAIT, 0, EPIPE, 0, REASON_RESET_RECEIVED},
	{ST_FIN_WAIT1, STEP_RST_IN, 0, 0, REASON_RESET_RECEIVED},
	{ST_FIN_WAIT2, STEP_RST_IN, 0, 0, REASON_RESET_RECEIVED},
	{ST_LAST_ACK, STEP_RST_IN, 0, 0, REASON_RESET_RECEIVED},
	{ST_SYN_RECV, STEP_RST_IN, ECONNREFUSED, 0, REASON_RESET_RECEIVED},
	{ST_SYN_RECV, 0, ECONNREFUSED, 0, REASON_RESET_RECEIVED},
	/* refused */
	{ST_SYN_SENT, STEP_RST_IN, ECONNREFUSED, 0, REASON_REFUSED},
	{ST_SYN_SENT, 0, ECONNREFUSED, 0, REASON_REFUSED},
	/* timed out, whichever state */
	{ST_SYN_SENT, 0, ETIMEDOUT, 0, REASON_TIMEOUT},
	{ST_ESTABLISHED, 0, ETIMEDOUT, 0, REASON_TIMEOUT},
	{ST_FIN_WAIT1, 0, ETIMEDOUT, 0, REASON_TIMEOUT},
	{ST_LAST_ACK, 0, ETIMEDOUT, 0, REASON_TIMEOUT},
	/* ICMP, or no route */
	{ST_SYN_SENT, 0, EHOSTUNREACH, 0, REASON_UNREACHABLE},
	{ST_SYN_SENT, 0, ENETUNREACH, 0, REASON_UNREACHABLE},
	{ST_ESTABLISHED, 0, EHOSTUNREACH, 0, REASON_UNREACHABLE},
	{ST_SYN_SENT, 0, ENOPROTOOPT, 0, REASON_UNREACHABLE},
	/* closed with SO_LINGER 0 or unread data: the RST goes out after the transition */
	{ST_ESTABLISHED, 0, 0, 0, REASON_RESET_SENT},
	{ST_ESTABLISHED, 0, 0, END_UNREAD, REASON_RESET_SENT},
	{ST_CLOSE_WAIT, 0, 0, END_UNREAD, REASON_RESET_SENT},
	{ST_FIN_WAIT1, 0, 0, 0, REASON_RESET_SENT},
	{ST_FIN_WAIT2, 0, 0, END_LINGER2_OFF, REASON_RESET_SENT},
	{ST_FIN_WAIT2, STEP_RST_OUT, 0, 0, REASON_RESET_SENT},
	{ST_LAST_ACK, STEP_RST_OUT, 0, 0, REASON_RESET_SENT},
	{ST_LAST_ACK, 0, 0, END_UNSENT, REASON_RESET_SENT},
	{ST_SYN_RECV, 0, 0, 0, REASON_RESET_SENT},
	/* ss -K, and closed before it was connected */
	{ST_ESTABLISHED, 0, ECONNABORTED, 0, REASON_ABORTED},
	{ST_SYN_SENT, 0, 0, 0, REASON_ABORTED},
	{ST_ESTABLISHED, 0, 0, END_REPAIR, REASON_ABORTED},
	{ST_LAST_ACK, 0, 0, END_UNACKED, REASON_ABORTED},
	/* no small socket could be had */
	{ST_FIN_WAIT2, 0, 0, 0, REASON_TIME_WAIT_OVERFLOW},
	{ST_CLOSING, 0, 0, 0, REASON_TIME_WAIT_OVERFLOW},
	/* MPTCP's own socket: its subflows tell */
	{ST_ESTABLISHED, 0, 0, END_NO_TCP, REASON_FIN},
	{ST_FIN_WAIT2, 0, 0, END_NO_TCP, REASON_FIN},
	{ST_ESTABLISHED, 0, ECONNRESET, END_NO_TCP, REASON_RESET_RECEIVED},
};

static void each(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < N(ends); i++) {
		struct sock_end end = {.sk_err = ends[i].sk_err, .facts = ends[i].facts};
		enum reason reason = reason_of_end(ends[i].from, ends[i].flags, &end);

		if (reason != ends[i].reason)
			fail_msg("end %zu, from %u: %d, not %d", i, ends[i].from, reason,
				 ends[i].reason);
	}
}

static void of_a_listener_there_is_none(void **unused)
{
	const struct sock_end end = {.sk_err = ECONNRESET, .facts = END_UNREAD};

	(void)unused;
	assert_int_equal(reason_of_end(ST_LISTEN, STEP_RST_IN | STEP_RST_OUT, &end), REASON_NONE);
}

/* Only FIN_WAIT_2 and CLOSING, and only when nothing else explains the end. */
static void may_go_on(void **unused)
{
	struct sock_end end = {0};

	(void)unused;
	for (size_t i = 0; i < N(all_states); i++)
		assert_int_equal(end_may_go_on(all_states[i], 0, &end),
				 all_states[i] == ST_FIN_WAIT2 || all_states[i] == ST_CLOSING);
	assert_false(end_may_go_on(ST_FIN_WAIT2, STEP_RST_IN, &end));
	assert_false(end_may_go_on(ST_FIN_WAIT2, STEP_RST_OUT, &end));
	end.sk_err = ETIMEDOUT;
	assert_false(end_may_go_on(ST_FIN_WAIT2, 0, &end));
	end = (struct sock_end){.facts = END_LINGER2_OFF};
	assert_false(end_may_go_on(ST_FIN_WAIT2, 0, &end));
	end.facts = END_NO_TCP;
	assert_false(end_may_go_on(ST_FIN_WAIT2, 0, &end));
	/* unread data is no matter: tcp_close() has dealt with it before */
	end.facts = END_UNREAD;
	assert_true(end_may_go_on(ST_FIN_WAIT2, 0, &end));
}

/* What looks reset, and has no reader, may have sent the RST itself. */
static void doubtful(void **unused)
{
	struct sock_end end = {.facts = END_NO_READER};

	(void)unused;
	assert_true(end_is_doubtful(ST_FIN_WAIT2, STEP_RST_IN, &end));
	assert_true(end_is_doubtful(ST_FIN_WAIT1, STEP_RST_IN, &end));
	assert_false(end_is_doubtful(ST_ESTABLISHED, STEP_RST_IN, &end));
	assert_false(end_is_doubtful(ST_FIN_WAIT2, 0, &end));
	assert_int_equal(reason_of_end(ST_FIN_WAIT2, STEP_RST_IN, &end), REASON_RESET_RECEIVED);
	assert_int_equal(reason_of_end(ST_FIN_WAIT2, STEP_RST_IN | STEP_RST_OUT, &end),
			 REASON_RESET_SENT);
	end.facts = 0;
	assert_false(end_is_doubtful(ST_FIN_WAIT2, STEP_RST_IN, &end));
	assert_int_equal(reason_of_end(ST_FIN_WAIT2, STEP_RST_IN | STEP_RST_OUT, &end),
			 REASON_RESET_RECEIVED);
}

/* Every state has a reason for every errno there is. */
static void never_nothing(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < N(all_states); i++) {
		for (int err = 0; err < 4096; err++) {
			struct sock_end end = {.sk_err = err};
			enum reason reason = reason_of_end(all_states[i], 0, &end);

			assert_int_equal(reason == REASON_NONE, all_states[i] == ST_LISTEN);
			assert_true(reason < REASON_UNKNOWN);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each),		 cmocka_unit_test(of_a_listener_there_is_none),
		cmocka_unit_test(may_go_on),	 cmocka_unit_test(doubtful),
		cmocka_unit_test(never_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
