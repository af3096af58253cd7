// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attaches the empty program until it is told to stop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "floor.skel.h"

int main(void)
{
	struct floor_bpf *skel = floor_bpf__open_and_load();

	if (!skel || floor_bpf__attach(skel)) {
		fprintf(stderr, "floor: the empty program: %s\n", strerror(errno));
		return 1;
	}
	pause();
	floor_bpf__destroy(skel);
	return 0;
}
