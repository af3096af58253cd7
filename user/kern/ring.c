// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kern/ring.h"

/* How many records go by before the kernel gets their room back. */
#define GIVE_BACK 64

/* For how long, at most, the end of a writer is waited for. */
#define CATCH_UP_TRIES 500
#define CATCH_UP_NS 100000

/*
 * The data is there twice in a row, so that no record wraps; of the second image
 * the first page will do, since no record is longer.  What is mapped counts as
 * resident memory, twice if it is mapped twice.
 */
static size_t mapped(const struct ring *r)
{
	return r->page + r->size + r->page;
}

int ring_open(struct ring *r, int fd, size_t size)
{
	struct ring new = {.size = size, .page = sysconf(_SC_PAGESIZE), .fd = fd};
	void *consumer = mmap(NULL, new.page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	void *producer;

	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, mapped(&new), PROT_READ, MAP_SHARED, fd, new.page);
	if (producer == MAP_FAILED) {
		int err = -errno;

		munmap(consumer, new.page);
		return err;
	}
	new.consumer = consumer;
	new.producer = producer;
	new.data = (const char *)producer + new.page;
	*r = new;
	return 0;
}

void ring_close(struct ring *r)
{
	if (!r->consumer)
		return;
	munmap(r->consumer, r->page);
	munmap((void *)r->producer, mapped(r));
	r->consumer = NULL;
}

bool ring_empty(const struct ring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_SEQ_CST) == *r->consumer;
}

static unsigned long record_room(__u32 len)
{
	return (BPF_RINGBUF_HDR_SZ + len + 7UL) & ~7UL;
}

long ring_drain(struct ring *r, ring_fn fn, void *ctx, long max)
{
	unsigned long at = *r->consumer;
	unsigned long end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	long n = 0, since = 0;
	int err = 0;

	while (at < end && n < max && !err) {
		const char *rec = r->data + (at & (r->size - 1));
		/* pairs with the exchange in bpf_ringbuf_commit() */
		__u32 head = __atomic_load_n((const __u32 *)rec, __ATOMIC_ACQUIRE);
		__u32 len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (head & BPF_RINGBUF_BUSY_BIT)
			break;
		at += record_room(len);
		if (!(head & BPF_RINGBUF_DISCARD_BIT)) {
			n++;
			err = fn(ctx, rec + BPF_RINGBUF_HDR_SZ, len);
		}
		if (++since == GIVE_BACK) {
			__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
			since = 0;
		}
	}
	__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
	return err ? err : n;
}

int ring_catch_up(struct ring *r, ring_fn fn, void *ctx)
{
	const struct timespec nap = {.tv_nsec = CATCH_UP_NS};
	unsigned long end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);

	for (int i = 0; i < CATCH_UP_TRIES; i++) {
		long n = ring_drain(r, fn, ctx, LONG_MAX);

		if (n < 0)
			return (int)n;
		if (*r->consumer >= end)
			return 0;
		nanosleep(&nap, NULL);
	}
	return -EAGAIN;
}
