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
	{.name = "IPv4",
	 .af = AF_INET,
	 .wire = AF_INET,
	 .family = 4,
	 .lo = "127.0.0.1",
	 .lo_json = "127.0.0.1",
	 .tun = TUN4,
	 .tun_json = TUN4,
	 .peer = PEER4,
	 .peer_json = PEER4,
	 .tun_laddr = TUN4,
	 .tun_prefix = 24},
	{.name = "IPv6",
	 .af = AF_INET6,
	 .wire = AF_INET6,
	 .family = 6,
	 .lo = "::1",
	 .lo_json = "::1",
	 .tun = TUN6,
	 .tun_json = TUN6,
	 .peer = PEER6,
	 .peer_json = PEER6,
	 .tun_laddr = TUN6,
	 .tun_prefix = 64},
	{.name = "IPv4-mapped",
	 .af = AF_INET6,
	 .wire = AF_INET,
	 .family = 6,
	 .lo = "::ffff:127.0.0.1",
	 .lo_json = "127.0.0.1",
	 .tun = "::ffff:" TUN4,
	 .tun_json = TUN4,
	 .peer = "::ffff:" PEER4,
	 .peer_json = PEER4},
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
