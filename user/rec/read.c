// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "rec/read.h"
#include "util/files.h"
#include "util/log.h"

#define HEAD sizeof(struct block_head)

/* Bytes that were there, or -errno. */
static ssize_t read_at(int fd, void *to, size_t n, __u64 offset)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = pread(fd, (char *)to + have, n - have, offset + have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		have += got;
	}
	return have;
}

static int open_file(struct rec_file *f, const char *path)
{
	struct stat st;

	f->path = path;
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &st)) {
		int err = -errno;

		warn_line("%s: %s", path, files_strerror(-err));
		return err;
	}
	if (!S_ISREG(st.st_mode)) {
		warn_line("%s: not a file", path);
		return -EINVAL;
	}
	f->size = st.st_size;
	return 0;
}

static int open_recording(struct reader *r, struct rec_file *f, const char *path)
{
	__u8 bytes[sizeof(struct file_head)];
	struct file_head head;
	const char *wrong;
	int err = open_file(f, path);
	ssize_t n;

	if (err)
		return err;
	n = read_at(f->fd, bytes, sizeof(bytes), 0);
	if (n < 0) {
		warn_line("%s: %s", path, strerror((int)-n));
		return n;
	}
	wrong = file_head_get(&head, bytes, n);
	if (wrong) {
		warn_line("%s: %s", path, wrong);
		return -EINVAL;
	}
	if (r->n_files > 1 && r->recording != head.recording) {
		warn_line("%s belongs to another recording than %s", path, r->files[0].path);
		return -EINVAL;
	}
	r->recording = head.recording;
	f->index = head.index;
	r->total += f->size;
	return 0;
}

static int by_index(const void *a, const void *b)
{
	__u32 ia = ((const struct rec_file *)a)->index, ib = ((const struct rec_file *)b)->index;

	return (ia > ib) - (ia < ib);
}

/* A shell sorts names, which is not always the order of the numbers in them. */
static int sort_files(struct reader *r)
{
	qsort(r->files, r->n_files, sizeof(*r->files), by_index);
	for (unsigned int i = 1; i < r->n_files; i++) {
		if (r->files[i].index != r->files[i - 1].index)
			continue;
		warn_line("%s and %s are the same file of their recording", r->files[i - 1].path,
			  r->files[i].path);
		return -EINVAL;
	}
	return 0;
}

int reader_open(struct reader *r, char *const *paths, unsigned int n)
{
	int err = 0;

	memset(r, 0, sizeof(*r));
	r->files = calloc(n, sizeof(*r->files));
	r->codec = malloc(sizeof(*r->codec));
	r->bytes = malloc(HEAD + ZSTD_compressBound(BLOCK_RAW_MAX));
	if (!r->files || !r->codec || !r->bytes || codec_init(r->codec, false)) {
		warn_line("out of memory");
		free(r->codec);
		r->codec = NULL;
		return -ENOMEM;
	}
	if (unpacker_init(&r->unpacker))
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < n; i++) {
		r->n_files++;
		err = open_recording(r, &r->files[i], paths[i]);
	}
	if (!err)
		err = sort_files(r);
	r->offset = sizeof(struct file_head);
	return err;
}

void reader_close(struct reader *r)
{
	for (unsigned int i = 0; i < r->n_files; i++)
		if (r->files[i].fd >= 0)
			close(r->files[i].fd);
	if (r->codec)
		codec_free(r->codec);
	free(r->codec);
	free(r->bytes);
	free(r->files);
	unpacker_free(&r->unpacker);
	memset(r, 0, sizeof(*r));
}

/* What is left of the file can't be read. */
static int give_up(struct reader *r, const char *wrong)
{
	warn_line("%s: %s at byte %llu; what comes before it was read", r->files[r->at].path, wrong,
		  r->block_at);
	r->damaged = true;
	return 0;
}

/* 1, or 0 when the file has no more that can be read. */
static int next_block(struct reader *r)
{
	const struct rec_file *f = &r->files[r->at];
	struct block_head head;
	const char *wrong;
	ssize_t n;

	r->block_at = r->offset;
	n = read_at(f->fd, r->bytes, HEAD, r->offset);
	if (!n)
		return 0;
	if (n < (ssize_t)HEAD)
		return give_up(r, n < 0 ? strerror((int)-n) : "a block that is cut off");
	wrong = block_head_get(&head, r->bytes);
	if (wrong)
		return give_up(r, wrong);
	n = read_at(f->fd, r->bytes + HEAD, head.size, r->offset + HEAD);
	if (n < (ssize_t)head.size)
		return give_up(r, n < 0 ? strerror((int)-n) : "a block that is cut off");
	wrong = unpacker_block(&r->unpacker, &head, r->bytes, r->codec);
	if (!wrong && head.index != r->blocks)
		wrong = "a block that belongs elsewhere";
	if (wrong)
		return give_up(r, wrong);
	r->blocks++;
	r->offset += HEAD + head.size;
	return 1;
}

/* The file is read: whether another one follows. */
static bool next_file(struct reader *r)
{
	const struct rec_file *f = &r->files[r->at], *next = f + 1;
	bool last = r->at + 1 == r->n_files;
	bool next_is_here = !last && next->index == f->index + 1;

	if (!r->ended && r->offset == f->size)
		warn_line("%s: the recorder was stopped before it could end it", f->path);
	if (r->follows && !last && !next_is_here)
		warn_line("%s: the file after it is missing", f->path);
	r->gap = !r->follows || !next_is_here;
	r->ended = r->follows = r->in_block = false;
	r->done += f->size;
	r->offset = sizeof(struct file_head);
	r->blocks = 0;
	r->at++;
	return !last;
}

static void note_end(struct reader *r, const struct rec_event *e)
{
	if (e->kind != EV_END)
		return;
	r->ended = true;
	r->follows = e->at.more;
}

int reader_next(struct reader *r, struct rec_event *e)
{
	while (r->at < r->n_files) {
		int n;

		if (!r->in_block) {
			r->in_block = next_block(r) > 0;
			if (!r->in_block && !next_file(r))
				return 0;
			continue;
		}
		n = codec_get(r->codec, e);
		if (n > 0) {
			note_end(r, e);
			return 1;
		}
		r->in_block = false;
		if (n < 0) {
			give_up(r, "a block with something in it that makes no sense");
			if (!next_file(r))
				return 0;
		}
	}
	return 0;
}

unsigned int reader_permille(const struct reader *r)
{
	return r->total ? (r->done + r->offset) * 1000 / r->total : 0;
}
