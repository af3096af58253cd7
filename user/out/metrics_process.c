// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "out/metrics.h"

struct stat_fields {
	unsigned long long utime, stime, start, vsize;
	long long rss;
};

/* proc_pid_stat(5); the name in field 2 may have blanks and brackets of its own. */
static int read_stat(struct stat_fields *s)
{
	char text[1024] = "", *p;
	FILE *f = fopen("/proc/self/stat", "re");
	size_t n;

	if (!f)
		return -1;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')');
	if (!p)
		return -1;
	n = sscanf(p + 2,
		   "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
		   "%llu %llu %lld",
		   &s->utime, &s->stime, &s->start, &s->vsize, &s->rss);
	return n == 5 ? 0 : -1;
}

static double boot_time(void)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (double)(real.tv_sec - boot.tv_sec) + (double)(real.tv_nsec - boot.tv_nsec) / 1e9;
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return -1;
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n - 1; /* but for the folder's own */
}

static void one(FILE *f, const char *name, const char *type, const char *help, double value)
{
	metrics_family(f, name, type, help);
	fputs(name, f);
	metrics_value(f, value);
}

static void put_fds(FILE *f)
{
	struct rlimit limit;
	int n = open_fds();

	if (n >= 0)
		one(f, "process_open_fds", "gauge", "Open file descriptors.", n);
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		one(f, "process_max_fds", "gauge", "Limit of open file descriptors.",
		    (double)limit.rlim_cur);
}

void metrics_process(FILE *f)
{
	double hz = (double)sysconf(_SC_CLK_TCK);
	struct stat_fields s;

	put_fds(f);
	if (read_stat(&s))
		return;
	one(f, "process_cpu_seconds_total", "counter", "User and system CPU time spent.",
	    (double)(s.utime + s.stime) / hz);
	one(f, "process_start_time_seconds", "gauge", "Start time since the Unix epoch.",
	    boot_time() + (double)s.start / hz);
	one(f, "process_virtual_memory_bytes", "gauge", "Virtual memory size.", (double)s.vsize);
	one(f, "process_resident_memory_bytes", "gauge", "Resident memory size.",
	    (double)s.rss * (double)sysconf(_SC_PAGESIZE));
}
