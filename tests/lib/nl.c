// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nl.h"

static void *tail(struct nl_msg *m)
{
	return (char *)m + NLMSG_ALIGN(m->hdr.nlmsg_len);
}

void nl_init(struct nl_msg *m, int type, int flags, const void *body, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->hdr.nlmsg_type = type;
	m->hdr.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	m->hdr.nlmsg_len = NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(&m->hdr), body, len);
}

void nl_put(struct nl_msg *m, int attr, const void *data, size_t len)
{
	struct nlattr *a = tail(m);

	a->nla_type = attr;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	m->hdr.nlmsg_len = NLMSG_ALIGN(m->hdr.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

struct nlattr *nl_nest(struct nl_msg *m, int attr, const void *head, size_t len)
{
	struct nlattr *nest = tail(m);

	nl_put(m, attr, head, len);
	return nest;
}

void nl_nest_end(struct nl_msg *m, struct nlattr *nest)
{
	nest->nla_len = (char *)tail(m) - (char *)nest;
}

static int read_ack(int fd)
{
	union {
		struct nlmsghdr hdr;
		char room[4096];
	} buf;
	ssize_t n = recv(fd, &buf, sizeof(buf), 0);

	if (n < 0)
		return -errno;
	if ((size_t)n < NLMSG_LENGTH(sizeof(int)) || buf.hdr.nlmsg_type != NLMSG_ERROR)
		return -EBADMSG;
	return *(int *)NLMSG_DATA(&buf.hdr);
}

int nl_talk(int protocol, struct nl_msg *m)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int err;

	if (fd < 0)
		return -errno;
	if (send(fd, m, m->hdr.nlmsg_len, 0) < 0)
		err = -errno;
	else
		err = read_ack(fd);
	close(fd);
	return err;
}
