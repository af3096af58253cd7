// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each kind of event is described once, by a function that writes it or, with
 * `w` false, reads it.  They are inlined with `w` known, so that there are two
 * of each, without a branch, that cannot differ.
 */
#include <errno.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "rec/codec.h"
#include "rec/format.h"

#define EITHER static inline __attribute__((always_inline))
#define COLUMNS_HEAD (1 + 4 * COLS)
#define CGROUP_PATH_MAX 4096

/* More than an event takes in one column. */
_Static_assert(EVENT_RAW_MAX > CGROUP_PATH_MAX + sizeof(struct rec_meta) + 1024, "codec");

/*
 * Values
 */

EITHER __u8 *put_varint(__u8 *p, __u64 v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = v | 0x80;
	*p++ = v;
	return p;
}

static __attribute__((noinline)) __u64 get_long(struct codec *c, enum column_no col)
{
	__u64 v = 0;

	for (int shift = 0; shift < 70; shift += 7) {
		__u8 byte;

		if (c->col[col].at == c->col[col].end)
			break;
		byte = *c->col[col].at++;
		v |= (__u64)(byte & 0x7f) << (shift & 63);
		if (byte < 0x80)
			return v;
	}
	c->bad = true;
	return 0;
}

EITHER __u64 get_varint(struct codec *c, enum column_no col)
{
	if (c->col[col].at < c->col[col].end && *c->col[col].at < 0x80)
		return *c->col[col].at++;
	return get_long(c, col);
}

EITHER void code(struct codec *c, enum column_no col, __u64 *v, bool w)
{
	if (w)
		c->col[col].at = put_varint(c->col[col].at, *v);
	else
		*v = get_varint(c, col);
}

/* As the difference from what is expected; the sum may wrap around. */
EITHER void code_near(struct codec *c, enum column_no col, __u64 *v, __u64 expected, bool w)
{
	__u64 diff = *v - expected;
	__u64 coded = diff << 1 ^ -(diff >> 63);

	code(c, col, &coded, w);
	if (!w)
		*v = expected + (coded >> 1 ^ -(coded & 1));
}

#define CODE(c, col, field, w)                       \
	do {                                         \
		__u64 v_ = (w) ? (__u64)(field) : 0; \
		code(c, col, &v_, w);                \
		if (!(w))                            \
			(field) = v_;                \
	} while (0)

#define CODE_NEAR(c, col, field, expected, w)                 \
	do {                                                  \
		__u64 v_ = (w) ? (__u64)(field) : 0;          \
		code_near(c, col, &v_, (__u64)(expected), w); \
		if (!(w))                                     \
			(field) = v_;                         \
	} while (0)

EITHER void code_bytes(struct codec *c, enum column_no col, void *bytes, size_t n, bool w)
{
	if (!w && (size_t)(c->col[col].end - c->col[col].at) < n) {
		c->bad = true;
		memset(bytes, 0, n);
		return;
	}
	if (w)
		memcpy(c->col[col].at, bytes, n);
	else
		memcpy(bytes, c->col[col].at, n);
	c->col[col].at += n;
}

/* A string with its NUL in so much room. */
EITHER void code_text(struct codec *c, char *text, size_t room, bool w)
{
	__u64 len = w ? strnlen(text, room - 1) : 0;

	code(c, COL_ROW, &len, w);
	if (len >= room) {
		c->bad = true;
		return;
	}
	code_bytes(c, COL_RAW, text, len, w);
	if (!w)
		text[len] = '\0';
}

EITHER void code_time(struct codec *c, __u64 *ns, bool w)
{
	code_near(c, COL_TIME, ns, c->last_ns, w);
	c->last_ns = *ns;
	if (w && !c->first_ns)
		c->first_ns = *ns;
}

/*
 * A value by its index, if the block had it before: true.  Else what it is
 * comes next, and has to be added.
 */
EITHER bool code_known(struct codec *c, enum column_no col, const struct dict *d, void *key, bool w)
{
	__u64 index = w ? dict_find(d, key) + 1 : 0;
	const void *found;

	code(c, col, &index, w);
	if (!index)
		return false;
	if (w)
		return true;
	found = dict_at(d, index - 1);
	if (found)
		memcpy(key, found, d->size);
	else
		c->bad = true;
	return true;
}

/*
 * Who and where
 */

EITHER void code_addr(struct codec *c, __u8 addr[16], bool w)
{
	if (code_known(c, COL_ADDR, &c->addrs, addr, w))
		return;
	code_bytes(c, COL_RAW, addr, 16, w);
	dict_add(&c->addrs, addr);
}

