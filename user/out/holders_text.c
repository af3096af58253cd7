// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Holders for people: a process, its command line, and below it what is wrong
 * with how many of its sockets, each of them on a line.
 */
#include <string.h>
#include "model/listing.h"
#include "model/names.h"
#include "out/columns.h"
#include "out/escape.h"
#include "out/fmt.h"
#include "out/holders.h"
#include "out/wrap.h"

#define LINE_ROOM 1024
#define COMMAND_MAX 1024 /* bytes of a command line that are shown at most */
#define NOTE_ROOM 192

/* Columns: of an address where nothing is cut, and the least of it. */
#define END_WIDTH 24
#define END_LEAST 9
#define FD_WIDTH 6
#define SENTENCE_LEAST 60
#define STATE_WIDTH 12
#define INDENT "  "

struct table {
	struct obuf *b;
	const struct out_options *o;
	unsigned int ends, notes; /* widths, 0: left out */
	unsigned int states;
};

/*
 * Widths: the notes give way first, then the addresses, in equal parts
 */

static void fit(struct table *t)
{
	unsigned int fixed = 2 + FD_WIDTH + 1 + t->states + 1 + DWELL_WIDTH;
	unsigned int left = t->o->width > fixed ? t->o->width - fixed : 0;

	t->ends = END_WIDTH;
	t->notes = NOTE_ROOM;
	if (!t->o->width)
		return;
	if (left < 2 * (END_LEAST + 1)) {
		t->ends = t->notes = 0;
		return;
	}
	if (left < 2 * (END_WIDTH + 1))
		t->ends = left / 2 - 1;
	left -= 2 * (t->ends + 1);
	t->notes = left > 12 ? left - 1 : 0;
}

static unsigned int state_width(enum name_set names)
{
	return names == NAMES_KERNEL ? strlen(state_name(names, ST_NEW_SYN_RECV)) : STATE_WIDTH;
}

/*
 * Lines
 */

/* Ends a line: no blanks at its end, and no more columns than there are. */
static void put_line(struct table *t, char *start, char *p)
{
	unsigned int width = t->o->width;

	if (width && term_columns(start, p - start) > width) {
		p = start + term_fit(start, p - start, width - 1);
		*p++ = '~';
	}
	while (p > start && p[-1] == ' ')
		p--;
	*p++ = '\n';
	obuf_done(t->b, p);
}

static char *put_right(char *p, const char *text, size_t n, unsigned int width)
{
	for (unsigned int i = n; i < width; i++)
		*p++ = ' ';
	return mempcpy(p, text, n);
}

static char *put_end(const struct table *t, char *p, const __u8 addr[16], __u16 port)
{
	char text[FMT_ENDPOINT_MAX], *end = fmt_endpoint(text, addr, port);
	size_t n = end - text, keep = end - (char *)memrchr(text, ':', n);

	if (!t->ends)
		return p;
	*p++ = ' ';
	if (!t->o->width && n > t->ends)
		return mempcpy(p, text, n);
	if (n <= t->ends) {
		memset(p, ' ', t->ends);
		memcpy(p, text, n);
		return p + t->ends;
	}
	/* networks differ in front, hosts at the end */
	if (t->ends > keep + 5)
		keep += (t->ends - keep - 1) / 2;
	return column_put(p, text, n, keep, t->ends);
}

static char *put_stay(char *p, const struct row_sock *r)
{
	char text[2 + FMT_DURATION_MAX], *end = text;

	if (!r->since_ns)
		return put_right(p, "-", 1, DWELL_WIDTH);
	if (r->flags & ROW_AT_LEAST)
		end = FMT_LIT(text, ">=");
	end = fmt_duration(end, row_stay_ns(r));
	return put_right(p, text, end - text, DWELL_WIDTH);
}

static char *note_who(char *p, const char *before, const struct holder *h)
{
	p = term_escape(fmt_str(p, before), h->comm, strnlen(h->comm, COMM_LEN));
	*p++ = '/';
	return fmt_u64(p, h->pid);
}

