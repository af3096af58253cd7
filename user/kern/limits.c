// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/limits.h"
#include "kern/netns.h"
#include "util/proc.h"

/* A line of a small file, of the namespace that this thread is in; "" when there is none. */
static void read_line(const char *path, char *to, int room)
{
	FILE *f = fopen(path, "re");

	if (!f || !fgets(to, room, f))
		*to = '\0';
	if (f)
		fclose(f);
}

/* "TCP: inuse 5 orphan 0 tw 12 alloc 9 mem 1" */
static __u32 small_sockets(void)
{
	FILE *f = fopen("/proc/thread-self/net/sockstat", "re");
	char line[256];
	const char *tw;
	__u32 n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		tw = strncmp(line, "TCP:", 4) ? NULL : strstr(line, " tw ");
		if (tw)
			n = strtoul(tw + 4, NULL, 10);
	}
	if (f)
		fclose(f);
	return n;
}

static struct pressure_limits read_here(__u32 netns, __u64 now_ns)
{
	struct pressure_limits l = {.netns = netns, .read_ns = now_ns, .low = 32768, .high = 60999};
	unsigned int low, high;
	char line[4096];

	read_line("/proc/sys/net/ipv4/ip_local_port_range", line, sizeof(line));
	if (sscanf(line, "%u %u", &low, &high) == 2 && low <= high && high < 65536) {
		l.low = low;
		l.high = high;
	}
	read_line("/proc/sys/net/ipv4/ip_local_reserved_ports", line, sizeof(line));
	l.reserved = proc_ports_count(line, l.low, l.high);
	read_line("/proc/sys/net/ipv4/tcp_max_tw_buckets", line, sizeof(line));
	l.max_tw = strtoul(line, NULL, 10);
	l.tw = small_sockets();
	return l;
}

int limits_read(__u64 now_ns, limits_fn fn, void *ctx)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct netns_list list;
	int err;

	if (home < 0)
		return -errno;
	err = netns_find(&list);
	if (err)
		goto out;
	for (unsigned int i = 0; i < list.n; i++) {
		struct pressure_limits l;

		if (setns(list.ns[i].fd, CLONE_NEWNET))
			continue;
		l = read_here(list.ns[i].ino, now_ns);
		fn(ctx, &l);
	}
	netns_free(&list);
	if (setns(home, CLONE_NEWNET))
		err = -errno;
out:
	close(home);
	return err;
}
