// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rules of watch from a file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/config.h"
#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void quiet(const char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < 0x20 && *line != '\n' && *line != '\t')
			abort(); /* a message that acts on a terminal */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rules rules;
	static int fd = -1;
	char path[64];

	if (fd < 0) {
		fd = memfd_create("rules", MFD_CLOEXEC);
		log_divert(quiet);
	}
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rules_default(&rules);
	config_read(path, &rules);
	return 0;
}
