// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The state machine where there is little room.  The upper line is the passive
 * side's way, the lower one the active side's; both meet in ESTABLISHED.
 */
#include <string.h>

#include "out/columns.h"
#include "tui/text.h"

#define CELLS 6
#define ARROW_COLUMNS 3

struct cell {
	unsigned int state, width;
	const char *arrow; /* to the next one */
};

static const struct cell machine[2][CELLS] = {
	{
		{ST_LISTEN, 8, "-> "},
		{ST_SYN_RECV, 12, "-> "},
		{ST_ESTABLISHED, 11, "-> "},
		{ST_CLOSE_WAIT, 10, "-> "},
		{ST_LAST_ACK, 10, "-> "},
		{ST_CLOSE, 7, ""},
	},
	{
		{ST_CLOSING, 8, "   "},
		{ST_SYN_SENT, 12, "-^ "},
		{ST_FIN_WAIT1, 11, "-> "},
		{ST_FIN_WAIT2, 10, "-> "},
		{ST_TIME_WAIT, 10, "-^ "},
		{ST_NONE, 7, ""},
	},
};

/* The kernel's names without their prefix, for which there is no room. */
static const char *short_name(enum name_set names, unsigned int state)
{
	const char *name = state_name(names, state);

	return strncmp(name, "TCP_", 4) != 0 ? name : name + 4;
}

static char *put_numbers(char *p, const __u32 by_state[ST_MAX], const struct flow_rates *r,
			 unsigned int state)
{
	/* there are no sockets in CLOSED: only the way there can be counted */
	if (state != ST_CLOSE) {
		p = put_count(p, by_state[state]);
		*p++ = ' ';
	}
	if (state == ST_LISTEN)
		return p;
	return FMT_LIT(put_rate(p, r->into[state]), "/s");
}

char *put_machine(char *p, const struct source *s, const __u32 by_state[ST_MAX],
		  const struct flow_rates *r, unsigned int line)
{
	for (int i = 0; i < CELLS; i++) {
		const struct cell *cell = &machine[line / 2][i];
		/* numbers may use the room below the arrow too */
		bool numbers = line % 2, more = numbers && i + 1 < CELLS;
		char text[128], *end = text;

		if (cell->state && numbers)
			end = put_numbers(text, by_state, r, cell->state);
		else if (cell->state)
			end = fmt_str(text, short_name(s->names, cell->state));
		p = column_put(p, text, end - text, 0, cell->width + (more ? ARROW_COLUMNS : 0));
		if (i + 1 < CELLS)
			*p++ = ' ';
		p = numbers ? p : fmt_str(p, cell->arrow);
	}
	return p;
}

char *put_state_bar(char *p, const struct source *s, const __u32 by_state[ST_MAX],
		    const struct flow_rates *r, unsigned int line, unsigned int width)
{
	unsigned int at = 0, column = 0;

	for (unsigned int i = 0; i < 2 * CELLS; i++) {
		unsigned int state = machine[i / CELLS][i % CELLS].state, n;
		char text[128], *end;

		if (!state || state == ST_CLOSE || (!by_state[state] && r->into[state] <= 0))
			continue;
		end = fmt_str(text, short_name(s->names, state));
		*end++ = ' ';
		end = put_numbers(end, by_state, r, state);
		end = FMT_LIT(end, "  ");
		n = end - text;
		if (column + n > width) {
			at++;
			column = 0;
		}
		column += n;
		if (at == line)
			p = mempcpy(p, text, n);
	}
	return p;
}
