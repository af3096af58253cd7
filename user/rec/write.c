// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rec/write.h"
#include "util/files.h"
#include "util/log.h"

static int name_file(const struct writer *w, __u32 index, char *path, size_t room)
{
	int n;

	if (writer_rotates(w))
		n = snprintf(path, room, "%s.%04u", w->o.path, index);
	else
		n = snprintf(path, room, "%s", w->o.path);
	return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
}

/* 0 or -errno. */
static int write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= done;
	}
	return 0;
}

/* To be overwritten: a recording, and nothing else. */
static bool is_recording(const char *path)
{
	struct file_head h;
	__u8 bytes[sizeof(h)];
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		n = read(fd, bytes, sizeof(bytes));
	close(fd);
	return n == 0 ||
	       (n >= (ssize_t)sizeof(h.magic) && !memcmp(bytes, FILE_MAGIC, sizeof(h.magic)));
}

/* 0, or -EEXIST: it is there, and stays. */
static int clear_path(const struct writer *w, const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return 0;
	if (!is_recording(path)) {
		warn_line("%s is there already, and not a recording: it is not overwritten", path);
		return -EEXIST;
	}
	if (!w->o.force) {
		warn_line("%s is there already: --force overwrites a recording", path);
		return -EEXIST;
	}
	return unlink(path) ? -errno : 0;
}

/* Files of another recording between ours would be taken for ours. */
static int clear_numbered(const struct writer *w)
{
	char pattern[sizeof(w->path) + 16];
	glob_t found;
	int err = 0;

	snprintf(pattern, sizeof(pattern), "%s.[0-9][0-9][0-9][0-9]*", w->o.path);
	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return 0;
	for (size_t i = 0; !err && i < found.gl_pathc; i++)
		err = clear_path(w, found.gl_pathv[i]);
	globfree(&found);
	return err;
}

/* comm and addresses are nobody else's business: 0600. */
static int make_file(struct writer *w)
{
	__u8 head[sizeof(struct file_head)];
	int err = name_file(w, w->index, w->path, sizeof(w->path));

	if (!err) {
		w->fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		err = w->fd < 0 ? -errno : 0;
	}
	if (!err) {
		file_head_put(head, w->recording, w->index);
		err = write_all(w->fd, head, sizeof(head));
	}
	if (err) {
		warn_line("%s can't be made: %s", w->path, files_strerror(-err));
		return err;
	}
	w->size = sizeof(head);
	w->total += sizeof(head);
	w->blocks = 0;
	return 0;
}

int writer_open(struct writer *w, const struct writer_options *o)
{
	int err;

	memset(w, 0, sizeof(*w));
	w->fd = -1;
	w->o = *o;
	w->index = 1;
	if (getrandom(&w->recording, sizeof(w->recording), 0) != sizeof(w->recording))
		return -errno;
	err = writer_rotates(w) ? clear_numbered(w) : clear_path(w, o->path);
	if (err)
		return err;
	err = packer_init(&w->packer);
	if (!err)
		err = make_file(w);
	return err;
}

int writer_block(struct writer *w, const struct codec *c)
{
	ssize_t size = packer_block(&w->packer, c, w->blocks);
	int err = size < 0 ? (int)size : write_all(w->fd, w->packer.out, size);

	if (err) {
		/* of a full disk half a block is no use */
		if (ftruncate(w->fd, w->size))
			debug_line("%s: %s", w->path, strerror(errno));
		warn_line("%s: %s; the recording ends here, and can be read up to here", w->path,
			  strerror(-err));
		return err;
	}
	w->blocks++;
	w->size += size;
	w->total += size;
	return 0;
}

/* The oldest one goes. */
static void keep_some(const struct writer *w)
{
	char path[sizeof(w->path)];

	if (!w->o.keep || w->index <= w->o.keep)
		return;
	if (!name_file(w, w->index - w->o.keep, path, sizeof(path)) && unlink(path) &&
	    errno != ENOENT)
		warn_line("%s can't be removed: %s", path, strerror(errno));
}

int writer_rotate(struct writer *w)
{
	int err = close(w->fd) ? -errno : 0;

	w->fd = -1;
	if (err) {
		warn_line("%s: %s", w->path, strerror(-err));
		return err;
	}
	w->index++;
	err = make_file(w);
	if (!err)
		keep_some(w);
	return err;
}

int writer_close(struct writer *w)
{
	int err = 0;

	if (w->fd >= 0) {
		/* what a file system tells only when it has to */
		if (fdatasync(w->fd) && errno != EINVAL)
			err = -errno;
		if (close(w->fd) && !err)
			err = -errno;
	}
	if (err)
		warn_line("%s: %s", w->path, strerror(-err));
	w->fd = -1;
	packer_free(&w->packer);
	return err;
}
