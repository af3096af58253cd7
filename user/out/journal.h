/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A sink that writes to the journal of systemd (journald's native protocol:
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL).  Not through libsystemd: its
 * sendmsg() waits when journald does not read, and a watch must not.
 *
 * MESSAGE, PRIORITY, MESSAGE_ID and SYSLOG_IDENTIFIER, and with an alert
 *
 *	TCPDWELL_STATUS  _SEVERITY  _RULE  _STATE  _THRESHOLD_NS  _DWELL_NS  _COOKIE  _NETNS
 *	_LADDR  _LPORT  _RADDR  _RPORT  _PID  _COMM  _DIAGNOSIS  _GROUP  _GROUP_COUNT
 *	TCPDWELL_JSON: all of it, as with --json
 */
#ifndef TCPDWELL_OUT_JOURNAL_H
#define TCPDWELL_OUT_JOURNAL_H

#include "out/out.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* `journalctl MESSAGE_ID=...` */
#define JOURNAL_ID_FIRING "5a1d1e4a0f0c4b6d9c3f3c5ee2a7b401"
#define JOURNAL_ID_RESOLVED "8e0b6a2f6a7e4b0c8d6d5f1b4c9a7302"
#define JOURNAL_ID_LOST "c2f7d9b81d3e4f0aa6b2e87d0f5c1903"

/* *s gets the sink.  0 or -errno (-ENOENT, -ECONNREFUSED: there is no journald). */
int journal_sink_new(const struct out_options *o, const char *path, struct sink **s);

/* Entries that journald did not take. */
__u64 journal_dropped(const struct sink *s);

#endif
