// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A socket in JSON. */
#include "model/container.h"
#include "out/json_parts.h"
#include "out/pods.h"

static char *put_roles(char *p, __u8 roles)
{
	const char *open = role_name(ROLE_OPEN(roles));
	const char *close = role_name(ROLE_CLOSE(roles));

	if (open)
		p = put_name(KEY_STR(p, "open"), open);
	if (close)
		p = put_name(KEY_STR(p, "close"), close);
	return p;
}

static char *put_comm(char *p, const char comm[COMM_LEN])
{
	p = KEY_STR(p, "comm");
	return quote(json_escape(p, comm, strnlen(comm, COMM_LEN)));
}

static char *put_task(char *p, const struct sock_owner *o)
{
	const char *how = owner_how_name(o->how);

	p = KEY(p, "pid");
	p = fmt_u64(p, o->pid);
	p = KEY(p, "tid");
	p = fmt_u64(p, o->tid);
	p = KEY(p, "uid");
	p = fmt_u64(p, o->uid);
	p = put_comm(p, o->comm);
	return how ? put_name(KEY_STR(p, "known_by"), how) : p;
}

/* At most 64 bytes of a name, 36 and POD_NAME_MAX of a pod, and the keys: JSON_CONN_MAX has room
 * for them. */
static char *put_container(char *p, const char *path)
{
	const char *name;
	struct container c;

	if (!container_parse(path, &c))
		return p;
	if (*c.id)
		p = put_string(KEY_STR(p, "container"), c.id);
	if (c.runtime)
		p = put_name(KEY_STR(p, "runtime"), c.runtime);
	if (*c.pod_uid)
		p = put_string(KEY_STR(p, "pod"), c.pod_uid);
	name = pod_name(c.pod_uid);
	return name ? put_name(KEY_STR(p, "pod_name"), name) : p;
}

/* The path where it is known; a cgroup that is gone has its number only. */
static char *put_cgroup(char *p, __u64 id, const char *path)
{
	if (path)
		return put_container(put_string(KEY_STR(p, "cgroup"), path), path);
	p = KEY(p, "cgroup_id");
	return fmt_u64(p, id);
}

static char *put_owner(char *p, const struct sock_ident *id, const char *cgroup)
{
	char *first;

	if (!id->owner.how && !id->cgroup)
		return p;
	p = FMT_LIT(p, ",\"owner\":");
	first = p;
	if (id->owner.how)
		p = put_task(p, &id->owner);
	if (id->cgroup)
		p = put_cgroup(p, id->cgroup, cgroup);
	*first = '{'; /* in place of the comma */
	*p = '}';
	return p + 1;
}

static char *put_ends(char *p, const struct sock_ident *id)
{
	p = KEY_STR(p, "laddr");
	p = quote(fmt_addr(p, id->laddr));
	p = KEY(p, "lport");
	p = fmt_u64(p, id->lport);
	p = KEY_STR(p, "raddr");
	p = quote(fmt_addr(p, id->raddr));
	p = KEY(p, "rport");
	return fmt_u64(p, id->rport);
}

char *json_put_conn(char *p, const struct conn *c, const char *cgroup)
{
	const struct sock_ident *id = &c->ident;

	p = KEY_STR(p, "sk");
	p = quote(fmt_hex(p, c->half_open ? 0 : c->cookie & COOKIE_MASK));
	p = KEY(p, "netns");
	p = fmt_u64(p, id->netns);
	p = id->mptcp ? FMT_LIT(p, ",\"proto\":\"mptcp\",\"family\":")
		      : FMT_LIT(p, ",\"proto\":\"tcp\",\"family\":");
	p = fmt_u64(p, id->family);
	p = put_ends(p, id);
	p = put_roles(p, c->roles);
	return put_owner(p, id, cgroup);
}
