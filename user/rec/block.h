/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Heads and frames: columns to bytes of a file, and back. */
#ifndef TCPDWELL_REC_BLOCK_H
#define TCPDWELL_REC_BLOCK_H

#include <stdio.h>

#include "rec/codec.h"
#include "rec/format.h"

struct packer {
	void *zstd;
	__u8 *raw;
	__u8 *out; /* head and frame */
};

/* 0 or -ENOMEM. */
int packer_init(struct packer *p);
void packer_free(struct packer *p);

/* What the codec has, as a block in p->out: its size, or -errno. */
ssize_t packer_block(struct packer *p, const struct codec *c, __u32 index);

/* The bytes of a head. */
void file_head_put(__u8 to[sizeof(struct file_head)], __u64 recording, __u32 index);

/* From bytes; what is wrong with them, or NULL. */
const char *file_head_get(struct file_head *h, const __u8 *bytes, size_t size);

/* The head alone; the frame is checked with it by unpacker_block(). */
const char *block_head_get(struct block_head *h, const __u8 bytes[sizeof(struct block_head)]);

struct unpacker {
	void *zstd;
	__u8 *raw;
};

/* 0 or -ENOMEM. */
int unpacker_init(struct unpacker *u);
void unpacker_free(struct unpacker *u);

/* A head's bytes with its frame behind, to the codec; what is wrong with them, or NULL. */
const char *unpacker_block(struct unpacker *u, const struct block_head *h, const __u8 *bytes,
			   struct codec *c);

#endif
