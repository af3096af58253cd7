// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/nsfs.h>

#include "kern/netns.h"
#include "util/files.h"

bool netns_set_has(const struct netns_set *s, __u32 ino)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (s->ino[i] == ino)
			return true;
	return s->all;
}

void netns_set_add(struct netns_set *s, __u32 ino)
{
	if (netns_set_has(s, ino))
		return;
	if (!ino || s->n == NETNS_SET)
		s->all = true;
	else
		s->ino[s->n++] = ino;
}

static bool known(const struct netns_list *l, __u32 ino)
{
	for (unsigned int i = l->n; i-- > 0;)
		if (l->ns[i].ino == ino)
			return true;
	return false;
}

static int add(struct netns_list *l, __u32 ino, int fd)
{
	if (l->n == l->room) {
		unsigned int room = l->room ? 2 * l->room : 16;
		struct netns *ns = realloc(l->ns, room * sizeof(*ns));

		if (!ns)
			return -ENOMEM;
		l->ns = ns;
		l->room = room;
	}
	l->ns[l->n++] = (struct netns){.ino = ino, .fd = fd};
	return 0;
}

/* Of a path that can't be opened: a process may end between two looks, which is passed over; that
 * there are more namespaces than may be open is not. */
static int passed_over(void)
{
	return files_too_many(errno) ? -errno : 0;
}

static int try_path(struct netns_list *l, const char *path)
{
	struct statfs fs;
	struct stat st;
	int fd, err;

	if (stat(path, &st) || known(l, st.st_ino))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return passed_over();
	if (fstatfs(fd, &fs) || fs.f_type != NSFS_MAGIC || fstat(fd, &st)) {
		close(fd);
		return 0;
	}
	err = add(l, st.st_ino, fd);
	if (err)
		close(fd);
	return err;
}

static int try_dir(struct netns_list *l, const char *dir, const char *tail)
{
	struct dirent *e;
	char path[512];
	DIR *d = opendir(dir);
	int err = 0;

	if (!d)
		return passed_over();
	while (!err && (e = readdir(d))) {
		if (e->d_name[0] == '.' || (*tail && !isdigit((unsigned char)e->d_name[0])))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s%s", dir, e->d_name, tail) <
		    sizeof(path))
			err = try_path(l, path);
	}
	closedir(d);
	return err;
}

int netns_find(struct netns_list *l)
{
	int err;

	memset(l, 0, sizeof(*l));
	err = try_path(l, "/proc/self/ns/net");
	if (!err)
		err = try_dir(l, "/run/netns", "");
	if (!err)
		err = try_dir(l, "/run/docker/netns", "");
	if (!err)
		err = try_dir(l, "/proc", "/ns/net");
	if (err)
		netns_free(l);
	return err;
}

void netns_free(struct netns_list *l)
{
	for (unsigned int i = 0; i < l->n; i++)
		close(l->ns[i].fd);
	free(l->ns);
	memset(l, 0, sizeof(*l));
}

__u32 netns_unmet(const struct netns_list *l, const volatile __u32 *ino, unsigned int n)
{
	__u32 unmet = 0;

	for (unsigned int i = 0; i < n; i++)
		unmet |= (__u32)!known(l, ino[i]) << i;
	return unmet;
}

/* The number behind a word of the line that begins with `line`; -1 when it is not there. */
static long counted(const char *path, const char *line, const char *word)
{
	FILE *f = fopen(path, "re");
	char text[256];
	long n = -1;

	while (f && n < 0 && fgets(text, sizeof(text), f)) {
		char *at = strncmp(text, line, strlen(line)) ? NULL : strstr(text, word);

		if (at)
			n = strtol(at + strlen(word), NULL, 10);
	}
	if (f)
		fclose(f);
	return n;
}

static bool counts_nothing(void)
{
	static const char v4[] = "/proc/thread-self/net/sockstat";
	static const char v6[] = "/proc/thread-self/net/sockstat6";

	return counted(v4, "TCP:", " inuse ") == 0 && counted(v4, "TCP:", " tw ") == 0 &&
	       counted(v6, "TCP6:", " inuse ") <= 0;
}

bool netns_is_empty(void)
{
	/* a sum over CPUs, which a socket that comes and goes meanwhile can make too small */
	for (int look = 0; look < 2; look++)
		if (!counts_nothing())
			return false;
	return true;
}

/* Of all files in nsfs, those of network namespaces. */
static bool is_netns(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == NSFS_MAGIC &&
	       ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

int netns_ino(const char *path, __u32 *ino)
{
	char named[512];
	struct stat st;
	int fd, err = 0;

	if (!strchr(path, '/')) {
		if ((size_t)snprintf(named, sizeof(named), "/run/netns/%s", path) >= sizeof(named))
			return -ENAMETOOLONG;
		path = named;
	}
	/* What is no regular file, a FIFO say, is not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (!is_netns(fd) || fstat(fd, &st))
		err = -EINVAL;
	else
		*ino = st.st_ino;
	close(fd);
	return err;
}
