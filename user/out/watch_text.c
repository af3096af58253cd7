// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Alerts for people: a line when a group of them opens, at growing intervals
 * while it lasts, and when it is over.  Data on stdout, talk on stderr.
 */
#include <stdlib.h>
#include <string.h>
#include "model/diagnosis.h"
#include "model/rules.h"
#include "out/escape.h"
#include "out/note.h"
#include "out/sink.h"

#define LINE_MAX_BYTES 4096
#define SEC 1000000000ULL
#define EXAMPLES 64
#define INDENT 16 /* below the text after the time */

/* The first socket of a group, in words, until the group is told. */
struct example {
	__u32 group;
	__u64 dwell_ns;
	bool at_least;
	size_t len;
	char text[1024];
};

struct watch_sink {
	struct out_sink out;
	struct obuf talk;
	struct example example[EXAMPLES];
	unsigned int n_examples;
};

/* A line that is being made: parts, broken before one that would not fit. */
struct line {
	struct watch_sink *w;
	const char *color;
	unsigned int used; /* columns */
	size_t len;
	char text[LINE_MAX_BYTES];
};

static void put_line(struct line *l)
{
	char *start = obuf_room(&l->w->out.buf, l->len + 32), *p = start;
	bool color = l->w->out.o.color && l->color;

	if (!p)
		return;
	p = color ? fmt_str(p, l->color) : p;
	p = mempcpy(p, l->text, l->len);
	p = color ? FMT_LIT(p, "\033[0m") : p;
	*p++ = '\n';
	obuf_done(&l->w->out.buf, p);
}

static void line_part(struct line *l, const char *text, size_t n)
{
	unsigned int width = l->w->out.o.width, columns = term_columns(text, n);

	if (!n || l->len + n + INDENT + 2 > sizeof(l->text))
		return;
	if (width && l->used > INDENT && l->used + 2 + columns > width) {
		put_line(l);
		memset(l->text, ' ', INDENT);
		l->used = l->len = INDENT;
	} else if (l->used > INDENT) {
		memcpy(l->text + l->len, "  ", 2);
		l->len += 2;
		l->used += 2;
	}
	memcpy(l->text + l->len, text, n);
	l->len += n;
	l->used += columns;
}

static void line_begin(struct line *l, struct watch_sink *w, __u64 mono_ns, const char *mark,
		       const char *color)
{
	char *p = l->text;

	l->w = w;
	l->color = color;
	p = fmt_time_local(p, &w->out.clock, out_real_ns(&w->out, mono_ns));
	*p++ = ' ';
	p = fmt_str(p, mark);
	l->len = p - l->text;
	l->used = INDENT;
	while (l->len < INDENT)
		l->text[l->len++] = ' ';
}

#define RED "\033[31m"
#define BOLD_RED "\033[1;31m"
#define GREEN "\033[32m"

static char *put_seconds(char *p, __u64 ns)
{
	return fmt_threshold(p, ns < SEC ? ns : ns / SEC * SEC);
}

static char *put_sockets(char *p, __u32 n)
{
	p = fmt_u64(p, n);
	return n == 1 ? FMT_LIT(p, " socket") : FMT_LIT(p, " sockets");
}

static char *put_process(const struct watch_sink *w, char *p, const struct group_key *k)
{
	const char *path;

	if (k->pid) {
		p = term_escape(p, k->comm, strnlen(k->comm, COMM_LEN));
		*p++ = '/';
		return fmt_u64(p, k->pid);
	}
	path = w->out.o.cgroup_path && k->cgroup ? w->out.o.cgroup_path(k->cgroup) : NULL;
	return path ? term_escape(p, path, strnlen(path, 200)) : FMT_LIT(p, "no process");
}

static void part_whose(struct line *l, const struct group_key *k)
{
	char text[1024], *p = put_process(l->w, text, k);

	p = k->open == ROLE_ACTIVE ? FMT_LIT(p, " to :") : FMT_LIT(p, " at :");
	p = fmt_u64(p, k->port);
	line_part(l, text, p - text);
}

static void part_words(struct line *l, const char *words)
{
	if (words)
		line_part(l, words, strlen(words));
}

static const char *state_of(const struct watch_sink *w, const struct group_key *k)
{
	return state_name(w->out.o.names, k->state);
}

