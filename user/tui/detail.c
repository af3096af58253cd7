// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/columns.h"
#include "tui/detail.h"
#include "tui/text.h"

void detail_open(struct detail *d, const struct source *s, const struct conn *c)
{
	const struct life *life = life_of(s->lives, c);

	memset(d, 0, sizeof(*d));
	d->conn = *c;
	d->cut = !life || life->cut;
	d->n_steps = life ? life->n : 0;
	if (life)
		memcpy(d->step, life->step, life->n * sizeof(*life->step));
}

void detail_step(struct detail *d, const struct transition *t)
{
	if (t->conn->cookie != d->conn.cookie || d->gone || t->first)
		return;
	if (d->n_steps == DETAIL_STEPS) {
		memmove(d->step, d->step + 1, sizeof(d->step) - sizeof(*d->step));
		d->n_steps--;
		d->cut = true;
	}
	d->step[d->n_steps++] = (struct life_step){
		.mono_ns = t->mono_ns,
		.dwell_ns = t->dwell_ns,
		.from = t->from,
		.to = t->to,
		.via = t->via,
		.reason = t->reason,
		.at_least = t->at_least,
	};
	d->conn.roles = t->conn->roles;
	if (t->end) {
		d->end = *t->end;
		d->ended = true;
	}
	if (t->to == ST_CLOSE) {
		d->gone = true;
		d->conn.state = ST_CLOSE;
		d->conn.since_ns = t->mono_ns;
		d->conn.at_least = false;
	}
}

void detail_follow(struct detail *d, const struct source *s)
{
	const struct conn *c = table_find(s->table, d->conn.cookie);

	if (d->gone)
		return;
	if (c)
		d->conn = *c;
	else
		d->gone = true;
}

/*
 * The page
 */

#define LABEL_COLUMNS 10

static char *put_label(char *p, const char *label)
{
	return column_put(p, label, strlen(label), 0, LABEL_COLUMNS);
}

static void add_who(struct page *page, const struct detail *d, const struct source *s)
{
	const struct sock_ident *id = &d->conn.ident;
	char *p = page_room(page);

	if (!p)
		return;
	p = fmt_endpoint(p, id->laddr, id->lport);
	p = fmt_endpoint(FMT_LIT(p, " - "), id->raddr, id->rport);
	p = fmt_hex(FMT_LIT(p, "   sk:"), d->conn.cookie & COOKIE_MASK);
	p = fmt_u64(FMT_LIT(p, "  netns:"), id->netns);
	if (id->mptcp)
		p = FMT_LIT(p, "  MPTCP");
	page_end(page, p, STYLE_TITLE);
	p = put_label(page_room(page), "owner");
	p = put_owner(p, s, &id->owner, NULL);
	if (id->owner.how && id->owner.tid != id->owner.pid)
		p = fmt_u64(FMT_LIT(p, " thread "), id->owner.tid);
	if (id->owner.how) {
		p = fmt_u64(FMT_LIT(p, ", uid "), id->owner.uid);
		p = fmt_str(FMT_LIT(p, ", known by "), owner_how_name(id->owner.how));
	}
	page_end(page, p, STYLE_PLAIN);
	if (!d->cgroup || !(p = page_room(page)))
		return;
	p = put_label(p, "cgroup");
	page_end(page, put_text(p, s, d->cgroup, strnlen(d->cgroup, 400)), STYLE_PLAIN);
}

static void add_state(struct page *page, const struct detail *d, const struct source *s)
{
	const struct conn *c = &d->conn;
	const struct rule *rule = d->gone ? NULL : stuck_by(s, c);
	char *p = page_room(page);
	__u64 stay = stay_ns(s, c);

	if (!p)
		return;
	p = put_label(p, "state");
	if (d->gone && c->state != ST_CLOSE)
		p = FMT_LIT(p, "gone, its end was not seen; last ");
	p = fmt_str(p, state_name(s->names, shown_state(c->state)));
	if (c->since_ns) {
		p = c->at_least ? FMT_LIT(p, " for at least ") : FMT_LIT(p, " for ");
		p = fmt_duration(p, stay);
	}
	if (rule)
		p = fmt_threshold(FMT_LIT(p, "  ! over "), rule->threshold_ns);
	if (!d->gone && c->small && c->until_ns > s->now_ns)
		p = FMT_LIT(fmt_duration(FMT_LIT(p, ", "), c->until_ns - s->now_ns), " to go");
	page_end(page, p, rule ? STYLE_STUCK : STYLE_STRONG);
}

static void add_roles(struct page *page, const struct conn *c)
{
	const char *open = role_name(ROLE_OPEN(c->roles)), *close = role_name(ROLE_CLOSE(c->roles));
	char *p = page_room(page);

	if (!p || c->state == ST_LISTEN)
		return;
	p = fmt_str(put_label(p, "open"), open ? open : "not known");
	p = fmt_str(FMT_LIT(p, ", close: "), close ? close : "none so far");
	page_end(page, p, STYLE_PLAIN);
}

/* Figures of the socket as it is, or as it was at its end. */
static void add_traffic(struct page *page, const struct detail *d)
{
	const struct row_sock *row = &d->row;
	struct sock_end now = {row->bytes_sent,	 row->bytes_received, 0,
			       row->retransmits, row->srtt_us,	      .facts = 0};
	const struct sock_end *e = d->ended ? &d->end : NULL;
	char *p = page_room(page);

	if (!e && d->conn.small)
		e = &d->conn.end;
	if (!e && d->have_row && row->kind == ROW_FULL && row->state != ST_LISTEN)
		e = &now;
	if (!p || !e || e->facts & END_NO_TCP)
		return;
	p = fmt_size(FMT_LIT(put_label(p, "bytes"), "sent "), e->bytes_sent);
	p = fmt_size(FMT_LIT(p, ", received "), e->bytes_received);
	p = fmt_u64(FMT_LIT(p, ", retransmits "), e->retransmits);
	if (e->srtt_us)
		p = fmt_duration(FMT_LIT(p, ", rtt "), e->srtt_us * 1000ULL);
	page_end(page, p, STYLE_PLAIN);
}

