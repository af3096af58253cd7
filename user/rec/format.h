/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The file format of a recording.
 *
 * What is recorded is what the model was fed with: records of the ring buffer,
 * rows of the iterators, the times at which something was due, losses.  Fed with
 * the same again, the model tells the same again.
 *
 * A recording is one file, or by rotation several: file 1, 2, ...  A file is a
 * struct file_head and then blocks, each a struct block_head and one frame of
 * zstd.  All integers are little-endian.
 *
 * A block can be read without any other: its times and cookies are differences
 * from earlier ones of the same block, its dictionaries begin empty.  Its content
 * is a number of columns, one for each kind of value, so that like stands by like:
 *
 *	u8 number of columns, u32 length of each, then their bytes
 *
 * The first column says what comes: each event has a shape (kind, states, flags,
 * ...: 8 bytes), given as an index into the shapes of the block so far.  What else
 * an event has is listed once, for both directions, in codec.c.  A number is a
 * varint (7 bits a byte, least first; the top bit: more follow), a signed one with
 * its sign in the lowest bit.  An index of 0 is followed by the new entry itself.
 *
 * Each file of a recording but the first begins with a snapshot: a row for each
 * connection that was known.  Read after its predecessor it is passed over; read as
 * the first, or after a gap, it is where the reader starts from.
 *
 * Rows that tell the model nothing new are left out.  In their place stand the
 * connections that a resync did not meet.
 */
#ifndef TCPDWELL_REC_FORMAT_H
#define TCPDWELL_REC_FORMAT_H

#include <linux/types.h>

/* A transfer that takes it for text shows in the first bytes, as with PNG. */
#define FILE_MAGIC "\x89TDW\r\n\x1a\n"
#define FILE_VERSION 1
#define BLOCK_MAGIC 0x6b426474U /* "tdBk" */

/* A block is closed when its columns have so many bytes; one event more may still fit. */
#define BLOCK_RAW (512U << 10)
#define EVENT_RAW_MAX (16U << 10)
#define BLOCK_RAW_MAX (BLOCK_RAW + EVENT_RAW_MAX + 4096)

struct file_head {
	__u8 magic[8];
	__u16 version; /* raised when an older reader would misread */
	__u16 size;    /* of this head */
	__u32 crc;     /* of the head, with 0 here */
	__u64 recording;
	__u32 index; /* of the file in its recording, from 1 */
	__u32 pad;
};

struct block_head {
	__u32 magic;
	__u32 crc;   /* CRC-32 of the rest of the head and of the frame */
	__u32 size;  /* of the frame */
	__u32 raw;   /* of its content */
	__u32 index; /* of the block in its file, from 0 */
	__u32 transitions;
	__u64 first_ns; /* times of its events, CLOCK_MONOTONIC */
	__u64 last_ns;
};

_Static_assert(sizeof(struct file_head) == 32, "format");
_Static_assert(sizeof(struct block_head) == 40, "format");

#endif
