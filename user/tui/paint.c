// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What stands where on the screen of tui/top.c. */
#include <stdio.h>
#include <string.h>

#include "out/buf.h"
#include "out/columns.h"
#include "out/states.h"
#include "tui/screen.h"
#include "tui/text.h"
#include "tui/top.h"

static void put_line(const struct area *a, int line, const char *text, const char *end,
		     enum style style)
{
	if (line < a->height)
		screen_put(a->line + line, a->column, a->width, text, end - text, style);
}

/*
 * Head
 */

/* Wholly or not at all. */
static char *put_fact(const char *text, char *end, int width, const char *name, const char *value)
{
	if ((int)(end - text) + (int)(strlen(name) + strlen(value)) > width)
		return end;
	return fmt_str(fmt_str(end, name), value);
}

static void paint_head(struct top *t)
{
	const struct area *a = &t->layout.head;
	struct source *s = top_source(t);
	char text[LINE_ROOM], cut[2 * LINE_ROOM], up[FMT_DURATION_MAX + 1], right[128], *end, *p;
	int width;

	p = put_count(right, t->view.all);
	p = put_rate(FMT_LIT(p, " sockets  "), t->rates.total);
	p = FMT_LIT(put_count(FMT_LIT(p, " transitions/s  "), t->lost), " lost");
	width = a->width - (int)(p - right) - 1;
	screen_put(a->line, a->width - (int)(p - right), (int)(p - right), right, p - right,
		   t->lost ? STYLE_STUCK : STYLE_TITLE);
	*fmt_duration(up, s->now_ns - t->begun_ns) = '\0';
	end = fmt_str(fmt_str(text, "tcpdwell top  "), t->host);
	end = put_fact(text, end, width, "  Linux ", t->kernel);
	end = put_fact(text, end, width, "  tier ", t->tier);
	end = put_fact(text, end, width, "  up ", up);
	screen_put(a->line, 0, width, text, end - text, STYLE_TITLE);
	end = fmt_str(FMT_LIT(text, "shown: "), t->shown);
	put_line(a, 1, cut, column_put(cut, text, end - text, 0, a->width), STYLE_DIM);
}

/*
 * State machine
 */

static void paint_figure(struct top *t)
{
	const struct area *a = &t->layout.machine;
	struct out_options o = {.names = t->o.names, .width = MACHINE_WIDTH};
	struct arrow_counts arrows = {0};
	struct states_now now = {.sockets = t->view.by_state, .arrows = &arrows};
	struct obuf b;
	char *line;

	for (int i = 0; i < ARROWS; i++)
		arrows.arrow[i] = (__u64)(t->rates.arrow[i] + 0.5);
	if (obuf_init(&b, -1))
		return;
	machine_text(&b, &now, &o);
	line = b.data;
	for (int i = 0; i < MACHINE_LINES; i++) {
		char *eol = memchr(line, '\n', b.data + b.len - line);

		if (!eol)
			break;
		put_line(a, i, line, eol, STYLE_PLAIN);
		line = eol + 1;
	}
	obuf_free(&b);
}

static void paint_machine(struct top *t)
{
	const struct area *a = &t->layout.machine;
	struct source *s = top_source(t);
	char text[LINE_ROOM], *end;

	if (t->layout.form == MACHINE_BIG) {
		paint_figure(t);
		return;
	}
	for (int line = 0; line < a->height; line++) {
		bool names = t->layout.form == MACHINE_SMALL && !(line % 2);

		if (t->layout.form == MACHINE_SMALL)
			end = put_machine(text, s, t->view.by_state, &t->rates, line);
		else
			end = put_state_bar(text, s, t->view.by_state, &t->rates, line, a->width);
		put_line(a, line, text, end, names ? STYLE_STRONG : STYLE_PLAIN);
	}
}

/*
 * Groups
 */

static enum style group_style(const struct bunch *group)
{
	return group->stuck ? STYLE_STUCK : STYLE_PLAIN;
}

