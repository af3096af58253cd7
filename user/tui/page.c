// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/escape.h"
#include "tui/page.h"

void page_clear(struct page *p)
{
	p->n = p->used = 0;
}

char *page_room(struct page *p)
{
	if (p->n == PAGE_LINES || p->used + PAGE_LINE_ROOM > PAGE_ROOM)
		return NULL;
	return p->text + p->used;
}

void page_end(struct page *p, const char *end, enum style style)
{
	size_t len = end - (p->text + p->used);

	p->line[p->n++] = (struct page_line){p->used, len, style};
	p->used += len;
}

void page_add(struct page *p, const char *text, enum style style)
{
	char *room = page_room(p);

	if (room)
		page_end(p, stpncpy(room, text, PAGE_LINE_ROOM), style);
}

/* Bytes of the first words that fit; a word that is too long is cut. */
static size_t first_words(const char *text, size_t room)
{
	size_t fits = term_fit(text, strlen(text), room);
	const char *space;

	if (!text[fits] || text[fits] == ' ')
		return fits;
	space = memrchr(text, ' ', fits);
	return space ? (size_t)(space - text) : fits;
}

void page_wrap(struct page *p, const char *text, enum style style, unsigned int width)
{
	unsigned int indent = 0;

	while (*text) {
		size_t n = first_words(text, width > indent ? width - indent : 1);
		char *room = page_room(p);

		if (!n || n + indent > PAGE_LINE_ROOM || !room)
			return;
		memset(room, ' ', indent);
		page_end(p, mempcpy(room + indent, text, n), style);
		text += n;
		while (*text == ' ')
			text++;
		indent = 2;
	}
}

void page_help(struct page *p)
{
	static const char *const lines[] = {
		"  up down PgUp PgDn Home End   move (j and k too)",
		"  Enter      a socket: its life and who holds it; a group: its sockets",
		"  Esc        back: out of a socket, a filter, a group",
		"  /          filter as you type: words in state, owner, address, :port;",
		"             all must be there, !word must not; Enter keeps it, Esc drops it",
		"  s S        sort by the next key, the one before; r the other way round",
		"  g          group by process, peer, state, port, not at all",
		"  f, space   freeze, and go on; the kernel is followed all the while",
		"  r          in a socket: read it again from the kernel",
		"  ? h        this help        ^L  paint anew        q  quit",
		"",
		"  !          stuck: longer in its state than its limit (--max STATE=DURATION;",
		"             CLOSE_WAIT 60 s, TIMED_WAIT 61 s if not set)",
		"  >=         it came to this state before the view began, or unseen",
		"  +/min      sockets more than a minute ago, or than at the start of the view",
		"  n/s        transitions into the state, or on the arrow, a second",
		"",
		"  The options' filters hold for everything, but --state and --min-dwell for the",
		"  lists alone. A life is kept from the start of the view on, while the socket",
		"  is there. Failed handshakes are among the sockets only with --half-open.",
	};

	page_clear(p);
	page_add(p, "Keys", STYLE_TITLE);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		page_add(p, lines[i], STYLE_PLAIN);
}
