/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pods of this node by their uids, from the names of the directories that the kubelet keeps
 * their logs in. */
#ifndef TCPDWELL_KERN_PODS_H
#define TCPDWELL_KERN_PODS_H

#define POD_LOGS "/var/log/pods"

/*
 * "NAMESPACE/NAME" by a pod's uid, NULL where it is not known. The directory is
 * read again for a uid that is new, if it has changed, once a second at most. A
 * pod that went keeps its name for what is left of its sockets. Valid until the
 * next call.
 */
const char *pods_name(const char *uid);

#endif
