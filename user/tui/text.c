// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/columns.h"
#include "tui/text.h"

size_t utf8_put(char text[4], unsigned int c)
{
	if (c < 0x80) {
		text[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		text[0] = (char)(0xc0 | c >> 6);
		text[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		text[0] = (char)(0xe0 | c >> 12);
		text[1] = (char)(0x80 | (c >> 6 & 63));
		text[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	if (c > 0x10ffff)
		return 0;
	text[0] = (char)(0xf0 | c >> 18);
	text[1] = (char)(0x80 | (c >> 12 & 63));
	text[2] = (char)(0x80 | (c >> 6 & 63));
	text[3] = (char)(0x80 | (c & 63));
	return 4;
}

char *put_text(char *p, const struct source *s, const char *text, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	if (s->utf8)
		return term_escape(p, text, n);
	for (; n--; text++) {
		unsigned char byte = *text;

		if (byte < 0x80) {
			p = term_escape(p, text, 1);
			continue;
		}
		p = FMT_LIT(p, "\\x");
		*p++ = hex[byte >> 4];
		*p++ = hex[byte & 15];
	}
	return p;
}

char *put_owner(char *p, const struct source *s, const struct sock_owner *o, size_t *keep)
{
	char *id;

	if (keep)
		*keep = 0;
	if (!o->how)
		return FMT_LIT(p, "-");
	p = put_text(p, s, o->comm, strnlen(o->comm, COMM_LEN));
	id = p;
	*p++ = '/';
	p = fmt_u64(p, o->pid);
	if (keep)
		*keep = p - id;
	return p;
}

/* Thousands, millions ... with three digits that count. */
static char *put_thousands(char *p, double v)
{
	static const char units[] = "kMGTPE";
	int unit = 0;
	__u32 tenths;

	for (v /= 1000; v >= 999.5 && units[unit + 1]; unit++)
		v /= 1000;
	tenths = (__u32)(v * 10 + 0.5);
	p = fmt_u64(p, tenths < 100 ? tenths / 10 : (__u32)(v + 0.5));
	if (tenths < 100 && tenths % 10) {
		*p++ = '.';
		*p++ = '0' + tenths % 10;
	}
	*p++ = units[unit];
	return p;
}

char *put_rate(char *p, double rate)
{
	__u32 tenths;

	if (rate >= 9999.5)
		return put_thousands(p, rate);
	if (rate >= 9.95)
		return fmt_u64(p, (__u64)(rate + 0.5));
	tenths = (__u32)(rate * 10 + 0.5);
	/* once in a long while is not never */
	if (rate > 0 && !tenths)
		tenths = 1;
	p = fmt_u64(p, tenths / 10);
	if (tenths % 10) {
		*p++ = '.';
		*p++ = '0' + tenths % 10;
	}
	return p;
}

char *put_count(char *p, __u64 count)
{
	return count < 100000 ? fmt_u64(p, count) : put_thousands(p, (double)count);
}

/*
 * The list
 */

#define DWELL_COLUMNS 9 /* ">=" and a duration */

static unsigned int state_columns(enum name_set names)
{
	unsigned int width = 0;

	for (unsigned int state = 1; state < ST_MAX; state++) {
		size_t n = strlen(state_name(names, shown_state(state)));

		if (state != ST_BOUND_INACTIVE && n > width)
			width = n;
	}
	return width;
}

static void widen(unsigned int *width, unsigned int upto, unsigned int *left)
{
	unsigned int more = upto > *width ? upto - *width : 0;

	if (more > *left)
		more = *left;
	*width += more;
	*left -= more;
}

void row_columns_fit(struct row_columns *c, const struct source *s, unsigned int width)
{
	unsigned int left;

	*c = (struct row_columns){state_columns(s->names), DWELL_COLUMNS, 8, 6, 14, 0};
	left = c->state + c->dwell + c->owner + c->local + c->remote + 5;
	left = width > left ? width - left : 0;
	widen(&c->owner, 15, &left);
	widen(&c->remote, 21, &left);
	widen(&c->local, 21, &left);
	if (left >= 18) {
		c->roles = 17;
		left -= 18;
	}
	widen(&c->owner, 24, &left);
	widen(&c->remote, 47, &left);
	widen(&c->local, 47, &left);
}

static char *put_column(char *p, const char *text, unsigned int width)
{
	if (!width)
		return p;
	p = column_put(p, text, strlen(text), 0, width);
	*p++ = ' ';
	return p;
}

char *put_row_title(char *p, const struct row_columns *c)
{
	*p++ = ' ';
	p = put_column(p, "STATE", c->state);
	for (unsigned int i = 3; i < c->dwell; i++)
		*p++ = ' ';
	p = put_column(p, "FOR", 3);
	p = put_column(p, "OWNER", c->owner);
	p = put_column(p, "LOCAL", c->local);
	p = put_column(p, "REMOTE", c->remote);
	return put_column(p, "OPEN / CLOSE", c->roles);
}

static char *put_dwell(char *p, const struct source *s, const struct conn *c, unsigned int width)
{
	char text[DWELL_COLUMNS + FMT_DURATION_MAX], *end = text;

	if (!c->since_ns)
		*end++ = '-';
	else if (c->at_least)
		end = fmt_duration(FMT_LIT(end, ">="), stay_ns(s, c));
	else
		end = fmt_duration(end, stay_ns(s, c));
	for (unsigned int n = end - text; n < width; n++)
		*p++ = ' ';
	p = mempcpy(p, text, end - text);
	*p++ = ' ';
	return p;
}

static char *put_endpoint(char *p, const __u8 addr[16], __u16 port, unsigned int width)
{
	char text[FMT_ENDPOINT_MAX], *end = fmt_endpoint(text, addr, port);
	const char *colon = memrchr(text, ':', end - text);

	p = column_put(p, text, end - text, end - colon, width);
	*p++ = ' ';
	return p;
}

static char *put_roles(char *p, __u8 roles, unsigned int width)
{
	const char *open = role_name(ROLE_OPEN(roles)), *close = role_name(ROLE_CLOSE(roles));
	char text[64], *end;

	if (!width)
		return p;
	end = fmt_str(text, open ? open : "-");
	if (close)
		end = fmt_str(FMT_LIT(end, " / "), close);
	return column_put(p, text, end - text, 0, width);
}

char *put_row(char *p, const struct source *s, const struct conn *c, const struct row_columns *w)
{
	char owner[OWNER_ROOM];
	size_t keep;
	char *end = put_owner(owner, s, &c->ident.owner, &keep);

	*p++ = stuck_by(s, c) ? '!' : ' ';
	p = put_column(p, state_name(s->names, shown_state(c->state)), w->state);
	p = put_dwell(p, s, c, w->dwell);
	p = column_put(p, owner, end - owner, keep, w->owner);
	*p++ = ' ';
	p = put_endpoint(p, c->ident.laddr, c->ident.lport, w->local);
	p = put_endpoint(p, c->ident.raddr, c->ident.rport, w->remote);
	return put_roles(p, c->roles, w->roles);
}

/*
 * Groups
 */

#define NUMBER_COLUMNS 7
#define NUMBERS_COLUMNS (3 * (NUMBER_COLUMNS + 1))
#define STATES_FROM 76 /* so wide, there is room for the states */
#define STATES_CUT "  ..."

static unsigned int name_columns(unsigned int width)
{
	if (width >= STATES_FROM)
		return width < 100 ? 22 : 28;
	return width > NUMBERS_COLUMNS + 4 ? width - NUMBERS_COLUMNS : 4;
}

static char *put_right(char *p, const char *text, size_t n, unsigned int width)
{
	for (size_t i = n; i < width; i++)
		*p++ = ' ';
	return mempcpy(p, text, n);
}

char *put_group_title(char *p, const struct tally *g, unsigned int width)
{
	static const char *const titles[GROUPINGS] = {"", "PROCESS", "PEER", "STATE", "PORT"};
	static const char *const numbers[] = {"SOCKETS", "STUCK", "+/min"};

	p = column_put(p, titles[g->by], strlen(titles[g->by]), 0, name_columns(width));
	for (int i = 0; i < 3; i++)
		p = put_right(p, numbers[i], strlen(numbers[i]), NUMBER_COLUMNS + 1);
	return width >= STATES_FROM && g->by != BY_STATE ? FMT_LIT(p, "  STATES") : p;
}

char *put_group_name(char *p, const struct source *s, enum grouping by, const struct bunch_id *key,
		     const char *comm, size_t *keep)
{
	struct sock_owner o = {.pid = key->word[0], .how = OWNER_OPEN};

	*keep = 0;
	switch (by) {
	case BY_PROCESS:
		if (!o.pid)
			return FMT_LIT(p, "(no process)");
		memcpy(o.comm, comm, COMM_LEN);
		return put_owner(p, s, &o, keep);
	case BY_PEER:
		return fmt_addr(p, (const __u8 *)key);
	case BY_STATE:
		return fmt_str(p, state_name(s->names, key->word[0]));
	case BY_PORT:
		return fmt_u64(p, key->word[0]);
	default:
		return p;
	}
}

static char *put_change(char *p, __s64 change)
{
	if (change > 0)
		*p++ = '+';
	else if (change < 0)
		*p++ = '-';
	return put_count(p, change < 0 ? -change : change);
}

/* TIMED_WAIT says least about a process: it comes last, whatever their number. */
static unsigned int next_state(const struct bunch *group, __u32 shown)
{
	unsigned int most = ST_NONE;

	for (unsigned int i = 1; i < ST_MAX; i++)
		if (i != ST_TIME_WAIT && group->by_state[i] && !(shown & ST_BIT(i)) &&
		    (!most || group->by_state[i] > group->by_state[most]))
			most = i;
	if (!most && group->by_state[ST_TIME_WAIT] && !(shown & ST_BIT(ST_TIME_WAIT)))
		return ST_TIME_WAIT;
	return most;
}

/* The states that it has, those with most sockets first, as far as they fit. */
static char *put_states(char *p, const struct source *s, const struct bunch *group,
			unsigned int width)
{
	unsigned int state = next_state(group, 0), more;
	const char *sep = "  ";
	__u32 shown = 0;

	for (; state; state = more, sep = ", ") {
		char text[64], *end;

		shown |= ST_BIT(state);
		more = next_state(group, shown);
		end = put_count(fmt_str(text, sep), group->by_state[state]);
		*end++ = ' ';
		end = fmt_str(end, state_name(s->names, state));
		if ((end - text) + (more ? strlen(STATES_CUT) : 0) > width)
			return width < strlen(STATES_CUT) ? p : fmt_str(p, STATES_CUT);
		width -= end - text;
		p = mempcpy(p, text, end - text);
	}
	return p;
}

char *put_group(char *p, const struct source *s, const struct tally *g, const struct bunch *group,
		unsigned int width)
{
	char text[OWNER_ROOM + FMT_ADDR_MAX], *end;
	unsigned int name = name_columns(width);
	size_t keep;

	end = put_group_name(text, s, g->by, &group->key, group->comm, &keep);
	p = column_put(p, text, end - text, keep, name);
	p = put_right(p, text, put_count(text, group->sockets) - text, NUMBER_COLUMNS + 1);
	p = put_right(p, text, put_count(text, group->stuck) - text, NUMBER_COLUMNS + 1);
	p = put_right(p, text, put_change(text, bunch_change(g, group)) - text, NUMBER_COLUMNS + 1);
	if (width < STATES_FROM || g->by == BY_STATE)
		return p;
	return put_states(p, s, group, width - name - NUMBERS_COLUMNS);
}
