// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `tcpdwell list --summary`, and what is said below a list. */
#include <string.h>
#include "out/columns.h"
#include "out/list.h"
#include "out/note.h"
#include "out/sink.h"

#define COUNT_WIDTH 8
#define PROCESS_WIDTH 24
#define LINE_ROOM (OWNER_TEXT_MAX + 1024)

__u32 list_count_named(const __u32 by_state[ST_MAX], enum name_set names, unsigned int state)
{
	struct hello h = {0};

	memcpy(h.sockets, by_state, sizeof(h.sockets));
	return out_count_named(&h, names, state);
}

static char *put_right(char *p, const char *text, size_t n, unsigned int width)
{
	if (n < width) {
		memset(p, ' ', width - n);
		p += width - n;
	}
	return mempcpy(p, text, n);
}

static char *put_count(char *p, __u32 count)
{
	char text[FMT_U64_MAX];

	return put_right(p, text, fmt_u64(text, count) - text, COUNT_WIDTH);
}

/*
 * By state
 */

/* Of all states that share the name: the one with the longest stay. */
static unsigned int longest_of(const struct listing_counts *c, enum name_set names,
			       unsigned int state)
{
	unsigned int longest = state;

	for (unsigned int i = 0; i < ST_MAX; i++)
		if (!strcmp(state_name(names, i), state_name(names, state)) &&
		    c->longest_ns[i] > c->longest_ns[longest])
			longest = i;
	return longest;
}

static char *put_longest(char *p, const struct listing_counts *c, unsigned int state)
{
	char text[FMT_DURATION_MAX + 2], *q = text;

	if (!c->longest_ns[state])
		return put_right(p, "-", 1, DWELL_WIDTH);
	if (c->at_least[state])
		q = FMT_LIT(q, ">=");
	q = fmt_duration(q, c->longest_ns[state]);
	return put_right(p, text, q - text, DWELL_WIDTH);
}

static void put_state(struct obuf *b, const struct listing_counts *c, enum name_set names,
		      unsigned int state)
{
	__u32 count = list_count_named(c->by_state, names, state);
	const char *name = state_name(names, state);
	char *p = count ? obuf_room(b, LINE_ROOM) : NULL;

	if (!p)
		return;
	p = column_put(p, name, strlen(name), 0, names == NAMES_KERNEL ? 16 : 12);
	p = put_count(p, count);
	*p++ = ' ';
	p = put_longest(p, c, longest_of(c, names, state));
	*p++ = '\n';
	obuf_done(b, p);
}

/*
 * By process
 */

static char *put_process(char *p, const struct process_count *c)
{
	struct sock_ident id = {.owner = {.pid = c->pid, .tid = c->pid, .how = OWNER_DESCRIPTOR}};
	char text[OWNER_TEXT_MAX], *end;
	size_t keep = 0;

	memcpy(id.owner.comm, c->comm, sizeof(id.owner.comm));
	end = c->pid ? owner_text(text, &id, NULL, &keep) : FMT_LIT(text, "(no process)");
	return column_put(p, text, end - text, keep, PROCESS_WIDTH);
}

static char *put_states(char *p, const __u32 by_state[ST_MAX], enum name_set names)
{
	const char *sep = "  ";

	for (unsigned int rank = 0; listing_state_at(rank); rank++) {
		unsigned int state = listing_state_at(rank);
		__u32 count = list_count_named(by_state, names, state);

		if (!count)
			continue;
		p = fmt_u64(fmt_str(p, sep), count);
		*p++ = ' ';
		p = fmt_str(p, state_name(names, state));
		sep = ", ";
	}
	return p;
}

/* What does not fit is cut at the end: the states with the fewest words lost. */
static char *cut(char *start, char *p, unsigned int width)
{
	size_t n = p - start, fits;

	if (!width || term_columns(start, n) <= width)
		return p;
	fits = term_fit(start, n, width - 1);
	start[fits] = '~';
	return start + fits + 1;
}

void list_text_counts(struct obuf *b, const struct listing_counts *c, const struct out_options *o)
{
	unsigned int name = o->names == NAMES_KERNEL ? 16 : 12;
	char *start, *p;

	p = obuf_room(b, LINE_ROOM);
	if (!p)
		return;
	p = column_put(p, "STATE", 5, 0, name);
	obuf_done(b, FMT_LIT(p, " SOCKETS   LONGEST\n"));
	for (unsigned int rank = 0; listing_state_at(rank); rank++)
		put_state(b, c, o->names, listing_state_at(rank));
	obuf_add(b, "\nPROCESS                  SOCKETS  STATES\n", 42);
	for (__u32 i = 0; i < c->n_processes; i++) {
		start = p = obuf_room(b, LINE_ROOM);
		if (!p)
			return;
		p = put_process(p, &c->process[i]);
		p = put_count(p, c->process[i].sockets);
		p = cut(start, put_states(p, c->process[i].by_state, o->names), o->width);
		*p++ = '\n';
		obuf_done(b, p);
	}
}

/*
 * Talk
 */

static char *say_number(char *p, __u32 count, const char *noun)
{
	p = fmt_str(fmt_u64(p, count), noun);
	if (count != 1)
		*p++ = 's';
	return p;
}

void list_talk(struct obuf *b, const struct listing *l, unsigned int n_netns)
{
	char *p = obuf_room(b, LINE_ROOM);

	if (!p)
		return;
	p = say_number(p, l->n_order, " TCP socket");
	p = say_number(FMT_LIT(p, " in "), n_netns, " network namespace");
	*p++ = '\n';
	if (l->by[STAY_SEGMENT])
		p = FMT_LIT(p, ">= at least: since the last segment that came\n");
	if (l->by[STAY_FIN])
		p = FMT_LIT(p, ">= at least, FIN_WAIT_1 and LAST_ACK: for the timeouts after which "
			       "the FIN was sent again\n");
	if (l->by[STAY_UNKNOWN])
		p = FMT_LIT(p, "- not known: the kernel keeps nothing that tells since when; "
			       "tcpdwell trace sees it happen\n");
	obuf_done(b, p);
}