static char *put_bytes(char *p, __u32 n)
{
	return fmt_str(fmt_u64(p, n), n == 1 ? " byte" : " bytes");
}

static void add_queues(struct page *page, const struct detail *d)
{
	char *p = page_room(page);

	if (!p || !d->have_row || d->row.kind != ROW_FULL)
		return;
	p = put_label(p, "queues");
	if (d->row.state == ST_LISTEN) {
		p = fmt_u64(FMT_LIT(p, "connections to accept "), d->row.recv_q);
		p = fmt_u64(FMT_LIT(p, ", backlog "), d->row.send_q);
	} else {
		p = put_bytes(FMT_LIT(p, "to read "), d->row.recv_q);
		p = put_bytes(FMT_LIT(p, ", to send "), d->row.send_q);
	}
	page_end(page, p, STYLE_PLAIN);
}

static char *put_step(char *p, const struct life_step *step, const struct source *s,
		      struct fmt_clock *clock, __s64 mono_to_real_ns)
{
	const char *reason = reason_name(step->reason), *via = via_name(step->via);
	char text[64], *end = text;

	p = fmt_time_local(FMT_LIT(p, "  "), clock, (__s64)step->mono_ns + mono_to_real_ns);
	*p++ = ' ';
	if (step->first)
		*end++ = '-';
	else
		end = fmt_duration(step->at_least ? FMT_LIT(end, ">=") : end, step->dwell_ns);
	for (unsigned int n = end - text; n < 9; n++)
		*p++ = ' ';
	p = mempcpy(p, text, end - text);
	p = step->first ? FMT_LIT(p, "    ") : FMT_LIT(p, " in ");
	end = fmt_str(text, state_name(s->names, step->from));
	p = column_put(p, text, end - text, 0, 16);
	p = fmt_str(FMT_LIT(p, " -> "), state_name(s->names, step->to));
	if (reason)
		p = fmt_str(FMT_LIT(p, ", "), reason);
	return via ? FMT_LIT(fmt_str(FMT_LIT(p, "  ("), via), ")") : p;
}

static void add_life(struct page *page, const struct detail *d, const struct source *s,
		     __s64 mono_to_real_ns)
{
	struct fmt_clock clock = {0};

	page_add(page, "", STYLE_PLAIN);
	page_add(page, d->n_steps ? "Life" : "Life: nothing happened since the view began",
		 STYLE_TITLE);
	if (d->n_steps && d->cut)
		page_add(page, "  what was before is not known here", STYLE_DIM);
	for (unsigned int i = 0; i < d->n_steps; i++) {
		char *p = page_room(page);

		if (!p)
			return;
		page_end(page, put_step(p, &d->step[i], s, &clock, mono_to_real_ns), STYLE_PLAIN);
	}
}

static void add_holder(struct page *page, const struct holder *h, const struct source *s)
{
	char *p = page_room(page);

	if (!p)
		return;
	p = put_text(FMT_LIT(p, "  "), s, h->comm, strnlen(h->comm, COMM_LEN));
	*p++ = '/';
	p = fmt_u64(p, h->pid);
	if (h->tid && h->tid != h->pid)
		p = fmt_u64(FMT_LIT(p, " thread "), h->tid);
	p = fmt_u64(FMT_LIT(p, "  descriptor "), h->fd);
	page_end(page, p, STYLE_PLAIN);
}

static void add_holders(struct page *page, const struct detail *d, const struct source *s)
{
	char *p;

	page_add(page, "", STYLE_PLAIN);
	if (!d->have_holders) {
		p = page_room(page);
		if (!p)
			return;
		p = FMT_LIT(p, "Holders: not known");
		if (*d->why_no_holders)
			p = fmt_str(FMT_LIT(p, ", "), d->why_no_holders);
		page_end(page, p, STYLE_TITLE);
		return;
	}
	page_add(page, d->n_holders ? "Holders" : "Holders: no process has it", STYLE_TITLE);
	for (__u32 i = 0; i < d->n_holders && i < DETAIL_HOLDERS; i++)
		add_holder(page, &d->holder[i], s);
	p = page_room(page);
	if (d->n_holders > DETAIL_HOLDERS && p)
		page_end(page,
			 FMT_LIT(fmt_u64(FMT_LIT(p, "  and "), d->n_holders - DETAIL_HOLDERS),
				 " more"),
			 STYLE_DIM);
}

static void add_age(struct page *page, const struct detail *d, const struct source *s)
{
	char *p = page_room(page);

	if (!p || !d->read_ns)
		return;
	p = fmt_duration(FMT_LIT(p, "read from the kernel "),
			 s->now_ns > d->read_ns ? s->now_ns - d->read_ns : 0);
	page_end(page, FMT_LIT(p, " ago; r reads again"), STYLE_DIM);
}

void detail_page(struct page *p, const struct detail *d, const struct source *s,
		 __s64 mono_to_real_ns, unsigned int width)
{
	page_clear(p);
	add_who(p, d, s);
	add_state(p, d, s);
	add_roles(p, &d->conn);
	add_traffic(p, d);
	add_queues(p, d);
	if (d->diagnosis)
		page_wrap(p, d->diagnosis, STYLE_STRONG, width);
	add_life(p, d, s, mono_to_real_ns);
	add_holders(p, d, s);
	page_add(p, "", STYLE_PLAIN);
	add_age(p, d, s);
}
