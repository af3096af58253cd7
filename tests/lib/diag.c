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

static int destroy(int family, const struct sockaddr_storage *own,
		   const struct sockaddr_storage *peer)
{
	struct inet_diag_req_v2 req = {.sdiag_protocol = IPPROTO_TCP, .idiag_states = -1};
	struct nl_msg m;

	req.sdiag_family = family;
	put_end(own, &req.id.idiag_sport, req.id.idiag_src);
	put_end(peer, &req.id.idiag_dport, req.id.idiag_dst);
	req.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	req.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	nl_init(&m, SOCK_DESTROY, 0, &req, sizeof(req));
	return nl_talk(NETLINK_SOCK_DIAG, &m);
}

int diag_destroy(int fd)
{
	struct sockaddr_storage own = {0}, peer = {0};
	socklen_t len = sizeof(own);

	getsockname(fd, (void *)&own, &len);
	peer.ss_family = own.ss_family; /* a listener has no peer */
	len = sizeof(peer);
	getpeername(fd, (void *)&peer, &len);
	return destroy(own.ss_family, &own, &peer);
}

int diag_destroy_drive(const struct drive *d)
{
	struct sockaddr_storage own = {0}, peer = {0};

	fam_sockaddr(d->p.fam, d->p.fam->tun, d->port, &own);
	fam_sockaddr(d->p.fam, d->p.fam->peer, d->p.port, &peer);
	return destroy(d->p.fam->af, &own, &peer);
}
