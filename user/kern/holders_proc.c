// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kcmp.h>

#include "kern/cmdline.h"
#include "kern/found.h"
#include "kern/holders_proc.h"

struct proc_search {
	struct holders_found *found;
	const struct found_sock **by_ino;
	struct holder task; /* the one whose descriptors are looked at */
	bool described;	    /* ... what there is to know of its process is in it */
};

static int cmp_ino(const void *left, const void *right)
{
	const struct found_sock *const *a = left, *const *b = right;

	return ((*a)->ino > (*b)->ino) - ((*a)->ino < (*b)->ino);
}

/* Numbers in a folder of /proc; 0 for other names. */
static __u32 number(const struct dirent *e)
{
	return isdigit((unsigned char)e->d_name[0]) ? strtoul(e->d_name, NULL, 10) : 0;
}

static const struct found_sock *by_link(const struct proc_search *p, int dir, const char *name)
{
	struct found_sock key, *at = &key;
	const struct found_sock **found;
	char text[64];
	ssize_t n = readlinkat(dir, name, text, sizeof(text) - 1);

	if (n < 0)
		return NULL;
	text[n] = '\0';
	if (sscanf(text, "socket:[%u]", &key.ino) != 1 || !key.ino)
		return NULL;
	found = bsearch(&at, p->by_ino, p->found->n_socks, sizeof(*p->by_ino), cmp_ino);
	return found ? *found : NULL;
}

/* Most processes hold none of the sockets: what is known of one is read when it is needed. */
static void describe(struct proc_search *p)
{
	struct holder *t = &p->task;
	char path[64];
	struct stat st;

	if (p->described)
		return;
	p->described = true;
	proc_stat_read(t->pid, &t->start_ns, &t->ppid);
	snprintf(path, sizeof(path), "/proc/%u", t->pid);
	if (!stat(path, &st))
		t->uid = st.st_uid;
	t->cmdline = found_cmdline(p->found, t->pid, 0);
}

static void read_comm(struct holder *t)
{
	char path[64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/comm", t->pid, t->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, t->comm, sizeof(t->comm));
		close(fd);
	}
	memset(t->comm + (n > 0 ? n - 1 : 0), 0, sizeof(t->comm) - (n > 0 ? n - 1 : 0));
}

/* The descriptors of p->task. */
static int search_table(struct proc_search *p)
{
	char path[64];
	struct dirent *e;
	int err = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/fd", p->task.pid, p->task.tid);
	d = opendir(path);
	while (d && !err && (e = readdir(d))) {
		const struct found_sock *s = by_link(p, dirfd(d), e->d_name);

		if (!s)
			continue;
		describe(p);
		if (!*p->task.comm)
			read_comm(&p->task);
		p->task.fd = strtoul(e->d_name, NULL, 10);
		err = found_add(p->found, s, &p->task);
	}
	if (d)
		closedir(d);
	return err;
}

static bool own_table(__u32 pid, __u32 tid)
{
	return tid != pid && syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0, 0) > 0;
}

static int search_process(struct proc_search *p, __u32 pid)
{
	struct dirent *e;
	char path[64];
	int err = 0;
	DIR *d;

	p->task = (struct holder){.pid = pid};
	p->described = false;
	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	d = opendir(path);
	while (d && !err && (e = readdir(d))) {
		__u32 tid = number(e);

		if (!tid || (tid != pid && !own_table(pid, tid)))
			continue;
		p->task.tid = tid;
		p->task.flags = tid != pid ? HOLDER_OWN_TABLE : 0;
		p->task.comm[0] = '\0';
		err = search_table(p);
	}
	if (d)
		closedir(d);
	return err;
}

int find_in_proc(struct holders_found *f)
{
	struct proc_search p = {.found = f, .by_ino = calloc(f->n_socks, sizeof(*p.by_ino))};
	struct dirent *e;
	int err = 0;
	DIR *d;

	if (!p.by_ino)
		return -ENOMEM;
	for (__u32 i = 0; i < f->n_socks; i++)
		p.by_ino[i] = &f->sock[i];
	qsort(p.by_ino, f->n_socks, sizeof(*p.by_ino), cmp_ino);
	d = opendir("/proc");
	while (d && !err && (e = readdir(d)))
		if (number(e))
			err = search_process(&p, number(e));
	if (d)
		closedir(d);
	free(p.by_ino);
	return err;
}
