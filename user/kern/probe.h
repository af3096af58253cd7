/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel says when it is asked: a small program, loaded and attached for a moment. */
#ifndef TCPDWELL_KERN_PROBE_H
#define TCPDWELL_KERN_PROBE_H

#include <stddef.h>

/*
 * Loads and attaches one program of bpf/probe.bpf.c, then takes it away again.
 * 0, or -errno as the kernel gave it, with a few words in `why` ("the program
 * was not loaded: Operation not permitted; <last words of the verifier>"), safe
 * for a terminal.  -ENOENT: there is no program of that name.
 */
int probe_program(const char *name, char *why, size_t len);

/* Whether fentry programs can be attached to the kernel's functions; as probe_program(). */
int probe_fentry(char *why, size_t len);

#endif
