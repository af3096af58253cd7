// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The path of a cgroup, which whoever may make one names; a directory in the kubelet's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct container c;
	struct pod pod;
	char *path = malloc(size + 1);
	bool found;

	if (!path)
		return 0;
	memcpy(path, data, size);
	path[size] = '\0';
	found = container_parse(path, &c);
	if (found != (*c.id || *c.pod_uid) || strnlen(c.id, sizeof(c.id)) == sizeof(c.id) ||
	    strnlen(c.pod_uid, sizeof(c.pod_uid)) == sizeof(c.pod_uid))
		abort();
	if (c.runtime && !*c.id)
		abort();
	if (pod_of_log_dir(path, &pod) && (!pod_name_ok(pod.name) || strlen(pod.uid) > POD_UID_LEN))
		abort();
	free(path);
	return 0;
}
