// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "out/columns.h"
#include "out/escape.h"
#include "out/fmt.h"
#include "out/histogram.h"

#define COUNT_WIDTH 10
#define TIME_WIDTH 8
#define TIMES 5
#define GROUP_MIN 8
#define GROUP_MAX 40
#define DEFAULT_WIDTH 80
#define LINE_ROOM 1024

static unsigned int width_of(const struct out_options *o)
{
	return o->width ? o->width : DEFAULT_WIDTH;
}

static unsigned int state_width(enum name_set names)
{
	return names == NAMES_KERNEL ? 16 : 14;
}

static unsigned int group_width(const struct hist_view *v, const struct out_options *o)
{
	unsigned int rest = state_width(o->names) + COUNT_WIDTH + TIMES * TIME_WIDTH + 1;
	unsigned int left = width_of(o) > rest ? width_of(o) - rest : 0;

	if (v->by == HIST_BY_STATE)
		return 0;
	if (left < GROUP_MIN)
		return GROUP_MIN;
	return left < GROUP_MAX ? left : GROUP_MAX;
}

static const char *row_name(int row, enum name_set names)
{
	return row == HIST_AGE ? "connection age" : state_name(names, row);
}

static char *put_right(char *p, const char *text, size_t n, unsigned int width)
{
	if (n < width) {
		memset(p, ' ', width - n);
		p += width - n;
	}
	return mempcpy(p, text, n);
}

static char *put_number(char *p, __u64 number, unsigned int width)
{
	char text[FMT_U64_MAX];

	return put_right(p, text, fmt_u64(text, number) - text, width);
}

static char *put_time(char *p, __u64 ns, unsigned int width)
{
	char text[FMT_DURATION_MAX];

	return put_right(p, text, fmt_duration(text, ns) - text, width);
}

static void put_line(struct obuf *b, const char *line, size_t n, const struct out_options *o)
{
	obuf_add(b, line, o->width ? term_fit(line, n, o->width) : n);
	obuf_add(b, "\n", 1);
}

/*
 * Groups
 */

char *hist_group_text(char *p, const struct hist_entry *e, enum hist_by by, const char *cgroup)
{
	const char *comm = (const char *)e->group.id;

	if (e->slot == HIST_SLOT_OTHER)
		return FMT_LIT(p, "(others)");
	if (e->slot == HIST_SLOT_UNKNOWN)
		return FMT_LIT(p, "-");
	switch (by) {
	case HIST_BY_PORT:
		return fmt_u64(p, e->group.no);
	case HIST_BY_PROCESS:
		p = mempcpy(p, comm, strnlen(comm, COMM_LEN));
		*p++ = '/';
		return fmt_u64(p, e->group.no);
	case HIST_BY_PEER:
		return fmt_addr(p, (const __u8 *)e->group.id);
	case HIST_BY_CGROUP:
		return cgroup ? fmt_str(p, cgroup) : fmt_u64(p, e->group.id[0]);
	default:
		return p;
	}
}

/* Escaped, in its column; a new text in memory of the caller's, with NUL. */
static char *group_column(const struct hist_entry *e, const struct hist_view *v,
			  const struct out_options *o)
{
	const char *path = v->by == HIST_BY_CGROUP && o->cgroup_path && e->group.id[0]
				   ? o->cgroup_path(e->group.id[0])
				   : NULL;
	size_t n = HIST_GROUP_MAX + (path ? strlen(path) : 0);
	unsigned int width = group_width(v, o);
	char *raw = malloc(n), *safe = malloc(TERM_ESCAPE_MAX * n);
	char *out = malloc(TERM_ESCAPE_MAX * n + width + 2), *end;

	if (raw && safe && out) {
		end = hist_group_text(raw, e, v->by, path);
		end = term_escape(safe, raw, end - raw);
		end = column_put(out, safe, end - safe, v->by == HIST_BY_CGROUP ? 8 : 0, width);
		*end = '\0';
	}
	free(raw);
	free(safe);
	return out;
}

/*
 * Table
 */

static void put_title(struct obuf *b, const struct hist_view *v, const struct out_options *o)
{
	static const char *const times[TIMES] = {"P50", "P90", "P99", "P99.9", "MAX"};
	const char *by = hist_by_name(v->by);
	char line[LINE_ROOM], *p = line, title[16];
	size_t n = strlen(by);

	if (v->by != HIST_BY_STATE) {
		for (size_t i = 0; i < n; i++)
			title[i] = by[i] - 'a' + 'A';
		p = column_put(p, title, n, 0, group_width(v, o));
		*p++ = ' ';
	}
	p = column_put(p, "STATE", 5, 0, state_width(o->names));
	p = put_right(p, "COUNT", 5, COUNT_WIDTH);
	for (int i = 0; i < TIMES; i++)
		p = put_right(p, times[i], strlen(times[i]), TIME_WIDTH);
	put_line(b, line, p - line, o);
}

static void put_row(struct obuf *b, const char *group, int row, const struct hist_row *h,
		    const struct out_options *o)
{
	struct hist_stats s = histogram_stats(h);
	const __u64 times[TIMES] = {s.p50_ns, s.p90_ns, s.p99_ns, s.p999_ns, s.max_ns};
	const char *name = row_name(row, o->names);
	char line[LINE_ROOM], *p = line;

	if (group) {
		p = mempcpy(p, group, strnlen(group, LINE_ROOM / 2));
		*p++ = ' ';
	}
	p = column_put(p, name, strlen(name), 0, state_width(o->names));
	p = put_number(p, s.count, COUNT_WIDTH);
	for (int i = 0; i < TIMES; i++)
		p = put_time(p, times[i], TIME_WIDTH);
	put_line(b, line, p - line, o);
}