/* A rule of the file's is worth its name; the others are called as their state. */
static char *put_rule(const struct watch_sink *w, char *p, const struct group_key *k)
{
	size_t n = strlen(state_name(NAMES_ARTICLE, k->state));

	p = fmt_str(p, state_of(w, k));
	if (strncasecmp(k->rule, state_name(NAMES_ARTICLE, k->state), n) &&
	    strncasecmp(k->rule, state_of(w, k), strlen(state_of(w, k)))) {
		p = FMT_LIT(p, " [");
		p = term_escape(p, k->rule, strnlen(k->rule, sizeof(k->rule)));
		*p++ = ']';
	}
	return FMT_LIT(p, ": ");
}

static struct example *example_of(struct watch_sink *w, __u32 group)
{
	for (unsigned int i = 0; i < w->n_examples; i++)
		if (w->example[i].group == group)
			return &w->example[i];
	return NULL;
}

static void line_opened(struct line *l, const struct alert_group *g)
{
	const struct example *e = example_of(l->w, g->id);
	char text[256], *p = put_rule(l->w, text, &g->key);

	p = put_sockets(p, g->count);
	p = FMT_LIT(p, " for ");
	if (e && e->at_least)
		p = FMT_LIT(p, "at least ");
	p = put_seconds(p, g->oldest_ns);
	line_part(l, text, p - text);
	part_whose(l, &g->key);
	part_words(l, diagnosis_words(g->key.diagnosis));
	if (e)
		line_part(l, e->text, e->len);
}

static void line_changed(struct line *l, const struct alert_group *g)
{
	char text[256], *p = put_rule(l->w, text, &g->key);

	p = put_sockets(p, g->count);
	p = g->growth_per_min < 0 ? FMT_LIT(p, ", -") : FMT_LIT(p, ", +");
	p = fmt_u64(p, abs(g->growth_per_min));
	p = FMT_LIT(p, " in a minute, oldest ");
	p = put_seconds(p, g->oldest_ns);
	line_part(l, text, p - text);
	part_whose(l, &g->key);
	part_words(l, diagnosis_words(g->key.diagnosis));
}

static void line_over(struct line *l, const struct alert_group *g)
{
	char text[256], *p = put_rule(l->w, text, &g->key);

	p = FMT_LIT(p, "over, ");
	p = put_sockets(p, g->total);
	p = FMT_LIT(p, " in all, the longest for ");
	p = put_seconds(p, g->longest_ns);
	line_part(l, text, p - text);
	part_whose(l, &g->key);
}

static void watch_group(struct sink *s, const struct alert_group *g, enum group_news news,
			__u64 mono_ns)
{
	struct watch_sink *w = (struct watch_sink *)s;
	struct line l;

	if (news == GROUP_OVER) {
		line_begin(&l, w, mono_ns, "", GREEN);
		line_over(&l, g);
	} else {
		line_begin(&l, w, mono_ns, g->grave ? "!!" : "!", g->grave ? BOLD_RED : RED);
		if (news == GROUP_CHANGED)
			line_changed(&l, g);
		else
			line_opened(&l, g);
	}
	put_line(&l);
}

/* A group opens: its first socket, where there is room for it. */
static void watch_alert(struct sink *s, const struct alert *a)
{
	struct watch_sink *w = (struct watch_sink *)s;
	struct alert_text text;
	struct example *e;

	if (a->status != ALERT_FIRING || !a->group || w->n_examples == EXAMPLES ||
	    example_of(w, a->group->id) || (a->group->count > 1 && !a->rule->step))
		return;
	alert_text(&text, a, "", NULL);
	e = &w->example[w->n_examples++];
	e->group = a->group->id;
	e->dwell_ns = a->dwell_ns;
	e->at_least = a->at_least;
	e->len = 0;
	/* the ends, and who holds it; the rest is the group's */
	for (unsigned int i = 2; i < text.n; i++) {
		if (i == 3 && diagnosis_words(a->diagnosis))
			continue;
		if (e->len + text.len[i] + 2 > sizeof(e->text))
			break;
		if (e->len)
			e->len = (char *)mempcpy(e->text + e->len, "  ", 2) - e->text;
		memcpy(e->text + e->len, text.part[i], text.len[i]);
		e->len += text.len[i];
	}
}

static void part_pair(struct line *l, const struct pressure_news *n)
{
	char text[256], *p = text;

	p = fmt_addr(p, n->laddr);
	p = FMT_LIT(p, " to ");
	p = fmt_endpoint(p, n->raddr, n->rport);
	line_part(l, text, p - text);
}