/* NOTE_ROOM bytes at most. */
static char *note(char *p, const struct held_item *item)
{
	const struct holder *h = item->holder;
	unsigned int others = item->of->n_processes;

	if (!h)
		return item->of->n_listener ? note_who(p, "to be accepted by ", item->of->listener)
					    : p;
	if (h->flags & HOLDER_INHERITED)
		p = fmt_u64(FMT_LIT(p, "inherited from "), h->ppid);
	if (others < 2)
		return p;
	if (h->flags & HOLDER_INHERITED)
		p = FMT_LIT(p, ", ");
	p = fmt_u64(FMT_LIT(p, "held by "), others - 1);
	return others == 2 ? FMT_LIT(p, " other too") : FMT_LIT(p, " others too");
}

static void put_item(struct table *t, const struct held_item *item)
{
	const struct row_sock *r = item->of->row;
	char *start = obuf_room(t->b, LINE_ROOM), *p = start;
	char fd[FMT_U64_MAX] = "-";

	if (!p)
		return;
	p = FMT_LIT(p, INDENT);
	p = put_right(p, fd, item->holder ? fmt_u64(fd, item->holder->fd) - fd : 1, FD_WIDTH);
	*p++ = ' ';
	p = column_put(p, state_name(t->o->names, r->state),
		       strlen(state_name(t->o->names, r->state)), 0, t->states);
	*p++ = ' ';
	p = put_stay(p, r);
	p = put_end(t, p, r->ident.laddr, r->ident.lport);
	p = put_end(t, p, r->ident.raddr, r->ident.rport);
	if (t->notes) {
		*p++ = ' ';
		p = note(p, item);
	}
	put_line(t, start, p);
}

static void put_title(struct table *t)
{
	char *start = obuf_room(t->b, LINE_ROOM), *p = start;

	if (!p)
		return;
	p = put_right(FMT_LIT(p, INDENT), "FD", 2, FD_WIDTH);
	*p++ = ' ';
	p = column_put(p, "STATE", 5, 0, t->states);
	*p++ = ' ';
	p = put_right(p, "FOR", 3, DWELL_WIDTH);
	if (t->ends) {
		*p++ = ' ';
		p = column_put(p, "LOCAL", 5, 0, t->ends);
		*p++ = ' ';
		p = column_put(p, "REMOTE", 6, 0, t->ends);
	}
	if (t->notes)
		p = FMT_LIT(p, " NOTE");
	put_line(t, start, p);
}

static char *put_cgroup(const struct table *t, char *p, __u64 id)
{
	const char *path = t->o->cgroup_path && id ? t->o->cgroup_path(id) : NULL;
	const char *name = path ? strrchr(path, '/') : NULL;

	if (!name || !name[1])
		return p;
	p = term_escape(FMT_LIT(p, "  ["), name + 1, strnlen(name + 1, 255));
	*p++ = ']';
	return p;
}

/* "nginx/1234  uid 33, child of 1233  [nginx.service]", and the command line. */
static void put_process(struct table *t, const struct holder *h)
{
	char *start = obuf_room(t->b, LINE_ROOM + TERM_ESCAPE_MAX * (256 + COMMAND_MAX));
	char *p = start;

	if (!p)
		return;
	p = note_who(p, "", h);
	if (h->flags & HOLDER_OWN_TABLE)
		p = fmt_u64(FMT_LIT(p, "/"), h->tid);
	p = fmt_u64(FMT_LIT(p, "  uid "), h->uid);
	if (h->ppid)
		p = fmt_u64(FMT_LIT(p, ", child of "), h->ppid);
	if (h->flags & HOLDER_OWN_TABLE)
		p = FMT_LIT(p, ", a thread with descriptors of its own");
	put_line(t, start, put_cgroup(t, p, h->cgroup));
	start = p = h->cmdline ? obuf_room(t->b, LINE_ROOM + TERM_ESCAPE_MAX * COMMAND_MAX) : NULL;
	if (!p)
		return;
	p = term_escape(FMT_LIT(p, INDENT), h->cmdline, strnlen(h->cmdline, COMMAND_MAX));
	put_line(t, start, p);
}