static void paint_pane(struct top *t, const struct area *a, struct tally *g)
{
	struct source *s = top_source(t);
	char text[LINE_ROOM];
	size_t rows = a->height > 1 ? a->height - 1 : 0;

	if (!a->height)
		return;
	put_line(a, 0, text, put_group_title(text, g, a->width), STYLE_TITLE);
	if (rows > g->n_order)
		rows = g->n_order;
	tally_order(g, 0, rows);
	for (size_t i = 0; i < rows; i++) {
		const struct bunch *group = tally_at(g, i);

		put_line(a, (int)i + 1, text, put_group(text, s, g, group, a->width),
			 group_style(group));
	}
}

/*
 * List
 */

static void paint_list_head(struct top *t)
{
	const struct area *a = &t->layout.list;
	const struct ui *ui = &t->ui;
	char text[LINE_ROOM], *p;

	p = put_count(text, t->view.n);
	p = put_count(FMT_LIT(p, " of "), t->view.all);
	p = put_count(FMT_LIT(p, " sockets, "), t->view.stuck);
	p = FMT_LIT(p, " stuck");
	if (ui->query.by) {
		p = fmt_str(FMT_LIT(p, ", of "), grouping_name(ui->query.by));
		p = fmt_str(FMT_LIT(p, " "), t->group_name);
	}
	if (ui->query.len) {
		p = fmt_str(FMT_LIT(p, ", with \""), "");
		p = put_text(p, top_source(t), ui->query.text, ui->query.len);
		*p++ = '"';
	}
	if (ui->grouping)
		p = fmt_str(FMT_LIT(p, ", by "), grouping_name(ui->grouping));
	else
		p = fmt_str(FMT_LIT(p, ", sorted by "), view_sort_name(ui->sort));
	if (ui->reverse && !ui->grouping)
		p = FMT_LIT(p, " reversed");
	if (t->view.no_memory)
		p = FMT_LIT(p, ", not all: out of memory");
	put_line(a, 0, text, p, STYLE_STRONG);
}

static size_t list_rows(const struct top *t)
{
	return t->layout.list.height > 2 ? t->layout.list.height - 2 : 0;
}

static void paint_sockets(struct top *t)
{
	const struct area *a = &t->layout.list;
	struct source *s = top_source(t);
	size_t from = t->ui.offset, rows = list_rows(t);
	struct row_columns columns;
	char text[LINE_ROOM];

	row_columns_fit(&columns, s, a->width);
	put_line(a, 1, text, put_row_title(text, &columns), STYLE_TITLE);
	if (rows > t->view.n - from)
		rows = t->view.n - from;
	view_order(&t->view, s, from, from + rows);
	for (size_t i = 0; i < rows; i++) {
		const struct conn *c = view_at(&t->view, s, from + i);
		enum style style = stuck_by(s, c) ? STYLE_STUCK : STYLE_PLAIN;

		if (!c->used)
			style = STYLE_DIM;
		if (from + i == t->ui.cursor)
			style = STYLE_CURSOR;
		put_line(a, (int)i + 2, text, put_row(text, s, c, &columns), style);
	}
}

static void paint_groups(struct top *t)
{
	const struct area *a = &t->layout.list;
	struct tally *g = &t->groups[t->ui.grouping];
	size_t from = t->ui.offset, rows = list_rows(t);
	char text[LINE_ROOM];

	put_line(a, 1, text, put_group_title(text, g, a->width), STYLE_TITLE);
	if (rows > g->n_order - from)
		rows = g->n_order - from;
	tally_order(g, from, from + rows);
	for (size_t i = 0; i < rows; i++) {
		const struct bunch *group = tally_at(g, from + i);
		enum style style = from + i == t->ui.cursor ? STYLE_CURSOR : group_style(group);

		put_line(a, (int)i + 2, text, put_group(text, top_source(t), g, group, a->width),
			 style);
	}
}

static void paint_list(struct top *t)
{
	t->ui.page = list_rows(t);
	t->ui.n = t->ui.grouping ? t->groups[t->ui.grouping].n_order : t->view.n;
	ui_settle(&t->ui);
	paint_list_head(t);
	if (t->ui.grouping)
		paint_groups(t);
	else
		paint_sockets(t);
}

/*
 * Pages
 */

