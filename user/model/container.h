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
#define POD_NAME_MAX (63 + 1 + 253) /* a DNS label, a slash, a DNS subdomain */

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

struct pod {
	char uid[POD_UID_LEN + 1];   /* as in struct container */
	char name[POD_NAME_MAX + 1]; /* "NAMESPACE/NAME": of [a-z0-9.-] but for the slash */
};

/*
 * The pod of a directory that the kubelet keeps logs in: "NAMESPACE_NAME_UID",
 * none of which has a '_' (kubelet's BuildPodLogsDirectory()). False: it is none.
 */
bool pod_of_log_dir(const char *dir, struct pod *pod);

/* Whether it can be a pod's name, as struct pod has it. */
bool pod_name_ok(const char *name);

#endif
