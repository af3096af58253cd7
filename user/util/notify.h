/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling systemd how a service is (sd_notify(3)'s protocol: one datagram to
 * $NOTIFY_SOCKET).  Not through libsystemd: its sendmsg() waits when systemd
 * does not read, and this must never wait.
 */
#ifndef TCPDWELL_UTIL_NOTIFY_H
#define TCPDWELL_UTIL_NOTIFY_H

#include <linux/types.h>

struct notify {
	int fd;		 /* -1: nobody wants to know */
	__u64 period_ns; /* how often "WATCHDOG=1" is due: half of what is asked for; 0: never */
};

/* From the environment, in which nothing of it is left for other programs. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

/* "READY=1", "STATUS=...", one a line. */
void notify_send(const struct notify *n, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A datagram socket of the unix family that is connected to a path, or with '@' in front to an
 * abstract name; it never waits.  Or -errno. */
int datagram_to(const char *path);

#endif
