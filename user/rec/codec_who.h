/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who and where, each once a block: see codec_value.h. */
#ifndef TCPDWELL_REC_CODEC_WHO_H
#define TCPDWELL_REC_CODEC_WHO_H

#include "rec/codec_value.h"

#define CGROUP_PATH_MAX 4096

EITHER void code_addr(struct codec *c, __u8 addr[16], bool w)
{
	if (code_known(c, COL_ADDR, &c->addrs, addr, w))
		return;
	code_bytes(c, COL_RAW, addr, 16, w);
	dict_add(&c->addrs, addr);
}

/* No path has a zero byte: those who do not know of pods read up to there. */
static void write_path(struct codec *c, __u64 id)
{
	const char *path = id && c->cgroup_path ? c->cgroup_path(id) : NULL;
	__u64 path_len = path ? strnlen(path, CGROUP_PATH_MAX) : 0;
	const char *pod = path && c->pod_of_path ? c->pod_of_path(path) : NULL;
	__u64 pod_len = pod ? strlen(pod) + 1 : 0;
	char end = 0;
	__u64 len;

	if (path_len + pod_len > CGROUP_PATH_MAX)
		pod_len = 0;
	len = path_len + pod_len;
	code(c, COL_NEW, &len, true);
	if (path_len)
		code_bytes(c, COL_RAW, (void *)path, path_len, true);
	if (pod_len) {
		code_bytes(c, COL_RAW, &end, 1, true);
		code_bytes(c, COL_RAW, (void *)pod, pod_len - 1, true);
	}
}

EITHER void code_path(struct codec *c, __u64 id, bool w)
{
	__u64 len;

	if (w) {
		write_path(c, id);
		return;
	}
	code(c, COL_NEW, &len, w);
	if (len > CGROUP_PATH_MAX || len > (__u64)(c->col[COL_RAW].end - c->col[COL_RAW].at)) {
		c->bad = true;
		return;
	}
	if (len && c->cgroup_is)
		c->cgroup_is(c->cgroup_ctx, id, (const char *)c->col[COL_RAW].at, len);
	c->col[COL_RAW].at += len;
}

EITHER void code_cgroup(struct codec *c, __u64 *id, bool w)
{
	if (code_known(c, COL_NEW, &c->cgroups, id, w))
		return;
	code(c, COL_NEW, id, w);
	code_path(c, *id, w);
	dict_add(&c->cgroups, id);
}

EITHER void code_comm(struct codec *c, char comm[COMM_LEN], bool w)
{
	if (code_known(c, COL_NEW, &c->comms, comm, w))
		return;
	code_bytes(c, COL_RAW, comm, COMM_LEN, w);
	dict_add(&c->comms, comm);
}

/* What many sockets have in common. */
struct who {
	struct sock_owner owner;
	__u64 cgroup;
	__u32 netns;
	__u8 family;
	__u8 mptcp;
	__u8 pad[2];
};

EITHER void code_who_new(struct codec *c, struct who *who, bool w)
{
	CODE(c, COL_NEW, who->owner.pid, w);
	CODE_NEAR(c, COL_NEW, who->owner.tid, who->owner.pid, w);
	CODE(c, COL_NEW, who->owner.uid, w);
	CODE(c, COL_NEW, who->owner.how, w);
	code_comm(c, who->owner.comm, w);
	code_cgroup(c, &who->cgroup, w);
	CODE(c, COL_NEW, who->netns, w);
	CODE(c, COL_NEW, who->family, w);
	CODE(c, COL_NEW, who->mptcp, w);
	dict_add(&c->who, who);
}

EITHER void code_who(struct codec *c, struct sock_ident *id, bool w)
{
	struct who who = {0};

	if (w) {
		who.owner = id->owner;
		memset(who.owner.pad, 0, sizeof(who.owner.pad));
		who.cgroup = id->cgroup;
		who.netns = id->netns;
		who.family = id->family;
		who.mptcp = id->mptcp;
	}
	if (!code_known(c, COL_WHO, &c->who, &who, w))
		code_who_new(c, &who, w);
	if (w)
		return;
	id->owner = who.owner;
	id->cgroup = who.cgroup;
	id->netns = who.netns;
	id->family = who.family;
	id->mptcp = who.mptcp;
}

EITHER void code_ident(struct codec *c, struct sock_ident *id, __u16 lport, __u64 born_ns, bool w)
{
	code_who(c, id, w);
	code_addr(c, id->laddr, w);
	code_addr(c, id->raddr, w);
	CODE_NEAR(c, COL_PORT, id->lport, lport, w);
	CODE(c, COL_PORT, id->rport, w);
	code_near(c, COL_BORN, &id->born_ns, born_ns, w);
}

#endif
