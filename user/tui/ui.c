// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tui/ui.h"

#define CTRL(c) ((c)&31)

void ui_settle(struct ui *ui)
{
	size_t last = ui->n ? ui->n - 1 : 0;

	if (ui->cursor > last)
		ui->cursor = last;
	if (ui->offset > ui->cursor)
		ui->offset = ui->cursor;
	if (ui->page && ui->cursor >= ui->offset + ui->page)
		ui->offset = ui->cursor - ui->page + 1;
	/* no empty lines below, while there are rows above */
	if (ui->n <= ui->page)
		ui->offset = 0;
	else if (ui->offset > ui->n - ui->page)
		ui->offset = ui->n - ui->page;
}

static void to_top(struct ui *ui)
{
	ui->cursor = ui->offset = 0;
	ui->moved = false;
}

void ui_into_group(struct ui *ui, enum grouping by, const struct bunch_id *key)
{
	ui->query.by = by;
	ui->query.key = *key;
	ui->grouping = BY_NONE;
	to_top(ui);
}

static size_t moved_by(size_t at, size_t last, size_t page, int key)
{
	switch (key) {
	case UI_UP:
	case 'k':
		return at ? at - 1 : 0;
	case UI_DOWN:
	case 'j':
		return at < last ? at + 1 : last;
	case UI_PAGE_UP:
		return at > page ? at - page : 0;
	case UI_PAGE_DOWN:
		return last - at > page ? at + page : last;
	case UI_HOME:
		return 0;
	case UI_END:
		return last;
	default:
		return at;
	}
}

/* Escape: what was chosen last is taken back. */
static unsigned int step_back(struct ui *ui)
{
	if (ui->query.len) {
		ui->query.len = 0;
		ui->query.text[0] = '\0';
	} else if (ui->query.by) {
		ui->grouping = ui->query.by;
		ui->query.by = BY_NONE;
	} else {
		ui->grouping = BY_NONE;
	}
	to_top(ui);
	return ASK_SCAN;
}

static unsigned int change_order(struct ui *ui, int key)
{
	switch (key) {
	case 's':
		ui->sort = (ui->sort + 1) % VIEW_SORTS;
		break;
	case 'S':
		ui->sort = (ui->sort + VIEW_SORTS - 1) % VIEW_SORTS;
		break;
	case 'r':
		ui->reverse = !ui->reverse;
		break;
	default:
		ui->grouping = (ui->grouping + 1) % GROUPINGS;
		ui->query.by = BY_NONE;
	}
	to_top(ui);
	return ASK_SCAN;
}

static unsigned int list_key(struct ui *ui, int key)
{
	switch (key) {
	case 'q':
		return ASK_QUIT;
	case 's':
	case 'S':
	case 'r':
	case 'g':
		return change_order(ui, key);
	case '/':
		ui->mode = UI_TYPING;
		return 0;
	case 'f':
	case ' ':
		return ASK_FREEZE;
	case UI_ENTER:
		return ui->n ? ASK_OPEN : 0;
	case UI_ESCAPE:
	case UI_BACKSPACE:
		return step_back(ui);
	default:
		ui->cursor = moved_by(ui->cursor, ui->n ? ui->n - 1 : 0, ui->page, key);
		ui->moved = ui->cursor > 0;
		ui_settle(ui);
		return 0;
	}
}

static unsigned int typing_key(struct ui *ui, int key)
{
	switch (key) {
	case UI_ENTER:
		ui->mode = UI_LIST;
		return 0;
	case UI_ESCAPE:
		ui->mode = UI_LIST;
		ui->query.len = 0;
		ui->query.text[0] = '\0';
		break;
	case UI_BACKSPACE:
		query_back(&ui->query);
		break;
	case CTRL('u'):
		ui->query.len = 0;
		ui->query.text[0] = '\0';
		break;
	default:
		if (key < ' ' || key == 0x7f || key >= UI_UP)
			return 0;
		query_add(&ui->query, key);
	}
	to_top(ui);
	return ASK_SCAN;
}

static unsigned int page_key(struct ui *ui, int key)
{
	switch (key) {
	case 'q':
		return ASK_QUIT;
	case 'f':
	case ' ':
		return ASK_FREEZE;
	case 'r':
		return ui->mode == UI_DETAIL ? ASK_READ : 0;
	case UI_ENTER:
	case UI_ESCAPE:
	case UI_BACKSPACE:
		ui->mode = ui->mode == UI_HELP ? ui->before_help : UI_LIST;
		ui->scroll = 0;
		return ASK_SCAN;
	default:
		/* where it ends is known to who paints it */
		ui->scroll = moved_by(ui->scroll, 1000, ui->page, key);
		return 0;
	}
}

unsigned int ui_key(struct ui *ui, int key)
{
	if (key == CTRL('l'))
		return ASK_REPAINT;
	if (ui->mode == UI_TYPING)
		return typing_key(ui, key);
	if (key == '?' || key == 'h') {
		if (ui->mode == UI_HELP)
			return page_key(ui, UI_ESCAPE);
		ui->before_help = ui->mode;
		ui->mode = UI_HELP;
		ui->scroll = 0;
		return 0;
	}
	return ui->mode == UI_LIST ? list_key(ui, key) : page_key(ui, key);
}