static void watch_pressure(struct sink *s, const struct pressure_news *n)
{
	struct watch_sink *w = (struct watch_sink *)s;
	char text[256], *p = text;
	struct line l;

	line_begin(&l, w, n->mono_ns, n->over ? "" : "!", n->over ? GREEN : RED);
	p = n->time_wait ? FMT_LIT(p, "tcp_max_tw_buckets: ") : FMT_LIT(p, "local ports: ");
	p = fmt_u64(p, n->used);
	p = FMT_LIT(p, " of ");
	p = fmt_u64(p, n->usable);
	p = n->over ? FMT_LIT(p, " in use, no longer short") : FMT_LIT(p, " in use");
	if (n->exhausted_in_ns && !n->over) {
		p = FMT_LIT(p, ", +");
		p = fmt_u64(p, n->growth_per_s);
		p = FMT_LIT(p, " a second, exhausted in ");
		p = fmt_duration(p, n->exhausted_in_ns);
	}
	line_part(&l, text, p - text);
	if (!n->time_wait)
		part_pair(&l, n);
	put_line(&l);
}

static void watch_killed(struct sink *s, const struct kill_news *k)
{
	struct watch_sink *w = (struct watch_sink *)s;
	const struct sock_ident *id = &k->conn->ident;
	char text[512], *p = text;
	struct line l;

	line_begin(&l, w, k->mono_ns, k->err ? "!" : "", k->err ? RED : NULL);
	p = k->dry_run ? FMT_LIT(p, "would be closed: ") : FMT_LIT(p, "closed: ");
	if (k->err)
		p = FMT_LIT(text, "could not be closed: ");
	p = fmt_str(p, state_name(w->out.o.names, k->conn->state));
	p = FMT_LIT(p, " for ");
	p = put_seconds(p, k->dwell_ns);
	if (k->err) {
		p = FMT_LIT(p, " (");
		p = fmt_str(p, strerror(-k->err));
		*p++ = ')';
	}
	line_part(&l, text, p - text);
	p = fmt_endpoint(text, id->laddr, id->lport);
	p = FMT_LIT(p, " - ");
	p = fmt_endpoint(p, id->raddr, id->rport);
	line_part(&l, text, p - text);
	put_line(&l);
}

static void watch_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	struct watch_sink *w = (struct watch_sink *)s;
	const char *name = lost_name(cause);
	char text[128], *p = text;
	struct line l;

	line_begin(&l, w, mono_ns, "", NULL);
	p = fmt_u64(p, count);
	p = FMT_LIT(p, " transitions lost (");
	p = fmt_str(p, name ? name : "unknown");
	p = FMT_LIT(p, "); the sockets are read again");
	line_part(&l, text, p - text);
	put_line(&l);
}

static void watch_hello(struct sink *s, const struct hello *h)
{
	struct watch_sink *w = (struct watch_sink *)s;

	if (w->talk.fd < 0)
		return;
	hello_talk(&w->talk, h, w->out.o.names);
	obuf_flush(&w->talk);
}

static void watch_summary(struct sink *s, const struct summary *sum)
{
	struct watch_sink *w = (struct watch_sink *)s;

	obuf_flush(&w->out.buf);
	if (w->talk.fd < 0)
		return;
	alerts_talk(&w->talk, sum);
	obuf_flush(&w->talk);
}

static int watch_flush(struct sink *s)
{
	((struct watch_sink *)s)->n_examples = 0;
	return out_sink_flush(s);
}

static void watch_free(struct sink *s)
{
	obuf_free(&((struct watch_sink *)s)->talk);
	out_sink_free(s);
}

static const struct sink_ops watch_ops = {
	.hello = watch_hello,
	.alert = watch_alert,
	.group = watch_group,
	.pressure = watch_pressure,
	.killed = watch_killed,
	.lost = watch_lost,
	.summary = watch_summary,
	.clock = out_set_clock,
	.flush = watch_flush,
	.free = watch_free,
};

struct sink *watch_text_sink_new(const struct out_options *o)
{
	struct watch_sink *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (out_sink_init(&w->out, o, &watch_ops)) {
		free(w);
		return NULL;
	}
	if (obuf_init(&w->talk, o->talk_fd)) {
		out_sink_free(&w->out.sink);
		return NULL;
	}
	return &w->out.sink;
}
