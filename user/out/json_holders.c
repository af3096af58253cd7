// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include "out/escape.h"
#include "out/fmt.h"
#include "out/json.h"

/* A holder but for its command line and the path of its cgroup. */
#define HOLDER_ROOM 512

static char *put_string(char *p, const char *s, size_t n)
{
	p = json_escape(p, s, n);
	*p = '"';
	return p + 1;
}

static char *put_flags(char *p, __u8 flags)
{
	if (flags & HOLDER_OPENED)
		p = FMT_LIT(p, ",\"opened_by\":\"self\"");
	else if (flags & HOLDER_PARENT_OPENED)
		p = FMT_LIT(p, ",\"opened_by\":\"parent\"");
	if (flags & HOLDER_INHERITED)
		p = FMT_LIT(p, ",\"inherited\":true");
	if (flags & HOLDER_OWN_TABLE)
		p = FMT_LIT(p, ",\"own_table\":true");
	return p;
}

static char *put_process(char *p, const struct holder *h, const char *cgroup)
{
	p = fmt_u64(KEY(p, "uid"), h->uid);
	if (h->ppid)
		p = fmt_u64(KEY(p, "ppid"), h->ppid);
	if (h->start_ns)
		p = fmt_u64(KEY(p, "start_boottime_ns"), h->start_ns);
	if (cgroup)
		p = put_string(KEY_STR(p, "cgroup"), cgroup, strlen(cgroup));
	else if (h->cgroup)
		p = fmt_u64(KEY(p, "cgroup_id"), h->cgroup);
	if (h->cmdline)
		p = put_string(KEY_STR(p, "cmdline"), h->cmdline, strlen(h->cmdline));
	return p;
}

static void add_holder(struct obuf *b, const struct holder *h, const char *cgroup, bool first)
{
	size_t strings = (cgroup ? strlen(cgroup) : 0) + (h->cmdline ? strlen(h->cmdline) : 0);
	char *p = obuf_room(b, HOLDER_ROOM + JSON_ESCAPE_MAX * strings);

	if (!p)
		return;
	p = first ? FMT_LIT(p, "{\"pid\":") : FMT_LIT(p, ",{\"pid\":");
	p = fmt_u64(p, h->pid);
	p = fmt_u64(KEY(p, "tid"), h->tid);
	p = put_string(KEY_STR(p, "comm"), h->comm, strnlen(h->comm, COMM_LEN));
	p = fmt_u64(KEY(p, "fd"), h->fd);
	p = put_flags(p, h->flags);
	p = put_process(p, h, cgroup);
	obuf_done(b, FMT_LIT(p, "}"));
}

void json_add_holders(struct obuf *b, const char *key, const struct holder *h, __u32 n,
		      const char *(*cgroup_path)(__u64 id))
{
	obuf_add(b, ",\"", 2);
	obuf_add(b, key, strlen(key));
	obuf_add(b, "\":[", 3);
	for (__u32 i = 0; i < n; i++) {
		const char *cgroup = cgroup_path && h[i].cgroup ? cgroup_path(h[i].cgroup) : NULL;

		add_holder(b, &h[i], cgroup, !i);
	}
	obuf_add(b, "]", 1);
}
