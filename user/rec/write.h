/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files of a recording: made, filled with blocks, followed by the next one. */
#ifndef TCPDWELL_REC_WRITE_H
#define TCPDWELL_REC_WRITE_H

#include "rec/block.h"

struct writer_options {
	const char *path;      /* with rotation: of file n with ".n" behind */
	__u64 rotate_size;     /* bytes, 0: never */
	__u64 rotate_every_ns; /* 0: never */
	unsigned int keep;     /* files at most, 0: all */
	bool force;	       /* overwrite */
};

struct writer {
	struct writer_options o;
	struct packer packer;
	__u64 recording;
	__u32 index; /* of the file */
	__u32 blocks;
	__u64 size;  /* of the file so far */
	__u64 total; /* of all files */
	int fd;
	char path[4096];
};

/* Makes the first file.  0 or -errno; the message is out. */
int writer_open(struct writer *w, const struct writer_options *o);

/* One block, wholly or not at all.  0 or -errno; the message is out. */
int writer_block(struct writer *w, const struct codec *c);

/* The file ends; the next one begins.  0 or -errno; the message is out. */
int writer_rotate(struct writer *w);

/* 0 or -errno: not all is on the disk; the message is out. */
int writer_close(struct writer *w);

static inline bool writer_rotates(const struct writer *w)
{
	return w->o.rotate_size || w->o.rotate_every_ns;
}

#endif
