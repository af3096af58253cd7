// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/proc.h"

int proc_stat_parse(const char *text, __u64 *start_ticks, __u32 *ppid)
{
	/* the name comes in parentheses, of which it may have some itself */
	const char *end = strrchr(text, ')');
	unsigned long long ticks;
	unsigned int parent;

	if (!end || sscanf(end + 1,
			   " %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			   "%*d %*d %llu",
			   &parent, &ticks) != 2)
		return -EPROTO;
	*start_ticks = ticks;
	*ppid = parent;
	return 0;
}

__u32 proc_ports_count(const char *list, __u16 low, __u16 high)
{
	unsigned long first, last;
	__u32 n = 0;
	char *end;

	while (*list >= '0' && *list <= '9') {
		first = last = strtoul(list, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		first = first < low ? low : first;
		last = last > high ? high : last;
		n += last >= first ? last - first + 1 : 0;
		list = *end == ',' ? end + 1 : end;
	}
	return n;
}
