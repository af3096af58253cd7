/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The reader's end of a BPF ring buffer.  Our own walk, not libbpf's: it gives
 * the consumer position back once a batch, and can tell whether the buffer is
 * empty before the reader goes to sleep.
 */
#ifndef TCPDWELL_KERN_RING_H
#define TCPDWELL_KERN_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct ring {
	unsigned long *consumer; /* page shared with the kernel, ours to write */
	const unsigned long *producer;
	const char *data; /* with its first page again behind it: no record wraps */
	size_t size;	  /* bytes, a power of two */
	size_t page;
	int fd;
};

/* Maps the BPF_MAP_TYPE_RINGBUF map `fd` of `size` bytes.  0 or -errno. */
int ring_open(struct ring *r, int fd, size_t size);
void ring_close(struct ring *r);

/*
 * Hands the committed records to fn, at most `max`.  The number handed over, or
 * fn's error (< 0), which ends the batch.
 */
typedef int (*ring_fn)(void *ctx, const void *rec, size_t size);
long ring_drain(struct ring *r, ring_fn fn, void *ctx, long max);

/*
 * Hands over all that began before this call.  A writer that was preempted halfway
 * holds up those behind it: it is waited for, 50 ms at most.  0, -EAGAIN, or fn's error.
 */
int ring_catch_up(struct ring *r, ring_fn fn, void *ctx);

/* Nothing is there, nor on its way. */
bool ring_empty(const struct ring *r);

#endif