static void put_nobody(struct table *t)
{
	char *p = obuf_room(t->b, LINE_ROOM);

	if (p)
		put_line(t, p, FMT_LIT(p, "no process"));
}

/* In a few words where a sentence would be broken too often. */
static void put_words(struct table *t, enum diagnosis diagnosis, __u32 n)
{
	char *start = obuf_room(t->b, LINE_ROOM), *p = start;

	if (!p)
		return;
	p = fmt_str(fmt_u64(FMT_LIT(p, INDENT), n), ": ");
	put_line(t, start, fmt_str(p, diagnosis_words(diagnosis)));
}

static void put_diagnosis(struct table *t, enum diagnosis diagnosis, __u32 n)
{
	const char *sentence = diagnosis_sentence(diagnosis);
	struct wrap w = {.b = t->b, .width = t->o->width, .indent = 2};
	char text[FMT_U64_MAX + 16], *p;

	if (!sentence)
		return;
	if (t->o->width && t->o->width < SENTENCE_LEAST) {
		put_words(t, diagnosis, n);
		return;
	}
	p = fmt_u64(FMT_LIT(text, INDENT), n);
	p = fmt_str(p, n == 1 ? " socket: " : " sockets: ");
	obuf_add(t->b, text, p - text);
	wrap_begin(&w, p - text);
	wrap_text(&w, sentence, strlen(sentence));
	wrap_end(&w);
}

static void put_more(struct table *t, __u32 n)
{
	char *start = n ? obuf_room(t->b, LINE_ROOM) : NULL;

	if (!start)
		return;
	put_line(t, start, FMT_LIT(fmt_u64(FMT_LIT(start, INDENT "... "), n), " more (--all)"));
}

/* A socket with two descriptors is there twice, one after the other. */
static __u32 sockets(const struct holding *h, __u32 from, __u32 n)
{
	__u32 count = 0;

	for (__u32 i = from; i < from + n; i++)
		count += i == from || h->item[i].of != h->item[i - 1].of;
	return count;
}

/* How many items from `from` on have the same diagnosis. */
static __u32 alike(const struct holding *h, __u32 from, __u32 end)
{
	__u32 i = from;

	while (i < end && h->item[i].of->diagnosis == h->item[from].of->diagnosis)
		i++;
	return i - from;
}

static void put_group(struct table *t, const struct holding *h, const struct held_group *g,
		      __u32 limit)
{
	__u32 end = g->first + g->n, n, shown;

	if (g->who)
		put_process(t, g->who);
	else
		put_nobody(t);
	for (__u32 i = g->first; i < end; i += n) {
		n = alike(h, i, end);
		shown = limit && n > limit ? limit : n;
		put_diagnosis(t, h->item[i].of->diagnosis, sockets(h, i, n));
		for (__u32 j = i; j < i + shown; j++)
			put_item(t, &h->item[j]);
		put_more(t, n - shown);
	}
}

void holders_text(struct obuf *b, const struct holding *h, const struct out_options *o,
		  unsigned int limit)
{
	struct table t = {.b = b, .o = o, .states = state_width(o->names)};

	fit(&t);
	put_title(&t);
	for (__u32 i = 0; i < h->n_groups; i++)
		put_group(&t, h, &h->group[i], limit);
}

void holders_talk(struct obuf *b, const struct holding *h)
{
	char *p = obuf_room(b, LINE_ROOM);
	__u32 nobody = h->n_groups && !h->group[h->n_groups - 1].who;

	if (!p)
		return;
	p = fmt_str(fmt_u64(p, h->n), h->n == 1 ? " TCP socket, " : " TCP sockets, ");
	p = fmt_str(fmt_u64(p, h->n_groups - nobody),
		    h->n_groups - nobody == 1 ? " holder\n" : " holders\n");
	obuf_done(b, p);
}
