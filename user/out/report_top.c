// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The HTML report: processes and peers. */
#include <string.h>

#include "out/fmt.h"
#include "out/html.h"
#include "out/report_parts.h"
#include "out/report_table.h"

static void traffic_cells(struct obuf *b, const struct topn_row *row)
{
	cell_n(b, row->transitions);
	cell_n(b, row->connections);
	cell_n(b, row->failed);
	cell_size(b, row->sent);
	cell_size(b, row->received);
	cell_n(b, row->retransmits);
	html_raw(b, "</tr>\n");
}

/* The end of a table, with a row for all that is not shown: sorting leaves it where it is. */
static void table_end_other(struct obuf *b, const struct topn *t, unsigned int blank)
{
	struct topn_row rest = topn_rest(t, REPORT_TOP);

	if (!rest.weight) {
		table_end(b);
		return;
	}
	html_raw(b, "</tbody><tfoot><tr><th scope=\"row\">other</th>");
	while (blank--)
		html_raw(b, "<td></td>");
	traffic_cells(b, &rest);
	html_raw(b, "</tfoot></table></div>\n");
}

static const char *cgroup_of(const struct report_page *page, __u64 id)
{
	const char *path = id && page->o->cgroup_path ? page->o->cgroup_path(id) : NULL;

	return path ? path : "";
}

void report_processes(struct obuf *b, const struct report_page *page)
{
	const struct topn *t = &page->r->processes;

	section_begin(b, "processes", "Processes");
	if (!nothing(b, !t->n, "There was no transition.")) {
		table_begin(b, "Those with most transitions",
			    "<Process|<Cgroup|Transitions|Connections|Failed|Sent|Received|"
			    "Retransmits");
		for (__u32 i = 0; i < top_shown(t); i++) {
			comm_head(b, &t->row[i].key);
			cell_str(b, cgroup_of(page, t->row[i].key.cgroup));
			traffic_cells(b, &t->row[i]);
		}
		table_end_other(b, t, 1);
	}
	section_end(b);
}

static const char *service_words(const struct topn_key *key)
{
	return key->open == ROLE_PASSIVE ? "from it to our port" : "to its port";
}

void report_peers(struct obuf *b, const struct report_page *page)
{
	const struct topn *t = &page->r->peers;
	char text[FMT_ADDR_MAX];

	section_begin(b, "peers", "Peers");
	if (!nothing(b, !t->n, "There was no connection.")) {
		table_begin(b, "Those with most transitions, by the port of the service",
			    "<Peer|<Direction|Port|Transitions|Connections|Failed|Sent|Received|"
			    "Retransmits");
		for (__u32 i = 0; i < top_shown(t); i++) {
			const struct topn_key *key = &t->row[i].key;

			row_head(b, text, fmt_addr(text, key->addr) - text);
			cell_str(b, service_words(key));
			cell_id(b, key->port);
			traffic_cells(b, &t->row[i]);
		}
		table_end_other(b, t, 2);
	}
	section_end(b);
}
