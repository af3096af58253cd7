/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words of the screen.  As in out/fmt.h each function writes at p, without
 * a final NUL, and returns the end; what comes from outside is escaped.
 */
#ifndef TCPDWELL_TUI_TEXT_H
#define TCPDWELL_TUI_TEXT_H

#include <stddef.h>
#include "out/escape.h"
#include "out/fmt.h"
#include "tui/flow.h"
#include "tui/tally.h"
#include "tui/source.h"
#include "tui/view.h"

/* No line is longer than the widest screen that is used, in bytes. */
#define SCREEN_WIDTH_MAX 512
#define LINE_ROOM (4 * SCREEN_WIDTH_MAX + 1024)
#define OWNER_ROOM (TERM_ESCAPE_MAX * COMM_LEN * 4 + 2 * FMT_U64_MAX + 2)

/* A character as UTF-8: 4 bytes at most; 0 bytes for what is none. */
size_t utf8_put(char text[4], unsigned int character);

/* Text from outside, escaped; in ASCII where the terminal takes nothing else. */
char *put_text(char *p, const struct source *s, const char *text, size_t n);

/* "nginx/1234", "-".  *keep (may be NULL): bytes at the end that tell the most.  OWNER_ROOM. */
char *put_owner(char *p, const struct source *s, const struct sock_owner *o, size_t *keep);

/* "0", "0.4", "12", "4.2k", "120k": five columns at most. */
char *put_rate(char *p, double rate);
char *put_count(char *p, __u64 count);

/* Columns of the list; 0: left out. */
struct row_columns {
	unsigned int state, dwell, owner, local, remote, roles;
};

void row_columns_fit(struct row_columns *c, const struct source *s, unsigned int width);
char *put_row_title(char *p, const struct row_columns *c);
char *put_row(char *p, const struct source *s, const struct conn *c, const struct row_columns *w);

/* One group, in so many columns: name, sockets, stuck, change; and its states where there is room.
 */
char *put_group_title(char *p, const struct tally *g, unsigned int width);
char *put_group(char *p, const struct source *s, const struct tally *g, const struct bunch *group,
		unsigned int width);
/* Its name alone, for the head of a list of its sockets. */
char *put_group_name(char *p, const struct source *s, enum grouping by, const struct bunch_id *key,
		     const char *comm, size_t *keep);

/*
 * The state machine in four lines: sockets in each state, and transitions into
 * it a second.  MACHINE_SMALL_WIDTH columns; in less, the states that are not
 * empty, in two lines.
 */
#define MACHINE_SMALL_LINES 4
#define MACHINE_SMALL_WIDTH 78
char *put_machine(char *p, const struct source *s, const __u32 by_state[ST_MAX],
		  const struct flow_rates *r, unsigned int line);
char *put_state_bar(char *p, const struct source *s, const __u32 by_state[ST_MAX],
		    const struct flow_rates *r, unsigned int line, unsigned int width);

#endif
