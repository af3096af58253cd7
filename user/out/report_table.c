// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/fmt.h"
#include "out/html.h"
#include "out/report_parts.h"
#include "out/report_table.h"

/*
 * Cells
 */

void cell_n(struct obuf *b, __u64 n)
{
	char text[REPORT_NUMBER_MAX];

	html_fmt(b, "<td data-v=\"%llu\">%s</td>", n, report_number(text, n));
}

void cell_id(struct obuf *b, __u64 n)
{
	html_fmt(b, "<td data-v=\"%llu\">%llu</td>", n, n);
}

void cell_ns(struct obuf *b, __u64 ns)
{
	char text[FMT_DURATION_MAX + 1];

	html_fmt(b, "<td data-v=\"%llu\">%s</td>", ns, report_duration(text, ns));
}

void cell_permille(struct obuf *b, const struct dwells *d, unsigned int permille)
{
	if (d->n)
		cell_ns(b, permille < 1000 ? dwells_permille(d, permille) : d->max_ns);
	else
		html_raw(b, "<td data-v=\"-1\">&ndash;</td>");
}

void cell_size(struct obuf *b, __u64 bytes)
{
	char text[FMT_SIZE_MAX + 1];

	*fmt_size(text, bytes) = '\0';
	html_fmt(b, "<td data-v=\"%llu\">%s</td>", bytes, text);
}

void cell_text(struct obuf *b, const char *class, const char *s, size_t n)
{
	html_fmt(b, "<td class=\"%s\">", class);
	html_text(b, s, n);
	html_raw(b, "</td>");
}

void cell_str(struct obuf *b, const char *s)
{
	cell_text(b, "l", s, strlen(s));
}

void row_head(struct obuf *b, const char *s, size_t n)
{
	html_raw(b, "<tr><th scope=\"row\">");
	html_text(b, s, n);
	html_raw(b, "</th>");
}

void cell_endpoint(struct obuf *b, const __u8 addr[16], __u16 port)
{
	char text[FMT_ENDPOINT_MAX];

	cell_text(b, "l", text, fmt_endpoint(text, addr, port) - text);
}

void cell_comm(struct obuf *b, const char comm[COMM_LEN])
{
	cell_text(b, "l", comm, strnlen(comm, COMM_LEN));
}

/*
 * Tables: each scrolls by itself where it is too wide
 */

void table_begin(struct obuf *b, const char *caption, const char *head)
{
	html_raw(b, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_str(b, caption);
	html_raw(b, "\"><table class=\"sort\"><caption><span>");
	html_str(b, caption);
	html_raw(b, "</span></caption><thead><tr>");
	while (*head) {
		size_t n = strcspn(head, "|");
		bool text = *head == '<', fixed = *head == '!';

		html_fmt(b, "<th scope=\"col\"%s%s>", text || fixed ? " class=\"l\"" : "",
			 fixed ? " data-fixed" : "");
		html_text(b, head + (text || fixed), n - (text || fixed));
		html_raw(b, "</th>");
		head += n + (head[n] == '|');
	}
	html_raw(b, "</tr></thead><tbody>\n");
}

void table_end(struct obuf *b)
{
	html_raw(b, "</tbody></table></div>\n");
}

void section_begin(struct obuf *b, const char *id, const char *title)
{
	html_fmt(b, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n", id, id, title);
}

void section_end(struct obuf *b)
{
	html_raw(b, "</section>\n");
}

bool nothing(struct obuf *b, bool none, const char *why)
{
	if (none)
		html_fmt(b, "<p class=\"dim\">%s</p>\n", why);
	return none;
}

void comm_head(struct obuf *b, const struct topn_key *key)
{
	if (*key->comm)
		row_head(b, key->comm, strnlen(key->comm, COMM_LEN));
	else
		html_raw(b, "<tr><th scope=\"row\" class=\"dim\">not known</th>");
}

__u32 top_shown(const struct topn *t)
{
	return t->n < REPORT_TOP ? t->n : REPORT_TOP;
}
