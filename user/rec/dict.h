/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The values of a block so far, each with an index.  The writer looks for values, the reader for
 * indices. */
#ifndef TCPDWELL_REC_DICT_H
#define TCPDWELL_REC_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* What comes after so many is written out each time. */
#define DICT_MAX 8192
#define DICT_NONE ((__u32)-1)

struct dict {
	__u8 *keys;
	__u16 *slot; /* writer only: index + 1 by hash */
	__u32 n;
	__u32 size; /* of a value, a multiple of 8 */
};

/* 0 or -ENOMEM. */
int dict_init(struct dict *d, size_t size, bool find);
void dict_free(struct dict *d);
void dict_clear(struct dict *d);

/* DICT_NONE when it is not there. */
__u32 dict_find(const struct dict *d, const void *key);
void dict_add(struct dict *d, const void *key);

/* NULL when there is none. */
const void *dict_at(const struct dict *d, __u64 index);

#endif
