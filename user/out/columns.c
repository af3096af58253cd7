// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include "out/columns.h"
#include "out/escape.h"

/* Below this a column says nothing.  All but LOCAL together fit into 80. */
static const unsigned int least[NCOLUMNS] = {
	[COL_TIME] = 8,			    /* without milliseconds */
	[COL_OWNER] = 9,   [COL_LOCAL] = 6, /* the port alone */
	[COL_REMOTE] = 14, [COL_STATES] = 1, [COL_DWELL] = DWELL_WIDTH, [COL_NOTE] = 7,
};

/* What goes first where there is no room for all. */
static const enum column expendable[] = {
	COL_LOCAL, COL_TIME, COL_OWNER, COL_NOTE, COL_REMOTE, COL_DWELL,
};

/* What room there is goes to these in turn, each up to a width. */
static const struct {
	enum column column;
	unsigned int upto;
} wishes[] = {
	{COL_OWNER, 13}, {COL_NOTE, 10}, {COL_REMOTE, 21}, {COL_LOCAL, 12},  {COL_NOTE, 13},
	{COL_LOCAL, 21}, {COL_TIME, 12}, {COL_OWNER, 16},  {COL_NOTE, 20},   {COL_REMOTE, 32},
	{COL_LOCAL, 32}, {COL_NOTE, 40}, {COL_OWNER, 24},  {COL_REMOTE, 47}, {COL_LOCAL, 47},
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Blanks between columns included. */
static unsigned int columns_sum(const struct columns *c)
{
	unsigned int sum = 0;

	for (int i = 0; i < NCOLUMNS; i++)
		if (c->width[i])
			sum += c->width[i] + 1;
	return sum ? sum - 1 : 0;
}

static void columns_unlimited(struct columns *c)
{
	c->width[COL_TIME] = 12;
	c->width[COL_OWNER] = 24;
	c->width[COL_LOCAL] = 28;
	c->width[COL_REMOTE] = 28;
	c->width[COL_NOTE] = 1;
}

static void columns_widen(struct columns *c, unsigned int left)
{
	for (size_t i = 0; i < N(wishes) && left; i++) {
		unsigned int *width = &c->width[wishes[i].column];
		unsigned int more = wishes[i].upto > *width ? wishes[i].upto - *width : 0;

		if (!*width)
			continue;
		if (more > left)
			more = left;
		*width += more;
		left -= more;
	}
	if (c->width[COL_NOTE])
		c->width[COL_NOTE] += left;
}

void columns_fit(struct columns *c, unsigned int total, unsigned int states)
{
	unsigned int used;

	memcpy(c->width, least, sizeof(least));
	c->width[COL_STATES] = states;
	c->total = total;
	if (!total) {
		columns_unlimited(c);
		return;
	}
	for (size_t i = 0; i < N(expendable) && columns_sum(c) > total; i++)
		c->width[expendable[i]] = 0;
	used = columns_sum(c);
	if (used > total)
		c->width[COL_STATES] = total;
	else
		columns_widen(c, total - used);
	/* Half of the milliseconds are none. */
	if (c->width[COL_TIME] > 8 && c->width[COL_TIME] < 12) {
		c->width[c->width[COL_NOTE] ? COL_NOTE : COL_REMOTE] += c->width[COL_TIME] - 8;
		c->width[COL_TIME] = 8;
	}
}

static char *blanks(char *p, unsigned int n)
{
	memset(p, ' ', n);
	return p + n;
}

/* Says that something was there; one column, and in no address or name of ours. */
#define MARK '~'

static char *cut_end(char *p, const char *text, size_t n, unsigned int width)
{
	size_t head;

	if (!width)
		return p;
	head = term_fit(text, n, width - 1);
	p = mempcpy(p, text, head);
	*p++ = MARK;
	return blanks(p, width - 1 - term_columns(text, head));
}

static char *cut_middle(char *p, const char *text, size_t n, size_t keep, unsigned int width)
{
	unsigned int tail = term_columns(text + n - keep, keep);
	size_t head;

	if (tail > width)
		return cut_end(p, text + n - keep, keep, width);
	/* A single character before the mark would tell nothing. */
	if (tail + 3 > width) {
		p = mempcpy(p, text + n - keep, keep);
		return blanks(p, width - tail);
	}
	head = term_fit(text, n - keep, width - tail - 1);
	p = mempcpy(p, text, head);
	*p++ = MARK;
	p = mempcpy(p, text + n - keep, keep);
	return blanks(p, width - tail - 1 - term_columns(text, head));
}

char *column_put(char *p, const char *text, size_t n, size_t keep, unsigned int width)
{
	unsigned int columns = term_columns(text, n);

	if (columns <= width)
		return blanks(mempcpy(p, text, n), width - columns);
	return keep ? cut_middle(p, text, n, keep, width) : cut_end(p, text, n, width);
}
