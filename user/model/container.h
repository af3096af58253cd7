/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the path of a cgroup tells about a container. Container managers put
 * their ids into it; whoever may make cgroups may make one with such a name
 * too: it is a name like any other, not a proof.
 */
#ifndef TCPDWELL_MODEL_CONTAINER_H
#define TCPDWELL_MODEL_CONTAINER_H

#include <stdbool.h>

#define CONTAINER_ID_MAX 64
#define POD_UID_LEN 36

struct container {
	const char *runtime; /* "docker", "containerd", ...; NULL: the path does not tell */
	char id[CONTAINER_ID_MAX + 1]; /* 12 digits as its manager shows it, or a name: any bytes */
	char pod_uid[POD_UID_LEN + 1]; /* of Kubernetes; "" for none */
};

/*
 * The innermost container and pod of a path below the root of a cgroup
 * hierarchy. False: there is neither. A path in a pod but in no container of
 * it has an empty id.
 */
bool container_parse(const char *path, struct container *c);

#endif
