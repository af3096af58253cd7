// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/holders.h"
#include "out/json.h"

#define NUMBERS_ROOM 128

static void add_numbers(struct obuf *b, const struct row_sock *r)
{
	char *p = obuf_room(b, NUMBERS_ROOM);

	if (!p || r->kind != ROW_FULL || r->state == ST_LISTEN)
		return;
	p = fmt_u64(FMT_LIT(p, ",\"unread\":"), r->unread);
	if (r->last_tx_ns)
		p = fmt_u64(FMT_LIT(p, ",\"last_sent_ns\":"), r->last_tx_ns);
	if (r->last_rx_ns)
		p = fmt_u64(FMT_LIT(p, ",\"last_received_ns\":"), r->last_rx_ns);
	obuf_done(b, p);
}

void holders_json(struct obuf *b, const struct holding *h, const struct out_options *o)
{
	struct fmt_clock clock = {0};

	for (__u32 i = 0; i < h->n; i++) {
		const struct held_row *r = &h->row[i];

		json_add_row(b, r->row, r->diagnosis, o, &clock);
		add_numbers(b, r->row);
		json_add_holders(b, "holders", r->holder, r->n_holders, o->cgroup_path);
		if (r->n_listener)
			json_add_holders(b, "listener_holders", r->listener, r->n_listener,
					 o->cgroup_path);
		obuf_add(b, "}\n", 2);
	}
}
