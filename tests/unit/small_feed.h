/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections on their way into a small socket, fed to the model. */
#ifndef TCPDWELL_TESTS_SMALL_FEED_H
#define TCPDWELL_TESTS_SMALL_FEED_H

#include "feed.h"

#define A 7ULL
#define B 8ULL
#define TIME_WAIT (60 * SEC)

/* close(), and the peer has not closed: the connection goes on in a small socket. */
static inline void half_closed(__u64 cookie)
{
	reaches_fin_wait_2(cookie);
	small(cookie, SMALL_BORN, ST_FIN_WAIT2, 60 * SEC);
	ends(cookie, ST_FIN_WAIT2, 0);
	told_until_fin_wait_2();
}

static inline void in_time_wait(__u64 cookie)
{
	half_closed(cookie);
	later(SEC);
	small(cookie, SMALL_BORN, ST_TIME_WAIT, TIME_WAIT);
	told(ST_FIN_WAIT2, ST_TIME_WAIT, SEC);
}

static inline int sweeps(void **unused)
{
	feed_begin(unused);
	feed.m.small_source = SMALL_SWEEPS;
	return 0;
}

#define sweep_test(f) cmocka_unit_test_setup_teardown(f, sweeps, feed_end)

/* In limbo: whether a small socket goes on only the sweep will tell. */
static inline void in_limbo(__u64 cookie)
{
	reaches_fin_wait_2(cookie);
	later(MS);
	ends(cookie, ST_FIN_WAIT2, MS);
	told_until_fin_wait_2();
	assert_int_equal(feed.m.n_limbo, 1);
}

/* The sweep comes so much later, and meets one TIMED_WAIT that is `age_ns` old. */
static inline void sweep_meets(__u64 cookie, __u64 later_ns, unsigned int substate, __s64 left_ns)
{
	later(later_ns);
	sweep_begins();
	row_small(cookie, substate, left_ns);
	sweep_ends();
}

#endif
