/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of text that can be scrolled: one socket's life, the help. */
#ifndef TCPDWELL_TUI_PAGE_H
#define TCPDWELL_TUI_PAGE_H

#include <stddef.h>

enum style {
	STYLE_PLAIN = 0,
	STYLE_TITLE,
	STYLE_DIM,
	STYLE_STUCK,
	STYLE_CURSOR,
	STYLE_STRONG,
	STYLES,
};

#define PAGE_LINES 160
#define PAGE_ROOM (64 << 10)
/* A line may take so much. */
#define PAGE_LINE_ROOM 2048

struct page {
	struct page_line {
		size_t at, len;
		enum style style;
	} line[PAGE_LINES];
	size_t n;
	size_t used;
	char text[PAGE_ROOM];
};

void page_clear(struct page *p);
/* Room for a line of PAGE_LINE_ROOM bytes; NULL: the page is full. */
char *page_room(struct page *p);
/* The line that ends there, in the room given last. */
void page_end(struct page *p, const char *end, enum style style);
void page_add(struct page *p, const char *text, enum style style);

/* The same for text that may be longer than that: broken between words, indented from the second
 * line on. */
void page_wrap(struct page *p, const char *text, enum style style, unsigned int width);

/* The keys, and what the screen shows. */
void page_help(struct page *p);

#endif