/* No path has a zero byte: those who do not know of pods read up to there. */
static void write_path(struct codec *c, __u64 id)
{
	const char *path = id && c->cgroup_path ? c->cgroup_path(id) : NULL;
	__u64 path_len = path ? strnlen(path, CGROUP_PATH_MAX) : 0;
	const char *pod = path && c->pod_of_path ? c->pod_of_path(path) : NULL;
	__u64 pod_len = pod ? strlen(pod) + 1 : 0;
	char end = 0;
	__u64 len;

	if (path_len + pod_len > CGROUP_PATH_MAX)
		pod_len = 0;
	len = path_len + pod_len;
	code(c, COL_NEW, &len, true);
	if (path_len)
		code_bytes(c, COL_RAW, (void *)path, path_len, true);
	if (pod_len) {
		code_bytes(c, COL_RAW, &end, 1, true);
		code_bytes(c, COL_RAW, (void *)pod, pod_len - 1, true);
	}
}

EITHER void code_path(struct codec *c, __u64 id, bool w)
{
	__u64 len;

	if (w) {
		write_path(c, id);
		return;
	}
	code(c, COL_NEW, &len, w);
	if (len > CGROUP_PATH_MAX || len > (__u64)(c->col[COL_RAW].end - c->col[COL_RAW].at)) {
		c->bad = true;
		return;
	}
	if (len && c->cgroup_is)
		c->cgroup_is(c->cgroup_ctx, id, (const char *)c->col[COL_RAW].at, len);
	c->col[COL_RAW].at += len;
}

EITHER void code_cgroup(struct codec *c, __u64 *id, bool w)
{
	if (code_known(c, COL_NEW, &c->cgroups, id, w))
		return;
	code(c, COL_NEW, id, w);
	code_path(c, *id, w);
	dict_add(&c->cgroups, id);
}

EITHER void code_comm(struct codec *c, char comm[COMM_LEN], bool w)
{
	if (code_known(c, COL_NEW, &c->comms, comm, w))
		return;
	code_bytes(c, COL_RAW, comm, COMM_LEN, w);
	dict_add(&c->comms, comm);
}

/* What many sockets have in common. */
struct who {
	struct sock_owner owner;
	__u64 cgroup;
	__u32 netns;
	__u8 family;
	__u8 mptcp;
	__u8 pad[2];
};

EITHER void code_who_new(struct codec *c, struct who *who, bool w)
{
	CODE(c, COL_NEW, who->owner.pid, w);
	CODE_NEAR(c, COL_NEW, who->owner.tid, who->owner.pid, w);
	CODE(c, COL_NEW, who->owner.uid, w);
	CODE(c, COL_NEW, who->owner.how, w);
	code_comm(c, who->owner.comm, w);
	code_cgroup(c, &who->cgroup, w);
	CODE(c, COL_NEW, who->netns, w);
	CODE(c, COL_NEW, who->family, w);
	CODE(c, COL_NEW, who->mptcp, w);
	dict_add(&c->who, who);
}

EITHER void code_who(struct codec *c, struct sock_ident *id, bool w)
{
	struct who who = {0};

	if (w) {
		who.owner = id->owner;
		memset(who.owner.pad, 0, sizeof(who.owner.pad));
		who.cgroup = id->cgroup;
		who.netns = id->netns;
		who.family = id->family;
		who.mptcp = id->mptcp;
	}
	if (!code_known(c, COL_WHO, &c->who, &who, w))
		code_who_new(c, &who, w);
	if (w)
		return;
	id->owner = who.owner;
	id->cgroup = who.cgroup;
	id->netns = who.netns;
	id->family = who.family;
	id->mptcp = who.mptcp;
}

EITHER void code_ident(struct codec *c, struct sock_ident *id, __u16 lport, __u64 born_ns, bool w)
{
	code_who(c, id, w);
	code_addr(c, id->laddr, w);
	code_addr(c, id->raddr, w);
	CODE_NEAR(c, COL_PORT, id->lport, lport, w);
	CODE(c, COL_PORT, id->rport, w);
	code_near(c, COL_BORN, &id->born_ns, born_ns, w);
}

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
	code_text(c, m->kernel, sizeof(m->kernel), w);
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

union shape {
	__u8 b[8];
	__u64 key;
};

static union shape shape_of(unsigned int kind, const void *body)
{
	union shape s = {.b = {kind}};

	if (kind <= REC_OPEN_END) {
		const struct rec_step *r = body;

		memcpy(s.b + 1, (__u8[]){r->from, r->to, r->flags, r->roles}, 4);
	} else if (kind == REC_SMALL) {
		const struct rec_small *r = body;

		memcpy(s.b + 1, (__u8[]){r->what, r->substate, r->via}, 3);
	} else if (kind == REC_REQUEST) {
		const struct rec_request *r = body;

		memcpy(s.b + 1, (__u8[]){r->what, r->family, r->retransmits}, 3);
	} else if (kind == EV_ROW) {
		const struct row_sock *r = body;

		memcpy(s.b + 1, (__u8[]){r->kind, r->state, r->roles, r->flags}, 4);
	}
	return s;
}

