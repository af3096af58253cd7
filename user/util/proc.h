/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What /proc says, which processes have their names in. */
#ifndef TCPDWELL_UTIL_PROC_H
#define TCPDWELL_UTIL_PROC_H

#include <linux/types.h>

/* Of /proc/PID/stat: when it began, in clock ticks since boot, and its parent.  0 or -EPROTO. */
int proc_stat_parse(const char *text, __u64 *start_ticks, __u32 *ppid);

/* Of ip_local_reserved_ports, "8080,9148-9200": how many are from low to high. */
__u32 proc_ports_count(const char *list, __u16 low, __u16 high);

#endif
