/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What /proc tells of a process. */
#ifndef TCPDWELL_KERN_CMDLINE_H
#define TCPDWELL_KERN_CMDLINE_H

#include <linux/types.h>

#define CMDLINE_MAX 1024

/*
 * Its command line, cut to CMDLINE_MAX bytes, blanks between the arguments; any
 * bytes but NUL.  NULL: it has none (a kernel thread, a zombie), or is gone.
 * start_ns, unless 0: when it began, CLOCK_BOOTTIME; /proc may be that of a pid
 * namespace, where the number is another process's.
 * To be freed.
 */
char *cmdline_read(__u32 pid, __u64 start_ns);

/* When it began, in ns of CLOCK_BOOTTIME, and its parent; 0 or -errno. */
int proc_stat_read(__u32 pid, __u64 *start_ns, __u32 *ppid);

#endif
