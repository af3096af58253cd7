// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A list for people.  On a terminal each column is as wide as what is in it, as
 * far as there is room; elsewhere nothing is cut, and the widths are fixed,
 * since looking at all rows first takes time.
 */
#include <string.h>
#include "out/columns.h"
#include "out/list.h"
#include "out/note.h"

enum cell {
	CELL_STATE = 0,
	CELL_STAY,
	CELL_LEFT,
	CELL_RECV_Q,
	CELL_SEND_Q,
	CELL_LOCAL,
	CELL_REMOTE,
	CELL_NETNS,
	CELL_OWNER,
	NCELLS,
};

#define TEXT_MAX (OWNER_TEXT_MAX + 32) /* the longest cell */
#define LINE_ROOM (TEXT_MAX + 1024)

struct table {
	const struct out_options *o;
	unsigned int width[NCELLS]; /* 0: left out */
};

/*
 * Cells: each writes its text, and says how many bytes at its end tell the most
 */

static char *state_cell(char *p, const struct row_sock *r, const struct out_options *o,
			size_t *keep)
{
	*keep = 0;
	return fmt_str(p, state_name(o->names, r->state));
}

static char *stay_cell(char *p, const struct row_sock *r, const struct out_options *o, size_t *keep)
{
	(void)o;
	*keep = 0;
	if (!r->since_ns)
		return FMT_LIT(p, "-");
	if (r->flags & ROW_AT_LEAST)
		p = FMT_LIT(p, ">=");
	return fmt_duration(p, row_stay_ns(r));
}

static char *left_cell(char *p, const struct row_sock *r, const struct out_options *o, size_t *keep)
{
	(void)o;
	*keep = 0;
	if (!row_has_end(r))
		return FMT_LIT(p, "-");
	return fmt_duration(p, r->left_ns > 0 ? r->left_ns : 0);
}

static char *recv_q_cell(char *p, const struct row_sock *r, const struct out_options *o,
			 size_t *keep)
{
	(void)o;
	*keep = 0;
	return fmt_u64(p, r->recv_q);
}

static char *send_q_cell(char *p, const struct row_sock *r, const struct out_options *o,
			 size_t *keep)
{
	(void)o;
	*keep = 0;
	return fmt_u64(p, r->send_q);
}

static char *endpoint(char *p, const __u8 addr[16], __u16 port, size_t *keep)
{
	char *end = fmt_endpoint(p, addr, port);

	*keep = end - (char *)memrchr(p, ':', end - p);
	return end;
}

static char *local_cell(char *p, const struct row_sock *r, const struct out_options *o,
			size_t *keep)
{
	(void)o;
	return endpoint(p, r->ident.laddr, r->ident.lport, keep);
}

static char *remote_cell(char *p, const struct row_sock *r, const struct out_options *o,
			 size_t *keep)
{
	(void)o;
	return endpoint(p, r->ident.raddr, r->ident.rport, keep);
}

static char *netns_cell(char *p, const struct row_sock *r, const struct out_options *o,
			size_t *keep)
{
	(void)o;
	*keep = 0;
	return fmt_u64(p, r->ident.netns);
}

/* Why a socket has no owner; NULL where no more is known. */
static const char *ownerless(const struct row_sock *r)
{
	if (r->ident.owner.how || r->kind != ROW_FULL)
		return NULL;
	if (r->flags & ROW_QUEUED)
		return "(not accepted)";
	if (r->flags & ROW_ORPHAN)
		return "(closed)";
	return r->flags & ROW_NO_FILE ? "(the kernel's)" : NULL;
}

/* The root's says nothing. */
static bool tells(const char *cgroup)
{
	return cgroup && strcmp(cgroup, "/") != 0;
}

static char *owner_cell(char *p, const struct row_sock *r, const struct out_options *o,
			size_t *keep)
{
	const char *cgroup = o->cgroup_path ? o->cgroup_path(r->ident.cgroup) : NULL;
	const char *why = ownerless(r);

	if (!why)
		return owner_text(p, &r->ident, tells(cgroup) ? cgroup : NULL, keep);
	p = fmt_str(p, why);
	if (!tells(cgroup))
		return p;
	*p++ = ' ';
	return owner_text(p, &r->ident, cgroup, keep);
}

