// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A block: memory for its columns and dictionaries, and its outer form. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rec/codec.h"
#include "rec/codec_who.h"
#include "rec/format.h"
#include "rec/shape.h"

#define COLUMNS_HEAD (1 + 4 * COLS)

/* More than an event takes in one column. */
_Static_assert(EVENT_RAW_MAX > CGROUP_PATH_MAX + sizeof(struct rec_meta) + 1024, "codec");

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