/* The event that has this shape, all else 0. */
static void shape_to(const __u8 b[8], struct rec_event *e)
{
	static const size_t sizes[] = {
		[REC_STEP] = sizeof(e->step),	[REC_OPEN] = sizeof(e->open),
		[REC_END] = sizeof(e->end),	[REC_OPEN_END] = sizeof(e->open_end),
		[REC_SMALL] = sizeof(e->small), [REC_REQUEST] = sizeof(e->request),
		[REC_OWNER] = sizeof(e->owner), [EV_ROW] = sizeof(e->row),
		[EV_META] = sizeof(e->meta),	[EV_NETNS] = sizeof(e->netns),
	};
	size_t size = b[0] <= EV_NETNS ? sizes[b[0]] : sizeof(e->at);

	e->kind = b[0];
	memset(&e->step, 0, size);
	if (b[0] <= REC_OPEN_END) {
		e->step.kind = b[0];
		e->step.from = b[1];
		e->step.to = b[2];
		e->step.flags = b[3];
		e->step.roles = b[4];
	} else if (b[0] == REC_SMALL) {
		e->small.kind = b[0];
		e->small.what = b[1];
		e->small.substate = b[2];
		e->small.via = b[3];
	} else if (b[0] == REC_REQUEST) {
		e->request.kind = b[0];
		e->request.what = b[1];
		e->request.family = b[2];
		e->request.retransmits = b[3];
	} else if (b[0] == REC_OWNER) {
		e->owner.kind = b[0];
	} else if (b[0] == EV_ROW) {
		e->row.kind = b[1];
		e->row.state = b[2];
		e->row.roles = b[3];
		e->row.flags = b[4];
	}
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
 * Blocks
 */

int codec_init(struct codec *c, bool writing)
{
	int err;

	memset(c, 0, sizeof(*c));
	err = dict_init(&c->shapes, sizeof(union shape), writing);
	if (!err)
		err = dict_init(&c->addrs, 16, writing);
	if (!err)
		err = dict_init(&c->who, sizeof(struct who), writing);
	if (!err)
		err = dict_init(&c->comms, COMM_LEN, writing);
	if (!err)
		err = dict_init(&c->cgroups, sizeof(__u64), writing);
	if (!err && writing) {
		c->memory = malloc((size_t)COLS * BLOCK_RAW_MAX);
		err = c->memory ? 0 : -ENOMEM;
	}
	if (err)
		codec_free(c);
	return err;
}

void codec_free(struct codec *c)
{
	free(c->memory);
	c->memory = NULL;
	dict_free(&c->shapes);
	dict_free(&c->addrs);
	dict_free(&c->who);
	dict_free(&c->comms);
	dict_free(&c->cgroups);
}

static void forget(struct codec *c)
{
	memset(c->last, 0, (c->shapes.n + 1) * sizeof(*c->last));
	memset(&c->last[DICT_MAX], 0, sizeof(*c->last));
	memset(c->seen, 0, sizeof(c->seen));
	dict_clear(&c->shapes);
	dict_clear(&c->addrs);
	dict_clear(&c->who);
	dict_clear(&c->comms);
	dict_clear(&c->cgroups);
	c->first_ns = c->last_ns = 0;
	c->events = 0;
	c->transitions = 0;
	c->bad = false;
}

void codec_begin(struct codec *c)
{
	forget(c);
	for (int i = 0; i < COLS; i++)
		c->col[i].base = c->col[i].at = c->memory + (size_t)i * BLOCK_RAW_MAX;
}

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

size_t codec_size(const struct codec *c)
{
	size_t size = COLUMNS_HEAD;

	for (int i = 0; i < COLS; i++)
		size += c->col[i].at - c->col[i].base;
	return size;
}

void codec_pack(const struct codec *c, __u8 *to)
{
	*to++ = COLS;
	for (int i = 0; i < COLS; i++) {
		__u32 len = htole32(c->col[i].at - c->col[i].base);

		memcpy(to, &len, sizeof(len));
		to += sizeof(len);
	}
	for (int i = 0; i < COLS; i++)
		to = mempcpy(to, c->col[i].base, c->col[i].at - c->col[i].base);
}

int codec_open(struct codec *c, __u8 *raw, size_t size)
{
	__u8 *lens = raw + 1, *at = raw + COLUMNS_HEAD;
	size_t left;

	if (size < COLUMNS_HEAD || *raw != COLS)
		return -EBADMSG;
	left = size - COLUMNS_HEAD;
	forget(c);
	for (int i = 0; i < COLS; i++) {
		__u32 len;

		memcpy(&len, lens + 4 * i, sizeof(len));
		len = le32toh(len);
		if (len > left)
			return -EBADMSG;
		c->col[i].base = c->col[i].at = at;
		at += len;
		c->col[i].end = at;
		left -= len;
	}
	return left ? -EBADMSG : 0;
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
