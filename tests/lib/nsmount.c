// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsmount.h"

static char path[64];

static void undo(void)
{
	umount2(path, MNT_DETACH);
	unlink(path);
}

/* A runner's timeout or ^C must leave nothing behind either. */
static void undo_and_die(int sig)
{
	undo();
	_exit(128 + sig);
}

int netns_mount(void)
{
	int fd;

	mkdir("/run/netns", 0755);
	snprintf(path, sizeof(path), "/run/netns/tcpdwell-test-%d", getpid());
	fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0444);
	if (fd < 0)
		return -errno;
	close(fd);
	atexit(undo);
	signal(SIGTERM, undo_and_die);
	signal(SIGINT, undo_and_die);
	return mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) ? -errno : 0;
}
