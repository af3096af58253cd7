// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Events, each kind described once: see codec_value.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rec/codec.h"
#include "rec/codec_who.h"
#include "rec/shape.h"

/*
 * Records
 */

EITHER void code_end(struct codec *c, struct sock_end *e, __u64 age_ns, bool w)
{
	code_near(c, COL_AGE, &e->age_ns, age_ns, w);
	code(c, COL_BYTES, &e->bytes_sent, w);
	code(c, COL_BYTES, &e->bytes_received, w);
	CODE(c, COL_RTT, e->srtt_us, w);
	CODE(c, COL_MISC, e->retransmits, w);
	CODE(c, COL_MISC, e->sk_err, w);
	CODE(c, COL_MISC, e->facts, w);
}

EITHER void code_cookie(struct codec *c, __u64 *cookie, __u32 shape, bool w)
{
	code_near(c, COL_COOKIE, cookie, c->last[shape].cookie, w);
	c->last[shape].cookie = *cookie;
}

EITHER struct seen_conn *seen_of(struct codec *c, __u64 cookie)
{
	struct seen_conn *seen = &c->seen[cookie & (SEEN_CONNS - 1)];

	if (seen->cookie != cookie)
		*seen = (struct seen_conn){.cookie = cookie};
	return seen;
}

EITHER struct sock_ident *ident_of(struct rec_step *s)
{
	return s->kind & REC_OPEN ? &((struct rec_open *)s)->ident : NULL;
}

EITHER struct sock_end *end_of(struct rec_step *s)
{
	if (s->kind == REC_OPEN_END)
		return &((struct rec_open_end *)s)->end;
	return s->kind == REC_END ? &((struct rec_end *)s)->end : NULL;
}

EITHER void code_step(struct codec *c, struct rec_step *s, __u32 shape, bool w)
{
	struct sock_ident *id = ident_of(s);
	struct sock_end *end = end_of(s);
	struct seen_conn *seen;

	code_cookie(c, &s->cookie, shape, w);
	code_time(c, &s->mono_ns, w);
	seen = seen_of(c, s->cookie);
	code_near(c, COL_DWELL, &s->dwell_ns, seen->since_ns ? s->mono_ns - seen->since_ns : 0, w);
	CODE_NEAR(c, COL_PORT, s->lport, seen->lport, w);
	if (id) {
		code_ident(c, id, s->lport, seen->born_ns ? seen->born_ns : s->mono_ns, w);
		seen->born_ns = id->born_ns;
	}
	if (end)
		code_end(c, end, seen->born_ns ? s->mono_ns - seen->born_ns : 0, w);
	seen->since_ns = s->mono_ns;
	seen->lport = s->lport;
	c->transitions++;
}

EITHER void code_small(struct codec *c, struct rec_small *s, __u32 shape, bool w)
{
	code_cookie(c, &s->cookie, shape, w);
	code_time(c, &s->mono_ns, w);
	CODE_NEAR(c, COL_LEFT, s->left_ns, c->last[shape].left_ns, w);
	c->last[shape].left_ns = s->left_ns;
	CODE(c, COL_LEFT, s->wheel_us, w);
}

EITHER void code_request(struct codec *c, struct rec_request *r, bool w)
{
	code_time(c, &r->mono_ns, w);
	CODE(c, COL_ROW, r->netns, w);
	code_addr(c, r->laddr, w);
	code_addr(c, r->raddr, w);
	CODE(c, COL_PORT, r->lport, w);
	CODE(c, COL_PORT, r->rport, w);
}

EITHER void code_owner(struct codec *c, struct rec_owner *r, __u32 shape, bool w)
{
	struct sock_ident id = {.owner = r->owner};

	code_cookie(c, &r->cookie, shape, w);
	code_who(c, &id, w);
	if (!w)
		r->owner = id.owner;
}

/*
 * The rest
 */

EITHER void code_row(struct codec *c, struct row_sock *r, __u32 shape, bool w)
{
	code_cookie(c, &r->cookie, shape, w);
	code_time(c, &r->mono_ns, w);
	code_near(c, COL_DWELL, &r->since_ns, r->mono_ns, w);
	CODE_NEAR(c, COL_LEFT, r->left_ns, c->last[shape].left_ns, w);
	c->last[shape].left_ns = r->left_ns;
	CODE(c, COL_ROW, r->ino, w);
	CODE(c, COL_ROW, r->last_rx_ns, w);
	CODE(c, COL_ROW, r->last_tx_ns, w);
	CODE(c, COL_ROW, r->recv_q, w);
	CODE(c, COL_ROW, r->send_q, w);
	CODE(c, COL_ROW, r->unread, w);
	CODE(c, COL_ROW, r->retransmits, w);
	CODE(c, COL_ROW, r->bytes_sent, w);
	CODE(c, COL_ROW, r->bytes_received, w);
	CODE(c, COL_ROW, r->srtt_us, w);
	CODE(c, COL_ROW, r->uid, w);
	code_ident(c, &r->ident, 0, r->since_ns, w);
}

