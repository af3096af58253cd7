// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/rules.h"
#include "out/journal.h"
#include "out/note.h"
#include "out/sink.h"
#include "util/log.h"
#include "util/notify.h"

#define SNDBUF (1 << 20)

struct journal {
	struct out_sink out; /* its buffer holds one entry */
	struct sink *json;   /* writes into memory */
	int fd;
	__u64 dropped;
	bool told;
};

/* A value with its length in front: it may have any bytes. */
static void field(struct obuf *b, const char *name, const char *value, size_t len)
{
	__u64 le = htole64(len);

	obuf_add(b, name, strlen(name));
	obuf_add(b, "\n", 1);
	obuf_add(b, (const char *)&le, sizeof(le));
	obuf_add(b, value, len);
	obuf_add(b, "\n", 1);
}

static void text(struct obuf *b, const char *name, const char *value)
{
	if (value)
		field(b, name, value, strlen(value));
}

static void number(struct obuf *b, const char *name, __u64 value)
{
	char digits[FMT_U64_MAX];

	field(b, name, digits, fmt_u64(digits, value) - digits);
}

static int try_send(struct journal *j, size_t len)
{
	ssize_t n = send(j->fd, j->out.buf.data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0)
		return 0;
	/* journald was started again: its socket is another one */
	if (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) {
		int fd = datagram_to(JOURNAL_SOCKET);

		if (fd < 0)
			return fd;
		close(j->fd);
		j->fd = fd;
		n = send(j->fd, j->out.buf.data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return n < 0 ? -errno : 0;
}

/* Without what is behind `least`, if all is too much for a datagram. */
static void entry_send(struct journal *j, size_t least)
{
	struct obuf *b = &j->out.buf;
	int err = b->err ? b->err : try_send(j, b->len);

	if (err == -EMSGSIZE)
		err = try_send(j, least);
	obuf_clear(b);
	if (!err) {
		j->told = false;
		return;
	}
	j->dropped++;
	if (!j->told)
		warn_line("--journal: the journal does not take it: %s", strerror(-err));
	j->told = true;
}

static void entry_begin(struct obuf *b, const char *id, char priority)
{
	obuf_clear(b);
	text(b, "SYSLOG_IDENTIFIER", "tcpdwell");
	text(b, "MESSAGE_ID", id);
	field(b, "PRIORITY", &priority, 1);
}

static void put_message(struct journal *j, const struct alert *a)
{
	static struct alert_text t;
	char line[sizeof(t.text) + 2 * ALERT_PARTS], *p = line;

	alert_text(&t, a, state_name(j->out.o.names, a->state), out_cgroup(&j->out, a->conn));
	for (unsigned int i = 0; i < t.n; i++) {
		if (i)
			p = FMT_LIT(p, "  ");
		p = mempcpy(p, t.part[i], t.len[i]);
	}
	field(&j->out.buf, "MESSAGE", line, p - line);
}

static void put_socket(struct obuf *b, const struct conn *c)
{
	char at[FMT_ADDR_MAX];

	field(b, "TCPDWELL_COOKIE", at, fmt_hex(at, c->cookie & COOKIE_MASK) - at);
	number(b, "TCPDWELL_NETNS", c->ident.netns);
	field(b, "TCPDWELL_LADDR", at, fmt_addr(at, c->ident.laddr) - at);
	number(b, "TCPDWELL_LPORT", c->ident.lport);
	field(b, "TCPDWELL_RADDR", at, fmt_addr(at, c->ident.raddr) - at);
	number(b, "TCPDWELL_RPORT", c->ident.rport);
}

static void put_process(struct obuf *b, __u32 pid, const char comm[COMM_LEN])
{
	number(b, "TCPDWELL_PID", pid);
	field(b, "TCPDWELL_COMM", comm, strnlen(comm, COMM_LEN));
}

static void put_who(struct obuf *b, const struct alert *a)
{
	const struct sock_owner *o = &a->conn->ident.owner;

	if (a->n_holders)
		put_process(b, a->holders[0].pid, a->holders[0].comm);
	else if (o->how)
		put_process(b, o->pid, o->comm);
	if (!a->group)
		return;
	number(b, "TCPDWELL_GROUP", a->group->id);
	number(b, "TCPDWELL_GROUP_COUNT", a->group->count);
}

static void put_alert(struct journal *j, const struct alert *a)
{
	struct obuf *b = &j->out.buf;

	put_message(j, a);
	text(b, "TCPDWELL_STATUS", a->status == ALERT_FIRING ? "firing" : "resolved");
	text(b, "TCPDWELL_SEVERITY", a->rule->step ? "critical" : "warning");
	field(b, "TCPDWELL_RULE", a->rule->name, strnlen(a->rule->name, RULE_NAME_LEN));
	text(b, "TCPDWELL_STATE", state_name(j->out.o.names, a->state));
	number(b, "TCPDWELL_THRESHOLD_NS", a->rule->threshold_ns);
	number(b, "TCPDWELL_DWELL_NS", a->dwell_ns);
	text(b, "TCPDWELL_DIAGNOSIS", diagnosis_name(a->diagnosis));
	put_socket(b, a->conn);
	put_who(b, a);
}

static void journal_alert(struct sink *s, const struct alert *a)
{
	struct journal *j = (struct journal *)s;
	struct obuf *json = &((struct out_sink *)j->json)->buf;
	bool firing = a->status == ALERT_FIRING;
	size_t least;

	entry_begin(&j->out.buf, firing ? JOURNAL_ID_FIRING : JOURNAL_ID_RESOLVED,
		    !firing	    ? '6'
		    : a->rule->step ? '3'
				    : '4');
	put_alert(j, a);
	least = j->out.buf.len;
	j->json->ops->alert(j->json, a);
	if (json->len)
		field(&j->out.buf, "TCPDWELL_JSON", json->data, json->len - 1);
	obuf_clear(json);
	entry_send(j, least);
}

static void journal_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	struct journal *j = (struct journal *)s;
	struct obuf *b = &j->out.buf;
	char line[128], *p = fmt_u64(line, count);

	(void)mono_ns;
	entry_begin(b, JOURNAL_ID_LOST, '4');
	p = FMT_LIT(p, " events lost (");
	p = fmt_str(p, lost_name(cause));
	p = FMT_LIT(p, "): the sockets are read again");
	field(b, "MESSAGE", line, p - line);
	text(b, "TCPDWELL_CAUSE", lost_name(cause));
	number(b, "TCPDWELL_COUNT", count);
	entry_send(j, b->len);
}

static void journal_clock(struct sink *s, __s64 mono_to_real_ns)
{
	out_set_clock(s, mono_to_real_ns);
	out_set_clock(((struct journal *)s)->json, mono_to_real_ns);
}

static void journal_free(struct sink *s)
{
	struct journal *j = (struct journal *)s;

	if (j->json)
		j->json->ops->free(j->json);
	if (j->fd >= 0)
		close(j->fd);
	out_sink_free(s);
}

static const struct sink_ops journal_ops = {
	.alert = journal_alert,
	.lost = journal_lost,
	.clock = journal_clock,
	.free = journal_free,
};

int journal_sink_new(const struct out_options *o, const char *path, struct sink **s)
{
	struct journal *j = calloc(1, sizeof(*j));
	struct out_options to_memory = *o;
	int size = SNDBUF, err;

	if (!j)
		return -ENOMEM;
	to_memory.fd = -1;
	err = out_sink_init(&j->out, &to_memory, &journal_ops);
	if (err) {
		free(j);
		return err;
	}
	j->json = json_sink_new(&to_memory);
	j->fd = datagram_to(path);
	if (!j->json || j->fd < 0) {
		err = j->json ? j->fd : -ENOMEM;
		journal_free(&j->out.sink);
		return err;
	}
	setsockopt(j->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*s = &j->out.sink;
	return 0;
}

__u64 journal_dropped(const struct sink *s)
{
	return ((const struct journal *)s)->dropped;
}
