/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program that runs for months keeps of root's rights, once everything
 * is loaded and attached:
 *
 * CAP_BPF              bpf(2) at all where kernel.unprivileged_bpf_disabled is set, as most
 *                      distributions have it: iterators are read again, counters asked for
 * CAP_SYS_ADMIN        setns(2) to the other network namespaces, whose sockets an iterator shows
 *                      only from within; without --netns nothing else shows what is in there
 * CAP_SYS_PTRACE       /proc/PID/ns/net, which is how these namespaces are found, and
 *                      /proc/PID of those that hold a socket, of other users
 * CAP_DAC_READ_SEARCH  open_by_handle_at(2), which finds a cgroup's path by its number; a
 *                      configuration file that only root can read, at SIGHUP
 * CAP_NET_ADMIN        --kill only: SOCK_DESTROY
 *
 * Measured: tests/e2e/rights.t fails without any one of them.
 *
 * Not kept: CAP_PERFMON and CAP_NET_RAW (loading), CAP_SETUID, CAP_SETGID and
 * CAP_SETPCAP (this change), and all the rest.
 */
#ifndef TCPDWELL_KERN_RIGHTS_H
#define TCPDWELL_KERN_RIGHTS_H

#include <stdbool.h>

struct account;

struct rights_options {
	const struct account *account; /* to become, or NULL */
	bool kill;		       /* sockets will be closed */
};

/*
 * From here on the process has these capabilities at most, of those that it has
 * now, and can't get more (no_new_privs; nothing in the bounding set).  For the
 * calling thread.  0 or -errno.
 */
int rights_limit(const struct rights_options *o);

/*
 * From here on only the system calls that the loop needs; others fail with
 * EPERM.  mode: NULL; "kill": they end the process, "log": they pass and the
 * kernel logs them, "off": no filter.  0, -EINVAL for another mode, or -errno.
 * A program that was built with the address sanitizer has no filter.
 */
int rights_filter(const char *mode);

#endif
