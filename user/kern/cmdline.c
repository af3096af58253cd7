// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/cmdline.h"
#include "util/proc.h"

/* At most size - 1 bytes, and a NUL.  How many, or -errno. */
static ssize_t read_proc(__u32 pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	else
		text[n] = '\0';
	close(fd);
	return n;
}

int proc_stat_read(__u32 pid, __u64 *start_ns, __u32 *ppid)
{
	long ticks_a_second = sysconf(_SC_CLK_TCK);
	char text[1024];
	ssize_t n = read_proc(pid, "stat", text, sizeof(text));
	int err;

	if (n < 0)
		return n;
	err = ticks_a_second > 0 ? proc_stat_parse(text, start_ns, ppid) : -EPROTO;
	if (!err)
		*start_ns *= 1000000000ULL / ticks_a_second;
	return err;
}

/* /proc has whole ticks, cut off, and a time namespace may shift them: then nothing is told. */
static int same_process(__u32 pid, __u64 start_ns)
{
	__u64 tick_ns = 1000000000ULL / sysconf(_SC_CLK_TCK), began;
	__u32 ppid;

	if (!start_ns)
		return 1;
	if (proc_stat_read(pid, &began, &ppid))
		return 0;
	return began <= start_ns && start_ns - began <= tick_ns;
}

char *cmdline_read(__u32 pid, __u64 start_ns)
{
	char text[CMDLINE_MAX + 1] = "";
	ssize_t n = read_proc(pid, "cmdline", text, sizeof(text));

	if (n <= 0 || !same_process(pid, start_ns))
		return NULL;
	for (ssize_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	while (n && text[n - 1] == ' ')
		n--;
	return n ? strndup(text, n) : NULL;
}
