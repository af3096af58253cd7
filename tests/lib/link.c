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
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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
	unsigned char bytes[16];
	struct nl_msg m;

	if (inet_pton(af, addr, bytes) != 1)
		return -EINVAL;
	nl_init(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
	nl_put(&m, IFA_LOCAL, bytes, af == AF_INET ? 4 : 16);
	nl_put(&m, IFA_ADDRESS, bytes, af == AF_INET ? 4 : 16);
	return nl_talk(NETLINK_ROUTE, &m);
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
	int fd = tun_create(name), err = 0;

	if (fd < 0)
		return fd;
	for (int i = 0; i < FAM_COUNT && !err; i++)
		if (fams[i].tun_prefix)
			err = addr_add(name, fams[i].tun_laddr, fams[i].tun_prefix);
	if (!err)
		err = link_up(name);
	if (!err)
		return fd;
	close(fd);
	return err;
}
