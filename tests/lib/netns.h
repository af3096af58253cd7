/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Network namespaces of a test's own, so that its packets stay there and its
 * sockets are told from the host's.
 */
#ifndef TEST_NETNS_H
#define TEST_NETNS_H

#include <stddef.h>

/* Leaves the namespace the test was started in for a new one, lo up.  Bails out. */
void netns_new(void);
/* The one the test was started in: where the tracer runs.  -1 if never left. */
int netns_home(void);
/* A descriptor of the current one. */
int netns_fd(void);
int netns_enter(int fd);
unsigned long netns_inode(void);

/* name as in net.ipv4.tcp_syn_retries; 0 or -errno */
int sysctl_set(const char *name, const char *value);
int sysctl_get(const char *name, char *value, size_t len);

int link_up(const char *name);
/* On a link that is up.  0: it works by now; or -errno. */
int addr_add(const char *dev, const char *addr, int prefix);
/* Two ends in this namespace; -EOPNOTSUPP without the driver. */
int veth_add(const char *one, const char *other);
int link_to_netns(const char *name, int netns_fd);

/* A TUN device, up, with the test's addresses (see fam.h); a descriptor or -errno. */
int tun_open(const char *name);

/* A counter of this namespace in /proc/net/snmp or netstat, e.g. ("Tcp", "ActiveOpens"); -1
 * unknown. */
long long snmp_get(const char *table, const char *counter);
/* A figure of /proc/net/sockstat, e.g. ("TCP", "tw"). */
long long sockstat_get(const char *line, const char *figure);

#endif
