// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns.h"
#include "tap.h"

/* Not /proc/self: that is the main thread's. */
#define OWN_NETNS "/proc/thread-self/ns/net"

static int home = -1;

int netns_fd(void)
{
	return open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
}

int netns_home(void)
{
	return home;
}

int netns_enter(int fd)
{
	return setns(fd, CLONE_NEWNET) ? -errno : 0;
}

unsigned long netns_inode(void)
{
	struct stat st;

	return stat(OWN_NETNS, &st) ? 0 : (unsigned long)st.st_ino;
}

/* Ports never come back within a test, so that they name a connection. */
static void settle(void)
{
	sysctl_set("net.ipv4.ip_local_port_range", "32768 60999");
	sysctl_set("net.ipv4.tcp_tw_reuse", "0");
	sysctl_set("net.ipv4.tcp_max_tw_buckets", "200000");
}

void netns_new(void)
{
	int err;

	if (geteuid())
		tap_skip_all("needs root");
	if (home < 0)
		home = netns_fd();
	if (home < 0 || unshare(CLONE_NEWNET))
		tap_die("no network namespace: %s", strerror(errno));
	err = link_up("lo");
	if (err)
		tap_die("lo: %s", strerror(-err));
	settle();
}

static int sysctl_open(const char *name, int flags)
{
	char path[256] = "/proc/sys/";
	size_t at = strlen(path);

	snprintf(path + at, sizeof(path) - at, "%s", name);
	for (char *p = path + at; *p; p++)
		if (*p == '.')
			*p = '/';
	return open(path, flags | O_CLOEXEC);
}

int sysctl_set(const char *name, const char *value)
{
	int fd = sysctl_open(name, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, value, strlen(value));
	close(fd);
	return n < 0 ? -errno : 0;
}

int sysctl_get(const char *name, char *value, size_t len)
{
	int fd = sysctl_open(name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, value, len - 1);
	close(fd);
	if (n < 0)
		return -errno;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

/* The n-th word of a line, or the number of the word that is `want`. */
static int word_no(char *line, const char *want)
{
	char *rest = line, *word;

	for (int i = 0; (word = strsep(&rest, " \n")); i++)
		if (!strcmp(word, want))
			return i;
	return -1;
}

static long long word_value(char *line, int no)
{
	char *rest = line, *word;
	long long value = -1;

	for (int i = 0; (word = strsep(&rest, " \n")); i++)
		if (i == no)
			sscanf(word, "%lld", &value);
	return value;
}

/* These tables come as two lines, names and figures. */
static long long two_lines(const char *path, const char *table, const char *counter)
{
	char names[8192], figures[8192];
	size_t len = strlen(table);
	long long value = -1;
	FILE *f = fopen(path, "re");

	while (f && fgets(names, sizeof(names), f) && fgets(figures, sizeof(figures), f)) {
		int no = -1;

		if (!strncmp(names, table, len) && names[len] == ':')
			no = word_no(names, counter);
		if (no > 0)
			value = word_value(figures, no);
	}
	if (f)
		fclose(f);
	return value;
}

long long snmp_get(const char *table, const char *counter)
{
	long long value = two_lines("/proc/thread-self/net/snmp", table, counter);

	return value >= 0 ? value : two_lines("/proc/thread-self/net/netstat", table, counter);
}

long long sockstat_get(const char *name, const char *figure)
{
	FILE *f = fopen("/proc/thread-self/net/sockstat", "re");
	char line[256], again[256];
	size_t len = strlen(name);
	long long value = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		memcpy(again, line, sizeof(again));
		value = word_value(again, word_no(line, figure) + 1);
	}
	if (f)
		fclose(f);
	return value;
}
