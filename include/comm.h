/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A task's name, for the kernel side. */
#ifndef TCPDWELL_COMM_H
#define TCPDWELL_COMM_H

#include "wire.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define COMM_LE64(x) __builtin_bswap64(x)
#else
#define COMM_LE64(x) (x)
#endif

/* The bytes before the first that is 0, as they lie in memory; the others are 0. */
static inline __attribute__((always_inline)) __u64 comm_word(__u64 word)
{
	__u64 text = COMM_LE64(word);
	__u64 nul = (text - 0x0101010101010101ULL) & ~text & 0x8080808080808080ULL;

	return nul ? COMM_LE64(text & ((nul & -nul) - 1)) : word;
}

/*
 * A name of COMM_LEN bytes, both as words, without what the kernel has left behind
 * its end from a longer one, as Linux 6.1 does.
 */
static inline __attribute__((always_inline)) void comm_copy(__u64 to[2], const __u64 from[2])
{
	to[0] = comm_word(from[0]);
	to[1] = COMM_LE64(to[0]) >> 56 ? comm_word(from[1]) : 0;
}

#endif
