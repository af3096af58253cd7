/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files of a recording, event by event. */
#ifndef TCPDWELL_REC_READ_H
#define TCPDWELL_REC_READ_H

#include "rec/block.h"

struct rec_file {
	const char *path;
	int fd;
	__u32 index;
	__u64 size;
};

struct reader {
	struct rec_file *files; /* in their order */
	unsigned int n_files, at;
	struct codec *codec;
	struct unpacker unpacker;
	__u8 *bytes;	/* head and frame of the block */
	__u64 offset;	/* of the block that comes next */
	__u64 block_at; /* of the one that is being read */
	__u32 blocks;	/* of the file so far */
	__u64 done;	/* bytes of the files before this one */
	__u64 total;	/* bytes of all */
	__u64 recording;
	bool in_block;
	bool ended;   /* the file said that it ends ... */
	bool follows; /* ... and that another one follows */
	bool gap;     /* something is missing before this file */
	bool damaged; /* not all could be read; the message is out */
};

/* In any order.  0, -EINVAL for no recordings or not of one, or -errno; the message is out. */
int reader_open(struct reader *r, char *const *paths, unsigned int n);
void reader_close(struct reader *r);

/*
 * 1, or 0 at the end of all.  A file is read up to the first damage, which is
 * said (where, what), and after it the next file: see damaged and gap.
 */
int reader_next(struct reader *r, struct rec_event *e);

/* How far it is, from 0 to 1000. */
unsigned int reader_permille(const struct reader *r);

#endif