static const struct {
	const char *title;
	char *(*text)(char *p, const struct row_sock *r, const struct out_options *o, size_t *keep);
	unsigned int fixed; /* width where nothing is cut */
	bool right;
} cells[NCELLS] = {
	[CELL_STATE] = {"STATE", state_cell, 12, false},
	[CELL_STAY] = {"FOR", stay_cell, DWELL_WIDTH, true},
	[CELL_LEFT] = {"LEFT", left_cell, FMT_DURATION_MAX, true},
	[CELL_RECV_Q] = {"RECV-Q", recv_q_cell, 6, true},
	[CELL_SEND_Q] = {"SEND-Q", send_q_cell, 6, true},
	[CELL_LOCAL] = {"LOCAL", local_cell, 24, false},
	[CELL_REMOTE] = {"REMOTE", remote_cell, 24, false},
	[CELL_NETNS] = {"NETNS", netns_cell, 10, false},
	[CELL_OWNER] = {"OWNER", owner_cell, 1, false},
};

/*
 * Widths
 */

/* What gives way, in this order, and to which width; 0: it goes. */
static const struct {
	enum cell cell;
	unsigned int to;
} concessions[] = {
	{CELL_NETNS, 0},   {CELL_OWNER, 16}, {CELL_LOCAL, 21}, {CELL_REMOTE, 21}, {CELL_OWNER, 12},
	{CELL_LOCAL, 15},  {CELL_LOCAL, 6},  {CELL_OWNER, 9},  {CELL_REMOTE, 14}, {CELL_SEND_Q, 0},
	{CELL_RECV_Q, 0},  {CELL_LOCAL, 0},  {CELL_LEFT, 0},   {CELL_OWNER, 0},	  {CELL_STAY, 0},
	{CELL_REMOTE, 10}, {CELL_REMOTE, 0}, {CELL_STATE, 1},
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void widen(struct table *t, const struct row_sock *r)
{
	char text[TEXT_MAX];
	size_t keep;

	for (int c = 0; c < NCELLS; c++) {
		size_t n = cells[c].text(text, r, t->o, &keep) - text;
		unsigned int width = c == CELL_OWNER ? term_columns(text, n) : n;

		if (width > t->width[c])
			t->width[c] = width;
	}
}

/* Blanks between columns included. */
static unsigned int line_width(const struct table *t)
{
	unsigned int sum = 0;

	for (int c = 0; c < NCELLS; c++)
		if (t->width[c])
			sum += t->width[c] + 1;
	return sum ? sum - 1 : 0;
}

static void give_way(struct table *t)
{
	for (size_t i = 0; i < N(concessions); i++) {
		unsigned int *width = &t->width[concessions[i].cell];
		unsigned int to = concessions[i].to, used = line_width(t);

		if (used <= t->o->width)
			return;
		if (to && *width > to)
			*width = *width - to > used - t->o->width ? *width - (used - t->o->width)
								  : to;
		else if (!to)
			*width = 0;
	}
}

static bool has_ends(const struct listing *l)
{
	for (__u32 i = 0; i < l->n_order; i++)
		if (row_has_end(listing_row(l, i)))
			return true;
	return false;
}

/* ends, netns: whether there are these columns. */
static void fix_widths(struct table *t, bool ends, bool netns)
{
	for (int c = 0; c < NCELLS; c++)
		t->width[c] = cells[c].fixed;
	if (!netns)
		t->width[CELL_NETNS] = 0;
	if (!ends)
		t->width[CELL_LEFT] = 0;
	if (t->o->names == NAMES_KERNEL)
		t->width[CELL_STATE] = strlen(state_name(NAMES_KERNEL, ST_NEW_SYN_RECV));
}

static void fit(struct table *t, const struct listing *l, bool ends, bool netns)
{
	for (int c = 0; c < NCELLS; c++)
		t->width[c] = strlen(cells[c].title);
	for (__u32 i = 0; i < l->n_order; i++)
		widen(t, listing_row(l, i));
	if (!netns)
		t->width[CELL_NETNS] = 0;
	if (!ends)
		t->width[CELL_LEFT] = 0;
	give_way(t);
}

/*
 * Lines
 */

static char *blanks(char *p, unsigned int have, unsigned int width)
{
	if (have >= width)
		return p;
	memset(p, ' ', width - have);
	return p + width - have;
}

static char *put_text(const struct table *t, char *p, enum cell c, const char *text, size_t n,
		      size_t keep)
{
	unsigned int width = t->width[c];
	unsigned int columns = c == CELL_OWNER ? term_columns(text, n) : n;

	if (columns > width && t->o->width) {
		/* an address is cut in its middle: networks differ in front, hosts at the end */
		if ((c == CELL_LOCAL || c == CELL_REMOTE) && width > keep + 5)
			keep += (width - keep - 1) / 2;
		return column_put(p, text, n, keep, width);
	}
	if (cells[c].right)
		return mempcpy(blanks(p, columns, width), text, n);
	return blanks(mempcpy(p, text, n), columns, width);
}

/* Where nothing is cut, text to the left goes where it belongs at once. */
static char *put_cell(const struct table *t, char *p, enum cell c, const struct row_sock *r)
{
	char text[TEXT_MAX], *end;
	size_t keep;

	if (t->o->width || cells[c].right) {
		end = cells[c].text(text, r, t->o, &keep);
		return put_text(t, p, c, text, end - text, keep);
	}
	end = cells[c].text(p, r, t->o, &keep);
	return blanks(end, end - p, t->width[c]);
}

static char *end_line(char *start, char *p)
{
	while (p > start && p[-1] == ' ')
		p--;
	*p = '\n';
	return p + 1;
}

static void put_title(struct obuf *b, const struct table *t)
{
	char *start = obuf_room(b, LINE_ROOM), *p = start;

	if (!p)
		return;
	for (int c = 0; c < NCELLS; c++) {
		if (!t->width[c])
			continue;
		p = put_text(t, p, c, cells[c].title, strlen(cells[c].title), 0);
		*p++ = ' ';
	}
	obuf_done(b, end_line(start, p));
}

static const char *state_color(const struct table *t, unsigned int state)
{
	if (!t->o->color)
		return NULL;
	if (state == ST_ESTABLISHED)
		return "\033[32m";
	return state == ST_CLOSE_WAIT ? "\033[33m" : NULL;
}

static void put_row(struct obuf *b, const struct table *t, const struct row_sock *r)
{
	char *start = obuf_room(b, LINE_ROOM), *p = start;
	const char *color = state_color(t, r->state);

	if (!p)
		return;
	for (int c = 0; c < NCELLS; c++) {
		if (!t->width[c])
			continue;
		if (c == CELL_STATE && color)
			p = fmt_str(p, color);
		p = put_cell(t, p, c, r);
		if (c == CELL_STATE && color)
			p = FMT_LIT(p, "\033[0m");
		*p++ = ' ';
	}
	obuf_done(b, end_line(start, p));
}

void list_text_ahead(struct list_lines *s, const struct listing *l, const struct filter *f,
		     const struct out_options *o, unsigned int n_netns)
{
	struct table t = {.o = o};
	bool ends = s->ends, netns = n_netns > 1;

	if (o->width || s->full)
		return;
	for (__u32 i = s->n; i < l->n && !ends; i++)
		ends = row_has_end(&l->row[i]) && listing_settled(&l->row[i], f);
	if (ends != s->ends || netns != s->netns)
		list_lines_forget(s);
	s->ends = ends;
	s->netns = netns;
	fix_widths(&t, ends, netns);
	for (__u32 i = s->n; i < l->n; i++) {
		struct obuf *b = list_lines_begin(s);

		if (!b)
			break;
		if (listing_settled(&l->row[i], f))
			put_row(b, &t, &l->row[i]);
		list_lines_end(s);
	}
}

void list_text_rows(struct obuf *b, const struct listing *l, const struct out_options *o,
		    unsigned int n_netns, const struct list_lines *s)
{
	bool ends = has_ends(l), netns = n_netns > 1;
	struct table t = {.o = o};

	if (o->width)
		fit(&t, l, ends, netns);
	else
		fix_widths(&t, ends, netns);
	/* of another table */
	if (s && (s->ends != ends || s->netns != netns))
		s = NULL;
	put_title(b, &t);
	for (__u32 i = 0; i < l->n_order; i++) {
		list_prefetch(l, i, s);
		if (!s || !list_lines_put(s, l->order[i], b))
			put_row(b, &t, listing_row(l, i));
	}
}
