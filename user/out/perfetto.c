// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "out/escape.h"
#include "out/perfetto.h"
#include "out/sink.h"

#define EVENT_ROOM 1024
#define NETNS_SEEN 256

struct perfetto {
	struct out_sink out; /* first */
	const char *source;
	__u32 netns[NETNS_SEEN]; /* that have their name; those behind have none */
	unsigned int n_netns;
	bool begun;
	bool any; /* an event was written */
};

/* Microseconds with ns behind the point. */
static char *put_us(char *p, __u64 ns)
{
	p = fmt_u64(p, ns / 1000);
	*p++ = '.';
	return fmt_digits(p, ns % 1000, 3);
}

static char *put_string(char *p, const char *s, size_t n)
{
	*p++ = '"';
	p = json_escape(p, s, n);
	*p++ = '"';
	return p;
}

/*
 * A track is a thread: 31 bits are what all readers take.  A cookie is a counter
 * that starts at 1 with the host, what is above the bits tells made-up ones apart.
 */
static __u32 track(const struct conn *c)
{
	return (__u32)(c->cookie ^ c->cookie >> 31) & 0x7fffffff;
}

static char *put_where(char *p, const struct conn *c)
{
	p = fmt_u64(FMT_LIT(p, ",\"pid\":"), c->ident.netns);
	return fmt_u64(FMT_LIT(p, ",\"tid\":"), track(c));
}

/* Room for an event, with the comma behind the last one; NULL: no memory. */
static char *begin(struct perfetto *t, size_t more)
{
	char *p = obuf_room(&t->out.buf, EVENT_ROOM + more);

	if (!p)
		return NULL;
	p = fmt_str(p, t->any ? ",\n" : "\n");
	t->any = true;
	return p;
}

static void name_netns(struct perfetto *t, __u32 netns)
{
	char *p;

	for (unsigned int i = 0; i < t->n_netns; i++)
		if (t->netns[i] == netns)
			return;
	if (t->n_netns == NETNS_SEEN)
		return;
	t->netns[t->n_netns++] = netns;
	p = begin(t, 0);
	if (!p)
		return;
	p = FMT_LIT(p, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":");
	p = FMT_LIT(fmt_u64(p, netns), ",\"args\":{\"name\":\"network namespace ");
	obuf_done(&t->out.buf, FMT_LIT(fmt_u64(p, netns), "\"}}"));
}

/* "nginx 192.0.2.1:80 - 192.0.2.7:4711" */
static void name_track(struct perfetto *t, const struct conn *c)
{
	const char *comm = c->ident.owner.comm;
	char *p;

	name_netns(t, c->ident.netns);
	p = begin(t, 0);
	if (!p)
		return;
	p = FMT_LIT(p, "{\"ph\":\"M\",\"name\":\"thread_name\"");
	p = FMT_LIT(put_where(p, c), ",\"args\":{\"name\":\"");
	p = json_escape(p, comm, strnlen(comm, COMM_LEN));
	if (*comm)
		*p++ = ' ';
	p = FMT_LIT(fmt_endpoint(p, c->ident.laddr, c->ident.lport), " - ");
	p = fmt_endpoint(p, c->ident.raddr, c->ident.rport);
	obuf_done(&t->out.buf, FMT_LIT(p, "\"}}"));
}

struct slice {
	unsigned int state;
	__u64 begin_ns, dwell_ns;
	bool at_least;
	enum reason reason; /* of what ended it */
};

