// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "rec/block.h"

#define LEVEL 3
#define HEAD sizeof(struct block_head)
#define CRC_AT offsetof(struct block_head, crc)

/*
 * Writing
 */

int packer_init(struct packer *p)
{
	p->zstd = ZSTD_createCCtx();
	p->raw = malloc(BLOCK_RAW_MAX);
	p->out = malloc(HEAD + ZSTD_compressBound(BLOCK_RAW_MAX));
	if (p->zstd && p->raw && p->out)
		return 0;
	packer_free(p);
	return -ENOMEM;
}

void packer_free(struct packer *p)
{
	ZSTD_freeCCtx(p->zstd);
	free(p->raw);
	free(p->out);
	memset(p, 0, sizeof(*p));
}

ssize_t packer_block(struct packer *p, const struct codec *c, __u32 index)
{
	size_t raw = codec_size(c);
	struct block_head h = {
		.magic = htole32(BLOCK_MAGIC),
		.raw = htole32(raw),
		.index = htole32(index),
		.transitions = htole32(c->transitions),
		.first_ns = htole64(c->first_ns),
		.last_ns = htole64(c->last_ns),
	};
	size_t size;

	if (raw > BLOCK_RAW_MAX)
		return -EOVERFLOW;
	codec_pack(c, p->raw);
	size = ZSTD_compressCCtx(p->zstd, p->out + HEAD, ZSTD_compressBound(BLOCK_RAW_MAX), p->raw,
				 raw, LEVEL);
	if (ZSTD_isError(size))
		return -ENOMEM;
	h.size = htole32(size);
	memcpy(p->out, &h, HEAD);
	h.crc = htole32(crc32(0, p->out + CRC_AT + 4, HEAD - CRC_AT - 4 + size));
	memcpy(p->out, &h, HEAD);
	return HEAD + size;
}

void file_head_put(__u8 to[sizeof(struct file_head)], __u64 recording, __u32 index)
{
	struct file_head h = {
		.magic = FILE_MAGIC,
		.version = htole16(FILE_VERSION),
		.size = htole16(sizeof(h)),
		.recording = htole64(recording),
		.index = htole32(index),
	};

	h.crc = htole32(crc32(0, (const Bytef *)&h, sizeof(h)));
	memcpy(to, &h, sizeof(h));
}

/*
 * Reading
 */

const char *file_head_get(struct file_head *h, const __u8 *bytes, size_t size)
{
	__u32 crc;

	memset(h, 0, sizeof(*h));
	memcpy(h, bytes, size < sizeof(*h) ? size : sizeof(*h));
	if (memcmp(h->magic, FILE_MAGIC, sizeof(h->magic)))
		return "not a recording of tcpdwell";
	if (size < sizeof(*h))
		return "cut off in its head";
	if (le16toh(h->version) > FILE_VERSION)
		return "made by a newer tcpdwell, whose format this one does not know";
	crc = le32toh(h->crc);
	h->crc = 0;
	if (crc != crc32(0, (const Bytef *)h, sizeof(*h)) || le16toh(h->version) != FILE_VERSION ||
	    le16toh(h->size) != sizeof(*h))
		return "damaged in its head";
	h->recording = le64toh(h->recording);
	h->index = le32toh(h->index);
	return NULL;
}

const char *block_head_get(struct block_head *h, const __u8 bytes[sizeof(struct block_head)])
{
	memcpy(h, bytes, sizeof(*h));
	h->magic = le32toh(h->magic);
	h->crc = le32toh(h->crc);
	h->size = le32toh(h->size);
	h->raw = le32toh(h->raw);
	h->index = le32toh(h->index);
	h->transitions = le32toh(h->transitions);
	h->first_ns = le64toh(h->first_ns);
	h->last_ns = le64toh(h->last_ns);
	if (h->magic != BLOCK_MAGIC)
		return "no block where one should begin";
	if (h->raw > BLOCK_RAW_MAX || h->size > ZSTD_compressBound(BLOCK_RAW_MAX))
		return "a block of impossible size";
	return NULL;
}

int unpacker_init(struct unpacker *u)
{
	u->zstd = ZSTD_createDCtx();
	u->raw = malloc(BLOCK_RAW_MAX);
	if (u->zstd && u->raw)
		return 0;
	unpacker_free(u);
	return -ENOMEM;
}

void unpacker_free(struct unpacker *u)
{
	ZSTD_freeDCtx(u->zstd);
	free(u->raw);
	memset(u, 0, sizeof(*u));
}

const char *unpacker_block(struct unpacker *u, const struct block_head *h, const __u8 *bytes,
			   struct codec *c)
{
	size_t n;

	if (crc32(0, bytes + CRC_AT + 4, HEAD - CRC_AT - 4 + h->size) != h->crc)
		return "a block whose checksum does not fit";
	n = ZSTD_decompressDCtx(u->zstd, u->raw, h->raw, bytes + HEAD, h->size);
	if (ZSTD_isError(n) || n != h->raw || codec_open(c, u->raw, n))
		return "a block that makes no sense";
	return NULL;
}