/* Gives how many lines it took. */
static unsigned int put_entry(struct obuf *b, const struct hist_entry *e, const struct hist_view *v,
			      const struct out_options *o, unsigned int lines)
{
	char *group = v->by == HIST_BY_STATE ? NULL : group_column(e, v, o);
	unsigned int n = 0;
	int row;

	for (unsigned int rank = 0; (row = hist_row_at(rank)) >= 0 && n < lines; rank++) {
		if (!histogram_count(&e->row[row]))
			continue;
		put_row(b, group, row, &e->row[row], o);
		n++;
	}
	free(group);
	return n;
}

void hist_text(struct obuf *b, const struct hist_view *v, const struct out_options *o,
	       unsigned int lines)
{
	__u32 *order = calloc(v->n, sizeof(*order));
	__u32 n = order ? hist_view_order(v, order) : 0;
	unsigned int left = lines ? lines - 1 : -1U;

	put_title(b, v, o);
	for (__u32 i = 0; i < n && left; i++)
		left -= put_entry(b, &v->entry[order[i]], v, o, left);
	free(order);
}

/*
 * Bars
 */

/* Doublings: the first has the values below HIST_SUBS. */
#define DOUBLINGS (HIST_BUCKETS / HIST_SUBS)
#define LABEL_WIDTH (2 * TIME_WIDTH + 3)
/* So many empty ones in a row are shown. */
#define GAP_MAX 2

static __u64 doubling_count(const struct hist_row *h, int doubling)
{
	__u64 count = 0;

	for (int i = 0; i < HIST_SUBS; i++)
		count += h->count[doubling * HIST_SUBS + i];
	return count;
}

/* At least one column, for what there is at all, where there is room for any. */
static unsigned int bar_length(__u64 count, __u64 most, unsigned int room)
{
	unsigned int n = (double)count / most * room;

	return count && !n && room ? 1 : n;
}

static void put_bar(struct obuf *b, const struct hist_row *h, int doubling, __u64 most,
		    const struct out_options *o)
{
	unsigned int taken = LABEL_WIDTH + COUNT_WIDTH + 4;
	unsigned int room = width_of(o) > taken ? width_of(o) - taken : 0;
	__u64 count = doubling_count(h, doubling);
	unsigned int n;
	char line[LINE_ROOM], *p;

	if (room > LINE_ROOM / 2)
		room = LINE_ROOM / 2;
	n = bar_length(count, most, room);
	p = put_time(line, hist_from(doubling * HIST_SUBS), TIME_WIDTH);
	p = FMT_LIT(p, " - ");
	p = put_time(p, hist_from((doubling + 1) * HIST_SUBS), TIME_WIDTH);
	p = put_number(p, count, COUNT_WIDTH + 1);
	p = FMT_LIT(p, " |");
	memset(p, '#', n);
	put_line(b, line, p + n - line, o);
}

/* Where the first doubling from `i` on is that has something: at most `last`, which has. */
static int next_filled(const struct hist_row *h, int i, int last)
{
	while (i < last && !doubling_count(h, i))
		i++;
	return i;
}

static __u64 bars_most(const struct hist_row *h, int *first, int *last)
{
	__u64 most = 0;

	*first = DOUBLINGS;
	*last = -1;
	for (int i = 0; i < DOUBLINGS; i++) {
		__u64 count = doubling_count(h, i);

		if (!count)
			continue;
		*first = *first < i ? *first : i;
		*last = i;
		most = most > count ? most : count;
	}
	return most;
}

/* Of many empty doublings in a row there is one line. */
static void put_gap(struct obuf *b, const struct out_options *o)
{
	char line[LINE_ROOM], *p = put_right(line, "...", 3, TIME_WIDTH);

	put_line(b, line, p - line, o);
}

static void put_bars(struct obuf *b, int row, const struct hist_row *h, const struct out_options *o)
{
	int first, last;
	__u64 most = bars_most(h, &first, &last);

	if (last < 0)
		return;
	obuf_add(b, "\n", 1);
	put_line(b, row_name(row, o->names), strlen(row_name(row, o->names)), o);
	for (int i = first; i <= last; i++) {
		int filled = next_filled(h, i, last);

		if (filled - i > GAP_MAX) {
			put_gap(b, o);
			i = filled;
		}
		put_bar(b, h, i, most, o);
	}
}

void hist_text_bars(struct obuf *b, const struct hist_view *v, const struct out_options *o)
{
	int row;

	if (v->by != HIST_BY_STATE)
		return;
	for (unsigned int rank = 0; (row = hist_row_at(rank)) >= 0; rank++)
		put_bars(b, row, &v->entry[0].row[row], o);
}

void hist_text_missed(struct obuf *b, const struct hist_view *v)
{
	char line[LINE_ROOM], *p;

	for (int why = 0; why < HIST_NMISSED; why++) {
		if (!v->missed[why])
			continue;
		p = fmt_u64(FMT_LIT(line, "not counted: "), v->missed[why]);
		*p++ = ' ';
		p = fmt_str(p, hist_missed_text(why));
		*p++ = '\n';
		obuf_add(b, line, p - line);
	}
}
