/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of Kubernetes' pods, which no path of a cgroup has: that has the uid. */
#ifndef TCPDWELL_OUT_PODS_H
#define TCPDWELL_OUT_PODS_H

/* From here on name(uid) gives "NAMESPACE/NAME", NULL where it is not known; as
 * model/container.h has both. */
void pods_named_by(const char *(*name)(const char *uid));

/* As above; NULL for "", and as long as nothing gives names. */
const char *pod_name(const char *uid);

/* The name of the pod that the cgroup of this path belongs to, or NULL. */
const char *pod_of_path(const char *path);

#endif
