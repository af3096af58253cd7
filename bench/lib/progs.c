// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "progs.h"

/* 0: the descriptor is neither a program nor a link to one */
static uint32_t prog_id_of(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned int id = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "prog_id: %u", &id) == 1)
			break;
	if (f)
		fclose(f);
	return id;
}

static int read_prog(struct prog *p)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(p->id);
	int err;

	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	close(fd);
	if (err)
		return err;
	snprintf(p->name, sizeof(p->name), "%s", info.name);
	p->jited_len = info.jited_prog_len;
	p->verified = info.verified_insns;
	p->run_ns = info.run_time_ns;
	p->runs = info.run_cnt;
	return 0;
}

static void add_prog(struct progs *p, uint32_t id)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (p->prog[i].id == id)
			return;
	if (p->n == PROGS_MAX)
		return;
	p->prog[p->n].id = id;
	if (!read_prog(&p->prog[p->n]))
		p->n++;
}

void progs_of(pid_t pid, struct progs *p)
{
	char path[64 + 256];
	struct dirent *e;
	DIR *dir;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		uint32_t id;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, e->d_name);
		id = e->d_name[0] == '.' ? 0 : prog_id_of(path);
		if (id)
			add_prog(p, id);
	}
	if (dir)
		closedir(dir);
}

void progs_spent(struct progs *p)
{
	for (unsigned int i = 0; i < p->n; i++) {
		struct prog now = p->prog[i];

		if (read_prog(&now))
			continue;
		now.run_ns -= p->prog[i].run_ns;
		now.runs -= p->prog[i].runs;
		p->prog[i] = now;
	}
}

uint64_t progs_ns(const struct progs *p)
{
	uint64_t ns = 0;

	for (unsigned int i = 0; i < p->n; i++)
		ns += p->prog[i].run_ns;
	return ns;
}

uint64_t progs_transitions(const struct progs *p)
{
	uint64_t runs = 0;

	/* "set_state", "inet_sock_set_s", "handle_set_stat": names are cut off */
	for (unsigned int i = 0; i < p->n; i++)
		if (strstr(p->prog[i].name, "set_s") && p->prog[i].runs > runs)
			runs = p->prog[i].runs;
	return runs;
}

int progs_time_on(void)
{
	return bpf_enable_stats(BPF_STATS_RUN_TIME);
}
