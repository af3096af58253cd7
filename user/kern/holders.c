// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kern/features.h"
#include "kern/found.h"
#include "kern/holders_proc.h"

/* what bpftool writes into a light skeleton */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpointer-arith"
#include "holders.skel.h"
#pragma GCC diagnostic pop

/* With more than that a look into the map costs more than a row too many. */
#define WANTED_MAX 1024
#define ROWS_A_READ 400
#define PID_NS_INIT 0xeffffffcU /* PROC_PID_INIT_INO of include/linux/proc_ns.h */

static int open_skel(struct holders *h)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct holders_bpf *skel = holders_bpf__open();
	int err;

	if (!skel)
		return -ENOMEM;
	setrlimit(RLIMIT_MEMLOCK, &all); /* kernels before 5.11 charge maps to it */
	skel->maps.wanted.max_entries = WANTED_MAX;
	err = holders_bpf__load(skel);
	if (!err)
		err = holders_bpf__attach(skel);
	if (err) {
		holders_bpf__destroy(skel);
		return err;
	}
	h->skel = skel;
	h->iter_fd = skel->links.find_holders_fd;
	return 0;
}

/* Both ways show the pid namespace of the reader. */
static bool in_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) || st.st_ino != PID_NS_INIT;
}

static int open_found(struct holders *h)
{
	memset(h, 0, sizeof(*h));
	h->iter_fd = -1;
	h->partial = in_pid_namespace();
	h->found = calloc(1, sizeof(*h->found));
	return h->found ? 0 : -ENOMEM;
}

int holders_open_proc(struct holders *h, const char *why)
{
	int err = open_found(h);

	if (!err)
		snprintf(h->why_proc, sizeof(h->why_proc), "%s", why);
	return err;
}

int holders_open(struct holders *h)
{
	int err = open_found(h);

	if (err)
		return err;
	err = open_skel(h);
	if (err == -ENOMEM) {
		holders_close(h);
		return err;
	}
	if (err)
		snprintf(h->why_proc, sizeof(h->why_proc),
			 "the kernel does not take the program: %s", kernel_error(err));
	return 0;
}

void holders_close(struct holders *h)
{
	if (h->skel)
		holders_bpf__destroy(h->skel);
	if (h->found)
		found_free(h->found);
	free(h->found);
	memset(h, 0, sizeof(*h));
	h->iter_fd = -1;
}

/*
 * Rows
 */

struct rows {
	struct holders_found *found;
	struct row_holder first; /* of the rows of one descriptor table */
	const char *cmdline;	 /* of the process of the last row */
	__u32 pid;		 /* ... it */
	int err;
};

/* Where the first thread has ended, the iterator shows the table that the others share for each. */
static bool shown_before(struct rows *r, const struct row_holder *row)
{
	struct row_holder *first = &r->first;

	if (row->pid == first->pid && row->table == first->table)
		return row->tid != first->tid;
	*first = *row;
	return false;
}

static const char *cmdline_of(struct rows *r, const struct row_holder *row)
{
	if (row->pid == r->pid)
		return r->cmdline;
	r->pid = row->pid;
	r->cmdline = found_cmdline(r->found, row->pid, row->start_ns);
	return r->cmdline;
}

static void take_row(struct rows *r, const struct row_holder *row)
{
	const struct found_sock *s = found_sock(r->found, row->cookie);
	struct holder h = {
		.pid = row->pid,
		.tid = row->flags & HOLDER_OWN_TABLE ? row->tid : row->pid,
		.fd = row->fd,
		.ppid = row->ppid,
		.uid = row->uid,
		.flags = row->flags,
		.cgroup = row->cgroup,
		.start_ns = row->start_ns,
	};

	if (r->err || !s || shown_before(r, row))
		return;
	memcpy(h.comm, row->comm, sizeof(h.comm));
	h.cmdline = cmdline_of(r, row);
	r->err = found_add(r->found, s, &h);
}

static int read_rows(int fd, struct rows *r)
{
	struct row_holder rows[ROWS_A_READ];
	size_t have = 0, whole;
	ssize_t n;

	while ((n = read(fd, (char *)rows + have, sizeof(rows) - have)) != 0) {
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		have += n;
		whole = have / sizeof(*rows);
		for (size_t i = 0; i < whole; i++)
			take_row(r, &rows[i]);
		have -= whole * sizeof(*rows);
		memmove(rows, &rows[whole], have);
	}
	return r->err;
}

/*
 * What is asked for
 */

/* 1: put in (0: taken out of) the map. */
static int mark(const struct holders *h, bool in)
{
	const struct holders_found *f = h->found;
	int fd = h->skel->maps.wanted.map_fd;
	__u8 value = 1;

	for (__u32 i = 0; i < f->n_socks; i++) {
		const __u64 *cookie = &f->sock[i].cookie;

		if (in && bpf_map_update_elem(fd, cookie, &value, BPF_ANY))
			return -errno;
		if (!in)
			bpf_map_delete_elem(fd, cookie);
	}
	return 0;
}

static int run(struct holders *h)
{
	struct rows r = {.found = h->found};
	int fd = bpf_iter_create(h->iter_fd);
	int err;

	if (fd < 0)
		return fd;
	err = read_rows(fd, &r);
	close(fd);
	return err;
}

static int find_in_kernel(struct holders *h)
{
	bool few = h->found->n_socks <= WANTED_MAX;
	int err = few ? mark(h, true) : 0;

	h->skel->bss->all_wanted = !few;
	if (!err)
		err = run(h);
	if (few)
		mark(h, false);
	return err;
}

int holders_find(struct holders *h, const struct wanted_sock *wanted, size_t n)
{
	int err;

	found_free(h->found);
	err = found_begin(h->found, wanted, n);
	if (!err && n)
		err = h->skel ? find_in_kernel(h) : find_in_proc(h->found);
	if (!err)
		err = found_settle(h->found);
	if (err)
		found_free(h->found);
	return err;
}

const struct holder *holders_of(const struct holders *h, __u64 cookie, __u32 *n)
{
	const struct found_sock *s = found_sock(h->found, cookie & COOKIE_MASK);

	*n = s ? s->n : 0;
	return *n ? &h->found->holder[s->start] : NULL;
}

void holders_forget(struct holders *h)
{
	if (h->found)
		found_free(h->found);
}
