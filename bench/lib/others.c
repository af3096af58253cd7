// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "others.h"
#include "proc.h"

#define STEP_MS 200
/* Of the CPUs' time; what we do ourselves while we wait is much less. */
#define BUSY_PERCENT 10

static unsigned int noted, storms, disturbed;
static long patience_ms;

static bool is_tracing(__u32 id)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);
	int err;

	if (fd < 0)
		return false;
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	close(fd);
	return !err &&
	       (info.type == BPF_PROG_TYPE_TRACING || info.type == BPF_PROG_TYPE_TRACEPOINT ||
		info.type == BPF_PROG_TYPE_RAW_TRACEPOINT || info.type == BPF_PROG_TYPE_KPROBE ||
		info.type == BPF_PROG_TYPE_PERF_EVENT);
}

static unsigned int count(void)
{
	unsigned int n = 0;
	__u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id))
		n += is_tracing(id);
	return n;
}

struct ticks {
	unsigned long long all, idle;
};

static struct ticks ticks_now(void)
{
	unsigned long long user = 0, nice = 0, sys = 0, idle = 0, io = 0, irq = 0, soft = 0;
	FILE *f = fopen("/proc/stat", "re");

	if (f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &sys, &idle, &io,
			&irq, &soft) < 4)
		idle = 0;
	if (f)
		fclose(f);
	return (struct ticks){user + nice + sys + idle + io + irq + soft, idle + io};
}

/* Looks for a step's time. */
static bool is_busy(void)
{
	struct ticks before = ticks_now(), now;

	pause_ms(STEP_MS);
	now = ticks_now();
	now.all -= before.all;
	now.idle -= before.idle;
	return (now.all - now.idle) * 100 > now.all * BUSY_PERCENT;
}

unsigned int others_note(long patience_s)
{
	patience_ms = patience_s * 1000;
	noted = count();
	return noted;
}

/* What has gone since it was noted did not stay. */
static bool has_others(void)
{
	unsigned int now = count();

	if (now < noted)
		noted = now;
	return now > noted;
}

void others_wait(void)
{
	for (; patience_ms > 0 && (is_busy() || has_others()); patience_ms -= STEP_MS)
		;
}

int others_check(unsigned int own)
{
	bool alone = count() <= noted + own;

	storms++;
	disturbed += !alone;
	return alone;
}

unsigned int others_disturbed(unsigned int *of)
{
	*of = storms;
	return disturbed;
}
