/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One netlink request and its acknowledgement. */
#ifndef TEST_NL_H
#define TEST_NL_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

struct nl_msg {
	struct nlmsghdr hdr;
	char body[1024];
};

void nl_init(struct nl_msg *m, int type, int flags, const void *body, size_t len);
void nl_put(struct nl_msg *m, int attr, const void *data, size_t len);
/* Attributes put between these two are inside of `attr`. */
struct nlattr *nl_nest(struct nl_msg *m, int attr, const void *head, size_t len);
void nl_nest_end(struct nl_msg *m, struct nlattr *nest);
/* 0 or -errno */
int nl_talk(int protocol, struct nl_msg *m);

#endif
