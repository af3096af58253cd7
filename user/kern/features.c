// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "kern/features.h"
#include "util/files.h"

static const char *const tier_names[TIER_MAX] = {
	[TIER_AUTO] = "auto",
	[TIER_FENTRY] = "fentry",
	[TIER_TIMER] = "timer",
	[TIER_SWEEP] = "sweep",
};

const char *tier_name(enum tier tier)
{
	return tier < TIER_MAX ? tier_names[tier] : "?";
}

int tier_by_name(const char *name)
{
	for (int i = 0; i < TIER_MAX; i++)
		if (!strcasecmp(name, tier_names[i]))
			return i;
	return -EINVAL;
}

/* What the programs refer to.  One pass over /proc/kallsyms, some 30 ms, is for all. */
static struct symbol {
	const char *name;
	bool found;
} symbols[] = {{"tw_timer_handler", false}, {"reqsk_timer_handler", false}};

/* A line is "ffffffff81000000 t name", with the module's name behind a tab; addresses may be
 * hidden. */
static void take_symbol(char *line)
{
	char *rest;
	bool known = strtoull(line, &rest, 16) != 0;

	if (!known || strlen(rest) < 4)
		return;
	rest += 3;
	rest[strcspn(rest, "\t\n")] = '\0';
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		symbols[i].found |= !strcmp(rest, symbols[i].name);
}

static void read_symbols(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		take_symbol(line);
	if (f)
		fclose(f);
}

bool has_kernel_symbol(const char *name)
{
	static bool done;

	if (!done)
		read_symbols();
	done = true;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		if (!strcmp(name, symbols[i].name))
			return symbols[i].found;
	return false;
}

bool has_kernel_btf(void)
{
	return !access("/sys/kernel/btf/vmlinux", R_OK);
}

const char *kernel_error(int err)
{
	return err == -ENOTSUPP ? "not supported by this kernel" : files_strerror(-err);
}

bool has_rdonly_cast(const struct btf *btf)
{
	__s32 func = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC);
	__s32 type = btf__find_by_name_kind(btf, "timer_list", BTF_KIND_STRUCT);
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = type},
		{.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .imm = func},
		{.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd;

	if (func < 0 || type < 0)
		return false;
	fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "probe_cast", "GPL", insns,
			   sizeof(insns) / sizeof(*insns), NULL);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}