static void put_slice(struct perfetto *t, const struct conn *c, const struct slice *s)
{
	const char *name = state_name(t->out.o.names, s->state);
	char *p = begin(t, 0);

	if (!p)
		return;
	p = put_string(FMT_LIT(p, "{\"ph\":\"X\",\"cat\":\"tcp\",\"name\":"), name, strlen(name));
	p = put_us(FMT_LIT(put_where(p, c), ",\"ts\":"), s->begin_ns);
	p = put_us(FMT_LIT(p, ",\"dur\":"), s->dwell_ns);
	p = fmt_hex(FMT_LIT(p, ",\"args\":{\"sk\":\""), c->cookie & COOKIE_MASK);
	p = fmt_u64(FMT_LIT(p, "\",\"owner_pid\":"), c->ident.owner.pid);
	if (s->at_least)
		p = FMT_LIT(p, ",\"dwell\":\"at_least\"");
	if (s->reason) {
		p = FMT_LIT(p, ",\"reason\":");
		p = put_string(p, reason_name(s->reason), strlen(reason_name(s->reason)));
	}
	obuf_done(&t->out.buf, FMT_LIT(p, "}}"));
}

static void perfetto_hello(struct sink *sink, const struct hello *h)
{
	struct perfetto *t = (struct perfetto *)sink;
	const char *filter = h->filter ? h->filter : "";
	size_t more = strlen(t->source) + strlen(h->version) + strlen(h->kernel) + strlen(filter);
	char *p = obuf_room(&t->out.buf, EVENT_ROOM + JSON_ESCAPE_MAX * more);
	struct fmt_clock clock = {0};

	t->begun = true;
	if (!p)
		return;
	p = FMT_LIT(p, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"source\":");
	p = put_string(p, t->source, strlen(t->source));
	p = put_string(FMT_LIT(p, ",\"tcpdwell\":"), h->version, strlen(h->version));
	p = put_string(FMT_LIT(p, ",\"kernel\":"), h->kernel, strlen(h->kernel));
	p = put_string(FMT_LIT(p, ",\"filter\":"), filter, strlen(filter));
	p = FMT_LIT(p, ",\"begin\":\"");
	p = fmt_time(p, &clock, (__s64)h->mono_ns + t->out.o.mono_to_real_ns);
	obuf_done(&t->out.buf, FMT_LIT(p, "\"},\"traceEvents\":["));
}

static void perfetto_socket(struct sink *sink, const struct conn *c, __u64 mono_ns)
{
	(void)mono_ns;
	name_track((struct perfetto *)sink, c);
}

/* With SYN_SEND the port is not known yet: the name comes again with what follows. */
static bool named_by(const struct transition *t)
{
	return t->first || t->from == ST_SYN_SENT;
}

static void perfetto_transition(struct sink *sink, const struct transition *tr)
{
	struct perfetto *t = (struct perfetto *)sink;
	struct slice s = {
		.state = tr->from,
		.begin_ns = tr->mono_ns > tr->dwell_ns ? tr->mono_ns - tr->dwell_ns : 0,
		.dwell_ns = tr->dwell_ns,
		.at_least = tr->at_least,
		.reason = tr->reason,
	};

	if (named_by(tr))
		name_track(t, tr->conn);
	if (!tr->first)
		put_slice(t, tr->conn, &s);
}

void perfetto_open(struct sink *sink, const struct conn *c, __u64 now_ns)
{
	struct slice s = {.state = c->state, .begin_ns = c->since_ns, .at_least = c->at_least};

	if (!c->since_ns || now_ns < c->since_ns)
		return;
	s.dwell_ns = now_ns - c->since_ns;
	put_slice((struct perfetto *)sink, c, &s);
}

void perfetto_end(struct sink *sink)
{
	struct perfetto *t = (struct perfetto *)sink;

	if (!t->begun)
		perfetto_hello(sink, &(struct hello){.version = "", .kernel = ""});
	obuf_add(&t->out.buf, "\n]}\n", 4);
}

static const struct sink_ops perfetto_ops = {
	.hello = perfetto_hello,
	.socket = perfetto_socket,
	.transition = perfetto_transition,
	.flush = out_sink_flush,
	.free = out_sink_free,
};

struct sink *perfetto_sink_new(const struct out_options *o, const char *source)
{
	struct perfetto *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->source = source;
	if (out_sink_init(&t->out, o, &perfetto_ops)) {
		free(t);
		return NULL;
	}
	return &t->out.sink;
}
