/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the unit tests of values and outputs share: cmocka, and sockets to print. */
#ifndef TCPDWELL_TESTS_UNIT_H
#define TCPDWELL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include "model/event.h"

#define SEC 1000000000ULL
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* An address of either family as the records have it. */
static inline void set_addr(__u8 addr[16], const char *text)
{
	if (inet_pton(AF_INET6, text, addr) == 1)
		return;
	memset(addr, 0, 10);
	memset(addr + 10, 0xff, 2);
	assert_int_equal(inet_pton(AF_INET, text, addr + 12), 1);
}

/* An ordinary connection, as a client. */
static inline struct conn client_conn(void)
{
	struct conn c = {
		.cookie = 0x1a2b,
		.state = ST_ESTABLISHED,
		.since_ns = 5 * SEC,
		.roles = ROLES(ROLE_ACTIVE, ROLE_UNKNOWN),
		.ident =
			{
				.lport = 54321,
				.rport = 443,
				.netns = 4026531840U,
				.family = 4,
				.cgroup = 77,
				.owner =
					{
						.pid = 1234,
						.tid = 1234,
						.uid = 33,
						.how = OWNER_OPEN,
						.comm = "curl",
					},
			},
	};

	set_addr(c.ident.laddr, "192.0.2.1");
	set_addr(c.ident.raddr, "198.51.100.7");
	return c;
}

/* The longest and most hostile of everything. */
static inline struct conn nasty_conn(void)
{
	struct conn c = client_conn();

	c.cookie = UINT64_MAX;
	c.roles = ROLES(ROLE_SIMULTANEOUS, ROLE_SIMULTANEOUS);
	c.ident.family = 6;
	c.ident.lport = c.ident.rport = 65535;
	c.ident.netns = UINT32_MAX;
	c.ident.mptcp = 1;
	set_addr(c.ident.laddr, "2001:db8:1111:2222:3333:4444:5555:6666");
	set_addr(c.ident.raddr, "fe80:aaaa:bbbb:cccc:dddd:eeee:ffff:1234");
	c.ident.owner.pid = UINT32_MAX;
	c.ident.owner.tid = UINT32_MAX - 1;
	c.ident.owner.uid = UINT32_MAX;
	/* 16 bytes, no NUL */
	memcpy(c.ident.owner.comm, "\x1b[31m\"\\\n\xff\xe4\xb8\xad\xe2\x80\xae", COMM_LEN);
	return c;
}

#endif
