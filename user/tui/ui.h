/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the keys do: the state of the screen that is not data. */
#ifndef TCPDWELL_TUI_UI_H
#define TCPDWELL_TUI_UI_H

#include "tui/query.h"
#include "tui/view.h"

/* Characters are keys by their number; these are the others. */
enum ui_key {
	UI_UP = 0x110000,
	UI_DOWN,
	UI_PAGE_UP,
	UI_PAGE_DOWN,
	UI_HOME,
	UI_END,
	UI_ENTER,
	UI_ESCAPE,
	UI_BACKSPACE,
	UI_OTHER,
};

enum ui_mode {
	UI_LIST = 0,
	UI_TYPING, /* in the list: characters go to the filter */
	UI_DETAIL, /* one socket */
	UI_HELP,
};

/* What a key asks of the rest. */
enum ui_ask {
	ASK_QUIT = 1,
	ASK_SCAN = 2,	/* other rows, or another order */
	ASK_OPEN = 4,	/* what the cursor is on */
	ASK_FREEZE = 8, /* or go on */
	ASK_READ = 16,	/* the socket of UI_DETAIL again, from the kernel */
	ASK_REPAINT = 32,
};

struct ui {
	enum ui_mode mode;
	enum ui_mode before_help;
	enum view_sort sort;
	bool reverse;
	enum grouping grouping;
	bool frozen;
	struct query query;
	size_t cursor; /* in the list */
	size_t offset; /* of its first line that is seen */
	size_t n;      /* lines that it has */
	size_t page;   /* lines that are seen */
	size_t scroll; /* of UI_DETAIL and UI_HELP */
	bool moved;    /* the cursor holds on to a socket, not to the first place */
};

/* Gives enum ui_ask bits. */
unsigned int ui_key(struct ui *ui, int key);

/* After a change of n or page: the cursor is on a line, and that line is seen. */
void ui_settle(struct ui *ui);

/* The list shows only this group's sockets now. */
void ui_into_group(struct ui *ui, enum grouping by, const struct bunch_id *key);

#endif