static void add_facts(struct top *t)
{
	__u64 up_ns = top_source(t)->now_ns - t->begun_ns;
	char text[sizeof(t->shown) + 16];

	if (!up_ns)
		return;
	snprintf(text, sizeof(text),
		 "  Of one core, this screen has taken %.2f %%, following the sockets %.2f %%.",
		 100.0 * (double)t->cost.screen / (double)up_ns,
		 100.0 * (double)(t->cost.all - t->cost.screen) / (double)up_ns);
	page_add(&t->page, "", STYLE_PLAIN);
	page_add(&t->page, text, STYLE_DIM);
	snprintf(text, sizeof(text), "  Shown: %s.", t->shown);
	page_wrap(&t->page, text, STYLE_DIM, t->layout.head.width);
}

/* Below the head, down to the foot. */
static void paint_page(struct top *t)
{
	struct area a = t->layout.head;
	size_t rows;

	a.line += a.height;
	a.height = t->layout.foot.line - a.line;
	rows = a.height;
	t->ui.page = rows;
	if (t->page.n <= rows)
		t->ui.scroll = 0;
	else if (t->ui.scroll > t->page.n - rows)
		t->ui.scroll = t->page.n - rows;
	for (size_t i = 0; i < rows && t->ui.scroll + i < t->page.n; i++) {
		const struct page_line *l = &t->page.line[t->ui.scroll + i];
		const char *text = t->page.text + l->at;

		put_line(&a, (int)i, text, text + l->len, l->style);
	}
}

/*
 * Foot
 */

static const char *keys_of(const struct top *t)
{
	switch (t->ui.mode) {
	case UI_DETAIL:
		return "Esc back  r read again  f freeze  ? help  q quit";
	case UI_HELP:
		return "Esc back  q quit";
	default:
		return "q quit  ? help  / filter  s sort  r reverse  g group  f freeze  Enter look";
	}
}

static void paint_typing(struct top *t)
{
	const struct area *a = &t->layout.foot;
	char text[LINE_ROOM], *end;
	int columns;

	end = put_text(FMT_LIT(text, "filter: "), &t->live, t->ui.query.text, t->ui.query.len);
	put_line(a, 0, text, end, STYLE_STRONG);
	columns = (int)term_columns(text, end - text);
	screen_cursor(a->line, columns < a->width ? columns : a->width - 1);
}

static void paint_foot(struct top *t)
{
	const struct area *a = &t->layout.foot;
	char text[LINE_ROOM], *end = text;

	if (t->ui.mode == UI_TYPING) {
		paint_typing(t);
		return;
	}
	screen_cursor(-1, -1);
	if (t->ui.frozen)
		end = FMT_LIT(end, "FROZEN  ");
	end = fmt_str(end, *t->note ? t->note : keys_of(t));
	put_line(a, 0, text, end, t->ui.frozen || *t->note ? STYLE_STRONG : STYLE_DIM);
}

static void paint_too_small(int width)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "too small: %dx%d needed", LAYOUT_WIDTH_MIN,
			 LAYOUT_HEIGHT_MIN);

	screen_cursor(-1, -1);
	screen_put(0, 0, width, text, n, STYLE_PLAIN);
}

void top_paint(struct top *t)
{
	struct source *s = top_source(t);
	int height, width;

	screen_size(&height, &width);
	layout_fit(&t->layout, height, width);
	screen_clear();
	if (t->layout.too_small) {
		paint_too_small(width);
		screen_show();
		return;
	}
	paint_head(t);
	if (t->ui.mode == UI_DETAIL || t->ui.mode == UI_HELP) {
		if (t->ui.mode == UI_DETAIL)
			detail_page(&t->page, &t->detail, s, t->o.mono_to_real_ns,
				    t->layout.head.width);
		else
			page_help(&t->page);
		if (t->ui.mode == UI_HELP)
			add_facts(t);
		paint_page(t);
	} else {
		paint_machine(t);
		paint_pane(t, &t->layout.processes, &t->groups[BY_PROCESS]);
		paint_pane(t, &t->layout.peers, &t->groups[BY_PEER]);
		paint_list(t);
	}
	paint_foot(t);
	screen_show();
}
