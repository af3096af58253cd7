// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files of /proc: a process may have any name, and /proc may be another's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__u64 ticks = 42;
	__u32 ppid = 42;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (proc_stat_parse(text, &ticks, &ppid) && (ticks != 42 || ppid != 42))
		abort();
	/* each entry counts the range once at most */
	if (proc_ports_count(text, 32768, 60999) > 28232 * (size / 2 + 1))
		abort();
	if (proc_ports_count(text, 5, 4))
		abort();
	free(text);
	return 0;
}
