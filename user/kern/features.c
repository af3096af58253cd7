// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "kern/features.h"

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

bool has_kernel_symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long address;
	char symbol[256];
	bool found = false;

	if (!f)
		return false;
	while (!found && fscanf(f, "%llx %*c %255s%*[^\n]\n", &address, symbol) == 2)
		found = address && !strcmp(symbol, name);
	fclose(f);
	return found;
}

bool has_kernel_btf(void)
{
	return !access("/sys/kernel/btf/vmlinux", R_OK);
}

const char *kernel_error(int err)
{
	return err == -ENOTSUPP ? "not supported by this kernel" : strerror(-err);
}
