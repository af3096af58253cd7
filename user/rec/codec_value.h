/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Values in the columns of a block.  Each kind of thing is described once, by a
 * function that writes it or, with `w` false, reads it.  They are inlined with
 * `w` known, so that there are two of each, without a branch, that cannot differ.
 */
#ifndef TCPDWELL_REC_CODEC_VALUE_H
#define TCPDWELL_REC_CODEC_VALUE_H

#include <string.h>

#include "rec/codec.h"

#define EITHER static inline __attribute__((always_inline))

EITHER __u8 *put_varint(__u8 *p, __u64 v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = v | 0x80;
	*p++ = v;
	return p;
}

static __attribute__((noinline, unused)) __u64 get_long(struct codec *c, enum column_no col)
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

#endif
