// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/states.h"
#include "tui/layout.h"
#include "tui/text.h"

/* What is left beside the figure must still be worth it. */
#define BIG_HEIGHT (MACHINE_LINES + 24)
#define BESIDE_WIDTH (MACHINE_WIDTH + 2 + 44)
#define HEAD_LINES 2
#define PANES_FROM 20 /* lines */
#define PANES_MAX 12
/* Numbers take 22 columns of a pane. */
#define PANE_WIDTH_MIN 36

static enum machine_form form_of(int height, int width)
{
	if (width >= BESIDE_WIDTH && height >= MACHINE_LINES + 14)
		return MACHINE_BIG;
	if (width >= MACHINE_WIDTH && height >= BIG_HEIGHT)
		return MACHINE_BIG;
	return width >= MACHINE_SMALL_WIDTH ? MACHINE_SMALL : MACHINE_BAR;
}

static int machine_lines(enum machine_form form)
{
	switch (form) {
	case MACHINE_BIG:
		return MACHINE_LINES;
	case MACHINE_SMALL:
		return MACHINE_SMALL_LINES;
	default:
		return 2;
	}
}

/* To the right of the figure, one above the other. */
static void panes_beside(struct layout *l, int width)
{
	struct area a = {l->machine.line, MACHINE_WIDTH + 2, MACHINE_LINES / 2,
			 width - MACHINE_WIDTH - 2};

	l->machine.width = MACHINE_WIDTH;
	l->processes = a;
	a.line += a.height;
	l->peers = a;
}

/* Next to each other, or where both would have no room for names, the processes alone; gives the
 * lines that they take. */
static int panes_below(struct layout *l, int line, int height, int width)
{
	int lines = height / 5 + 1, half = (width - 2) / 2;

	if (height < PANES_FROM)
		return 0;
	if (lines > PANES_MAX)
		lines = PANES_MAX;
	if (half < PANE_WIDTH_MIN) {
		l->processes = (struct area){line, 0, lines, width};
		return lines;
	}
	l->processes = (struct area){line, 0, lines, half};
	l->peers = (struct area){line, width - half, lines, half};
	return lines;
}

void layout_fit(struct layout *l, int height, int width)
{
	int line = HEAD_LINES;

	memset(l, 0, sizeof(*l));
	if (width > SCREEN_WIDTH_MAX)
		width = SCREEN_WIDTH_MAX;
	l->too_small = height < LAYOUT_HEIGHT_MIN || width < LAYOUT_WIDTH_MIN;
	if (l->too_small)
		return;
	l->form = form_of(height, width);
	l->head = (struct area){0, 0, HEAD_LINES, width};
	l->machine = (struct area){line, 0, machine_lines(l->form), width};
	line += l->machine.height;
	if (l->form == MACHINE_BIG && width >= BESIDE_WIDTH)
		panes_beside(l, width);
	else
		line += panes_below(l, line, height, width);
	l->list = (struct area){line, 0, height - 1 - line, width};
	l->foot = (struct area){height - 1, 0, 1, width};
}
