/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which part of the screen shows what. */
#ifndef TCPDWELL_TUI_LAYOUT_H
#define TCPDWELL_TUI_LAYOUT_H

#include <stdbool.h>

#define LAYOUT_WIDTH_MIN 60
#define LAYOUT_HEIGHT_MIN 15

struct area {
	int line, column, height, width; /* height 0: not shown */
};

enum machine_form {
	MACHINE_BAR = 0, /* two lines of names and numbers */
	MACHINE_SMALL,	 /* four lines */
	MACHINE_BIG,	 /* the figure of RFC 9293 */
};

struct layout {
	bool too_small;
	enum machine_form form;
	struct area head, machine, processes, peers, list, foot;
};

void layout_fit(struct layout *l, int height, int width);

#endif