/* Behind the kernel's release and a zero byte: those who do not know of hosts read up to there. */
static __u64 join_host(char *both, size_t room, const struct rec_meta *m)
{
	size_t len = strnlen(m->kernel, sizeof(m->kernel) - 1);
	size_t more = strnlen(m->host, sizeof(m->host) - 1);

	memcpy(both, m->kernel, len);
	if (!more || len + 1 + more >= room)
		return len;
	memcpy(both + len + 1, m->host, more);
	return len + 1 + more;
}

EITHER void code_kernel(struct codec *c, struct rec_meta *m, bool w)
{
	char both[sizeof(m->kernel)] = "";
	__u64 len = w ? join_host(both, sizeof(both), m) : 0;

	code(c, COL_ROW, &len, w);
	if (len >= sizeof(both)) {
		c->bad = true;
		return;
	}
	code_bytes(c, COL_RAW, both, len, w);
	if (w)
		return;
	memset(m->kernel, 0, sizeof(m->kernel));
	strcpy(m->kernel, both);
	snprintf(m->host, sizeof(m->host), "%s", strlen(both) < len ? both + strlen(both) + 1 : "");
}

EITHER void code_meta(struct codec *c, struct rec_meta *m, bool w)
{
	CODE_NEAR(c, COL_ROW, m->mono_to_real_ns, 0, w);
	CODE(c, COL_ROW, m->start_ns, w);
	CODE(c, COL_ROW, m->jiffy_ns, w);
	CODE(c, COL_ROW, m->rules, w);
	CODE(c, COL_ROW, m->n_netns, w);
	CODE(c, COL_ROW, m->small_source, w);
	CODE(c, COL_ROW, m->half_open, w);
	code_text(c, m->version, sizeof(m->version), w);
	code_kernel(c, m, w);
	code_text(c, m->tier, sizeof(m->tier), w);
	code_text(c, m->tier_reason, sizeof(m->tier_reason), w);
	code_text(c, m->filter, sizeof(m->filter), w);
}

EITHER void code_at(struct codec *c, struct rec_at *at, __u32 shape, bool w)
{
	code_time(c, &at->now_ns, w);
	code_near(c, COL_ROW, &at->value, c->last[shape].cookie, w);
	c->last[shape].cookie = at->value;
	code_near(c, COL_ROW, &at->value2, c->last[shape].left_ns, w);
	c->last[shape].left_ns = at->value2;
}

EITHER void code_body(struct codec *c, unsigned int kind, void *body, __u32 shape, bool w)
{
	switch (kind) {
	case REC_STEP:
	case REC_OPEN:
	case REC_END:
	case REC_OPEN_END:
		code_step(c, body, shape, w);
		break;
	case REC_SMALL:
		code_small(c, body, shape, w);
		break;
	case REC_REQUEST:
		code_request(c, body, w);
		break;
	case REC_OWNER:
		code_owner(c, body, shape, w);
		break;
	case EV_ROW:
		code_row(c, body, shape, w);
		break;
	case EV_META:
		code_meta(c, body, w);
		break;
	case EV_NETNS:
		CODE(c, COL_ROW, ((struct rec_netns *)body)->ino, w);
		code_text(c, ((struct rec_netns *)body)->name, REC_NAME_MAX, w);
		break;
	default:
		code_at(c, body, shape, w);
	}
	c->events++;
}

/*
 * Any of them
 */

/* Shapes beyond what the dictionary keeps share one memory of the last. */
static __u32 new_shape(struct codec *c, const void *key)
{
	__u32 index = c->shapes.n;

	dict_add(&c->shapes, key);
	return index;
}

void codec_put(struct codec *c, unsigned int kind, const void *body)
{
	union shape s = shape_of(kind, body);
	__u32 shape = dict_find(&c->shapes, &s);
	__u64 index = shape + 1;

	code(c, COL_SHAPE, &index, true);
	if (shape == DICT_NONE) {
		code_bytes(c, COL_NEW, s.b, sizeof(s.b), true);
		shape = new_shape(c, &s);
	}
	code_body(c, kind, (void *)body, shape, true);
}

static bool at_end(const struct codec *c)
{
	return c->col[COL_SHAPE].at == c->col[COL_SHAPE].end;
}

/* What is left over in a column that no event asked for. */
static bool rests(const struct codec *c)
{
	for (int i = 0; i < COLS; i++)
		if (c->col[i].at != c->col[i].end)
			return true;
	return false;
}

int codec_get(struct codec *c, struct rec_event *e)
{
	__u64 index;
	__u32 shape;
	const __u8 *b;

	if (at_end(c))
		return rests(c) ? -EBADMSG : 0;
	index = get_varint(c, COL_SHAPE);
	if (index) {
		shape = index - 1;
		b = dict_at(&c->shapes, index - 1);
	} else {
		union shape s;

		code_bytes(c, COL_NEW, s.b, sizeof(s.b), false);
		shape = new_shape(c, &s);
		b = c->bad ? NULL : s.b;
		if (b)
			shape_to(b, e);
	}
	if (!b)
		return -EBADMSG;
	if (index)
		shape_to(b, e);
	code_body(c, e->kind, &e->step, shape, false);
	return !c->bad && rec_event_ok(e) ? 1 : -EBADMSG;
}
