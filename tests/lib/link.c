// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Links and addresses, as ip(8) would make them; there may be no ip(8). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fam.h"
#include "netns.h"
#include "nl.h"

int link_up(const char *name)
{
	struct ifinfomsg info = {
		.ifi_index = (int)if_nametoindex(name),
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct nl_msg m;

	if (!info.ifi_index)
		return -errno;
	nl_init(&m, RTM_NEWLINK, 0, &info, sizeof(info));
	return nl_talk(NETLINK_ROUTE, &m);
}

static bool comes_back(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return send(fd, "", 1, MSG_DONTWAIT) == 1 && poll(&pfd, 1, 20) > 0;
}

/* What is sent to this address of ours does arrive here. */
static bool is_local(int af, const void *addr, size_t len)
{
	struct sockaddr_in6 sa = {.sin6_family = af};
	int fd = socket(af, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t sa_len = sizeof(sa);
	bool local;

	if (fd < 0)
		return false;
	memcpy(af == AF_INET ? (void *)&((struct sockaddr_in *)&sa)->sin_addr : &sa.sin6_addr, addr,
	       len);
	local = !bind(fd, (void *)&sa, sa_len) && !getsockname(fd, (void *)&sa, &sa_len) &&
		!connect(fd, (void *)&sa, sa_len) && comes_back(fd);
	close(fd);
	return local;
}

/*
 * The kernel acknowledges an IPv6 address first and makes it local later, from a
 * work queue (addrconf_dad_work()).  What the raw peer sends before is dropped,
 * and it sends nothing twice.
 */
static int addr_await(int af, const void *addr, size_t len)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	while (!is_local(af, addr, len)) {
		if (clock_ms() > until)
			return -ETIMEDOUT;
		sleep_ms(2);
	}
	return 0;
}

int addr_add(const char *dev, const char *addr, int prefix)
{
	int af = strchr(addr, ':') ? AF_INET6 : AF_INET;
	struct ifaddrmsg info = {
		.ifa_family = af,
		.ifa_prefixlen = prefix,
		/* a tentative address could not be used for a second */
		.ifa_flags = IFA_F_NODAD,
		.ifa_index = if_nametoindex(dev),
	};
	size_t len = af == AF_INET ? 4 : 16;
	unsigned char bytes[16];
	struct nl_msg m;
	int err;

	if (inet_pton(af, addr, bytes) != 1)
		return -EINVAL;
	nl_init(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
	nl_put(&m, IFA_LOCAL, bytes, len);
	nl_put(&m, IFA_ADDRESS, bytes, len);
	err = nl_talk(NETLINK_ROUTE, &m);
	return err ? err : addr_await(af, bytes, len);
}

int veth_add(const char *one, const char *other)
{
	struct ifinfomsg info = {0};
	struct nlattr *linkinfo, *data, *peer;
	struct nl_msg m;

	nl_init(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	nl_put(&m, IFLA_IFNAME, one, strlen(one) + 1);
	linkinfo = nl_nest(&m, IFLA_LINKINFO, NULL, 0);
	nl_put(&m, IFLA_INFO_KIND, "veth", 5);
	data = nl_nest(&m, IFLA_INFO_DATA, NULL, 0);
	peer = nl_nest(&m, VETH_INFO_PEER, &info, sizeof(info));
	nl_put(&m, IFLA_IFNAME, other, strlen(other) + 1);
	nl_nest_end(&m, peer);
	nl_nest_end(&m, data);
	nl_nest_end(&m, linkinfo);
	return nl_talk(NETLINK_ROUTE, &m);
}

int link_to_netns(const char *name, int fd)
{
	struct ifinfomsg info = {.ifi_index = (int)if_nametoindex(name)};
	struct nl_msg m;

	nl_init(&m, RTM_NEWLINK, 0, &info, sizeof(info));
	nl_put(&m, IFLA_NET_NS_FD, &fd, sizeof(fd));
	return nl_talk(NETLINK_ROUTE, &m);
}

static int tun_create(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (!ioctl(fd, TUNSETIFF, &ifr))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int tun_open(const char *name)
{
	int fd = tun_create(name), err;

	if (fd < 0)
		return fd;
	err = link_up(name);
	for (int i = 0; i < FAM_COUNT && !err; i++)
		if (fams[i].tun_prefix)
			err = addr_add(name, fams[i].tun_laddr, fams[i].tun_prefix);
	if (!err)
		return fd;
	close(fd);
	return err;
}
