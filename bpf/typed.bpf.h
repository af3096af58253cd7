/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading kernel memory that the verifier has no type for: small and request
 * sockets, which are found by their timers.  bpf_probe_read_kernel() takes some
 * 20 ns a field; of what bpf_rdonly_cast() gives (Linux 6.2, a35b9af4ec2c) the
 * fields are read as those of an argument are, and a fault reads 0.
 */
#ifndef TCPDWELL_TYPED_BPF_H
#define TCPDWELL_TYPED_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "config.bpf.h"

/* as later versions of libbpf have it */
extern void *bpf_rdonly_cast(const void *obj__ign, __u32 btf_id__k) __ksym __weak;

/* An address as a pointer to `type`, for FIELD(). */
#define TYPED(type, address)                                                    \
	((type *)(config.casts ? bpf_rdonly_cast((const void *)(address),       \
						 bpf_core_type_id_kernel(type)) \
			       : (void *)(address)))

/* A field of what TYPED() or an argument points to. */
#define FIELD(p, field) (config.casts ? (p)->field : BPF_CORE_READ(p, field))

/* Fields of bits */
#define FIELD_BITS(p, field) \
	(config.casts ? BPF_CORE_READ_BITFIELD(p, field) : BPF_CORE_READ_BITFIELD_PROBED(p, field))

#endif
