/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel allows. */
#ifndef TCPDWELL_KERN_FEATURES_H
#define TCPDWELL_KERN_FEATURES_H

#include <stdbool.h>

struct btf;

/* include/linux/errno.h in the kernel: not EOPNOTSUPP */
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

/* How the small sockets are seen, best first. */
enum tier {
	TIER_AUTO = 0,
	TIER_FENTRY,
	TIER_TIMER,
	TIER_SWEEP,
	TIER_MAX,
};

const char *tier_name(enum tier tier);

/* A tier by name, or -EINVAL. */
int tier_by_name(const char *name);

/*
 * Whether the kernel tells (/proc/kallsyms) the address of tw_timer_handler(), which
 * the timer tier hangs on, or reqsk_timer_handler(); false for any other name.
 */
bool has_kernel_symbol(const char *name);

/* Whether the kernel's BTF is there (CONFIG_DEBUG_INFO_BTF). */
bool has_kernel_btf(void);

/*
 * Whether programs can read what the verifier has no type for without a call: the
 * kernel, whose BTF this is, has bpf_rdonly_cast() (Linux 6.2, a35b9af4ec2c), and a
 * JIT that takes kernel functions.  Asked by loading a program of a few instructions.
 */
bool has_rdonly_cast(const struct btf *btf);

/*
 * strerror() of what bpf(2) gave, -errno, and of the one number that the kernel
 * gives and no C library has a name for: ENOTSUPP.
 */
const char *kernel_error(int err);

#endif
