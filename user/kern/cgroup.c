// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "kern/cgroup.h"

#define CACHE 1024	   /* a power of two; a newcomer takes the older one's place */
#define FILEID_KERNFS 0xfe /* enum fid_type, Linux 5.18 by name; the number since 5.5 */

static struct {
	__u64 id;
	char *path;
} cache[CACHE];

static const char *mount_point(void)
{
	static char point[256];
	struct mntent *m;
	FILE *f;

	if (*point)
		return point;
	f = setmntent("/proc/self/mounts", "r");
	while (f && (m = getmntent(f))) {
		if (strcmp(m->mnt_type, "cgroup2") || strlen(m->mnt_dir) >= sizeof(point))
			continue;
		memcpy(point, m->mnt_dir, strlen(m->mnt_dir) + 1);
		break;
	}
	if (f)
		endmntent(f);
	return *point ? point : NULL;
}

static int open_id(const char *point, __u64 id)
{
	struct {
		struct file_handle h;
		__u64 id;
	} handle = {.h = {.handle_bytes = 8, .handle_type = FILEID_KERNFS}, .id = id};
	int mount = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (mount < 0)
		return -errno;
	memcpy(handle.h.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount, &handle.h, O_PATH | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(mount);
	return fd;
}

/* The path of an open descriptor, below the mount point. */
static char *path_of(int fd, const char *point)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return NULL;
	path[len] = '\0';
	if (strncmp(path, point, strlen(point)))
		return NULL;
	return strdup(path[strlen(point)] ? path + strlen(point) : "/");
}

static char *resolve(__u64 id)
{
	const char *point = mount_point();
	char *path;
	int fd;

	if (!point)
		return NULL;
	fd = open_id(point, id);
	if (fd < 0)
		return NULL;
	path = path_of(fd, point);
	close(fd);
	return path;
}

const char *cgroup_path(__u64 id)
{
	unsigned int i = (id * 0x9e3779b97f4a7c15ULL) >> 54;
	char *path;

	if (!id)
		return NULL;
	if (cache[i].id == id)
		return cache[i].path;
	path = resolve(id);
	if (cache[i].path)
		free(cache[i].path);
	cache[i].id = id;
	cache[i].path = path;
	return path;
}

static __u32 path_level(const char *path)
{
	__u32 level = 0;

	for (; *path; path++)
		level += *path == '/' && path[1] && path[1] != '/';
	return level;
}

static int lookup_path(const char *path, const char *point, __u64 *id, __u32 *level)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) || stat(path, &st))
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC || !S_ISDIR(st.st_mode))
		return -EINVAL;
	/* kernfs: the inode number of a directory is the cgroup's id (64 bit, Linux 5.5) */
	*id = st.st_ino;
	*level = path_level(path + strlen(point));
	return 0;
}

int cgroup_lookup(const char *text, __u64 *id, __u32 *level)
{
	const char *point = mount_point();
	char path[4096], *end;

	if (!point)
		return -ENOENT;
	*id = strtoull(text, &end, 10);
	if (*text && !*end) {
		const char *known = cgroup_path(*id);

		if (!known)
			return -ENOENT;
		*level = path_level(known);
		return 0;
	}
	if (!strncmp(text, point, strlen(point)))
		text += strlen(point);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", point, text) >= sizeof(path))
		return -ENAMETOOLONG;
	return lookup_path(path, point, id, level);
}
