// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "kern/destroy.h"
#include "kern/netns.h"
#include "states.h"

struct request {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 req;
};

/* A socket of the namespace that this thread is in. */
static int open_here(void)
{
	struct timeval limit = {.tv_sec = 1}; /* the kernel answers at once */
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static int open_in(int netns_fd)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd = -1;

	if (home < 0)
		return -errno;
	if (setns(netns_fd, CLONE_NEWNET)) {
		fd = -errno;
		goto out;
	}
	fd = open_here();
	if (setns(home, CLONE_NEWNET) && fd >= 0) {
		close(fd);
		fd = -errno;
	}
out:
	close(home);
	return fd;
}

static int open_netns(__u32 ino)
{
	struct netns_list list;
	int fd = netns_find(&list);

	if (fd)
		return fd;
	fd = -ENOENT;
	for (unsigned int i = 0; i < list.n; i++)
		if (list.ns[i].ino == ino)
			fd = open_in(list.ns[i].fd);
	netns_free(&list);
	return fd;
}

static int fd_of(struct destroyer *d, __u32 netns)
{
	int fd;

	for (unsigned int i = 0; i < d->n; i++)
		if (d->ns[i].netns == netns)
			return d->ns[i].fd;
	fd = open_netns(netns);
	if (fd < 0)
		return fd;
	if (d->n == DESTROYER_NETNS) {
		close(d->ns[0].fd);
		memmove(d->ns, d->ns + 1, --d->n * sizeof(*d->ns));
	}
	d->ns[d->n].netns = netns;
	d->ns[d->n++].fd = fd;
	return fd;
}

static void fill(struct request *r, const struct sock_ident *id, __u64 cookie)
{
	struct inet_diag_sockid *s = &r->req.id;
	size_t skip = id->family == 4 ? 12 : 0; /* ::ffff:a.b.c.d */

	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = sizeof(*r);
	r->req.sdiag_family = id->family == 4 ? AF_INET : AF_INET6;
	r->req.sdiag_protocol = IPPROTO_TCP;
	r->req.idiag_states = ~0U;
	s->idiag_sport = htons(id->lport);
	s->idiag_dport = htons(id->rport);
	memcpy(s->idiag_src, id->laddr + skip, sizeof(id->laddr) - skip);
	memcpy(s->idiag_dst, id->raddr + skip, sizeof(id->raddr) - skip);
	s->idiag_cookie[0] = (__u32)cookie;
	s->idiag_cookie[1] = (__u32)(cookie >> 32);
}

/* The state in the answer, or -errno: also of an acknowledgement, 0. */
static int answer(int fd, __u32 seq)
{
	union {
		struct nlmsghdr nlh;
		char bytes[8192];
	} a;

	for (;;) {
		ssize_t n = recv(fd, &a, sizeof(a), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!NLMSG_OK(&a.nlh, (size_t)n))
			return -EBADMSG;
		if (a.nlh.nlmsg_seq != seq)
			continue; /* of an earlier one that came late */
		if (a.nlh.nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(&a.nlh))->error;
		return ((struct inet_diag_msg *)NLMSG_DATA(&a.nlh))->idiag_state;
	}
}

static int ask(struct destroyer *d, int fd, struct request *r, int type, int flags)
{
	r->nlh.nlmsg_type = type;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	r->nlh.nlmsg_seq = ++d->seq;
	if (send(fd, r, sizeof(*r), 0) < 0)
		return -errno;
	return answer(fd, d->seq);
}

/* What a dump has said so far. */
struct dump {
	const struct request *r;
	__u32 dev; /* of the socket, once it was there */
	bool over;
};

static void take_dump(struct dump *d, const struct nlmsghdr *h)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_seq != d->r->nlh.nlmsg_seq)
		return;
	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		d->over = true; /* NLMSG_DONE, NLMSG_ERROR */
	else if (!memcmp(m->id.idiag_cookie, d->r->req.id.idiag_cookie, sizeof(m->id.idiag_cookie)))
		d->dev = m->id.idiag_if;
}

/*
 * The interface that the socket is bound to, 0 if none, or if it is gone: the
 * kernel finds a bound socket by address only with that (inet_sk_bound_dev_eq()),
 * and the dump of all, which it filters by ports, tells it.
 */
static __u32 bound_to(struct destroyer *d, int fd, struct request *r)
{
	union {
		struct nlmsghdr nlh;
		char bytes[16384];
	} a;
	struct dump dump = {.r = r};

	r->nlh.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	r->nlh.nlmsg_seq = ++d->seq;
	if (send(fd, r, sizeof(*r), 0) < 0)
		return 0;
	while (!dump.over) {
		ssize_t n = recv(fd, &a, sizeof(a), 0);
		unsigned int left = n > 0 ? n : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (struct nlmsghdr *h = &a.nlh; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			take_dump(&dump, h);
	}
	return dump.dev;
}

/* The state of the socket, which is then found by what r has.  Or -errno. */
static int find(struct destroyer *d, int fd, struct request *r)
{
	int state = ask(d, fd, r, SOCK_DIAG_BY_FAMILY, 0);

	if (state != -ENOENT && state != -ESTALE)
		return state;
	r->req.id.idiag_if = bound_to(d, fd, r);
	return r->req.id.idiag_if ? ask(d, fd, r, SOCK_DIAG_BY_FAMILY, 0) : -ENOENT;
}

/*
 * First its state: what is in another one by now is none of our business.  Of a
 * small socket the kernel tells its substate.
 */
int destroy_sock(struct destroyer *d, const struct sock_ident *id, __u64 cookie, unsigned int state)
{
	int fd = fd_of(d, id->netns), now;
	struct request r;

	if (fd < 0)
		return fd;
	fill(&r, id, cookie);
	now = find(d, fd, &r);
	if (now < 0)
		return now == -ESTALE ? -ENOENT : now;
	if ((unsigned int)now != state)
		return -ENOENT;
	now = ask(d, fd, &r, SOCK_DESTROY, NLM_F_ACK);
	return now == -ESTALE ? -ENOENT : now;
}

void destroyer_close(struct destroyer *d)
{
	for (unsigned int i = 0; i < d->n; i++)
		close(d->ns[i].fd);
	d->n = 0;
}
