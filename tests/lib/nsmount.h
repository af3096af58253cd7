/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TEST_NSMOUNT_H
#define TEST_NSMOUNT_H

/*
 * Keeps the current network namespace by a mount in /run/netns, as `ip netns
 * add` does.  0 or -errno; undone at exit.
 */
int netns_mount(void);

#endif
