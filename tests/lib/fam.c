// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "fam.h"
#include "tap.h"

#define TUN4 "10.77.0.1"
#define PEER4 "10.77.0.2"
#define TUN6 "fd77::1"
#define PEER6 "fd77::2"

const struct fam fams[FAM_COUNT] = {
	[FAM_V4] =
		{
			"IPv4",
			AF_INET,
			AF_INET,
			4,
			"127.0.0.1",
			"127.0.0.1",
			TUN4,
			TUN4,
			PEER4,
			PEER4,
			TUN4,
			24,
		},
	[FAM_V6] =
		{
			"IPv6",
			AF_INET6,
			AF_INET6,
			6,
			"::1",
			"::1",
			TUN6,
			TUN6,
			PEER6,
			PEER6,
			TUN6,
			64,
		},
	[FAM_MAPPED] =
		{
			"IPv4-mapped",
			AF_INET6,
			AF_INET,
			6,
			"::ffff:127.0.0.1",
			"127.0.0.1",
			"::ffff:" TUN4,
			TUN4,
			"::ffff:" PEER4,
			PEER4,
			NULL,
			0,
		},
};

socklen_t fam_sockaddr(const struct fam *f, const char *addr, uint16_t port,
		       struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;
	int n;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = f->af;
	in->sin_port = htons(port); /* sin6_port lies there too */
	if (f->af == AF_INET)
		n = inet_pton(AF_INET, addr, &in->sin_addr);
	else
		n = inet_pton(AF_INET6, addr, &in6->sin6_addr);
	if (n != 1)
		tap_die("%s: not an address of %s", addr, f->name);
	return f->af == AF_INET ? sizeof(*in) : sizeof(*in6);
}
