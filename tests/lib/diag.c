// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "diag.h"
#include "nl.h"

/* Both families begin with family and port. */
static void put_end(const struct sockaddr_storage *ss, __be16 *port, __be32 *addr)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;

	*port = in->sin_port;
	if (ss->ss_family == AF_INET)
		memcpy(addr, &in->sin_addr, 4);
	else
		memcpy(addr, &in6->sin6_addr, 16);
}

int diag_destroy(int fd)
{
	struct inet_diag_req_v2 req = {.sdiag_protocol = IPPROTO_TCP, .idiag_states = -1};
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	struct nl_msg m;

	getsockname(fd, (void *)&ss, &len);
	req.sdiag_family = ss.ss_family;
	put_end(&ss, &req.id.idiag_sport, req.id.idiag_src);
	memset(&ss, 0, sizeof(ss));
	ss.ss_family = req.sdiag_family; /* a listener has no peer */
	len = sizeof(ss);
	getpeername(fd, (void *)&ss, &len);
	put_end(&ss, &req.id.idiag_dport, req.id.idiag_dst);
	req.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	req.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	nl_init(&m, SOCK_DESTROY, 0, &req, sizeof(req));
	return nl_talk(NETLINK_SOCK_DIAG, &m);
}
