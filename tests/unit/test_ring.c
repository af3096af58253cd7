// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The reader of a ring buffer, over a file laid out like one. */
#include "unit.h"
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kern/ring.h"

static struct ring r;
static int fd;
static size_t page, size;
static unsigned long produced;

/* What was handed over. */
static struct {
	unsigned int n;
	__u64 first; /* 8 bytes of the last record */
	size_t size;
	__u64 sum;
	int fail_at; /* the record at which fn gives -ECANCELED */
} got;

static int begin(void **unused)
{
	(void)unused;
	page = sysconf(_SC_PAGESIZE);
	size = 2 * page;
	produced = 0;
	memset(&got, 0, sizeof(got));
	fd = memfd_create("ring", MFD_CLOEXEC);
	assert_true(fd >= 0);
	/* consumer's page, producer's page, the data twice */
	assert_int_equal(ftruncate(fd, 2 * page + 2 * size), 0);
	assert_int_equal(ring_open(&r, fd, size), 0);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	ring_close(&r);
	close(fd);
	return 0;
}

/* Into both images of the data, as the kernel's mapping has it; aligned, so that no word wraps. */
static void put(unsigned long at, __u64 word)
{
	off_t off = 2 * page + at % size;

	assert_int_equal(pwrite(fd, &word, sizeof(word), off), sizeof(word));
	assert_int_equal(pwrite(fd, &word, sizeof(word), off + size), sizeof(word));
}

static void set_producer(unsigned long at)
{
	assert_int_equal(pwrite(fd, &at, sizeof(at), page), sizeof(at));
}

static unsigned long consumer(void)
{
	unsigned long at;

	assert_int_equal(pread(fd, &at, sizeof(at), 0), sizeof(at));
	return at;
}

static void set_header(unsigned long at, __u32 len, __u32 bits)
{
	const union {
		__u32 half[2];
		__u64 word;
	} head = {{len | bits, 0}};

	put(at, head.word);
}

/* A record of at least 8 bytes that begins with a number.  Where it is. */
static unsigned long produce(__u64 number, __u32 len, __u32 bits)
{
	unsigned long at = produced;

	set_header(at, len, bits);
	put(at + BPF_RINGBUF_HDR_SZ, number);
	produced += (BPF_RINGBUF_HDR_SZ + len + 7) / 8 * 8;
	set_producer(produced);
	return at;
}

static int take(void *ctx, const void *rec, size_t len)
{
	assert_ptr_equal(ctx, &got);
	memcpy(&got.first, rec, sizeof(got.first));
	got.size = len;
	got.sum += got.first;
	got.n++;
	return got.fail_at && got.n == (unsigned int)got.fail_at ? -ECANCELED : 0;
}

static long drain(long max)
{
	return ring_drain(&r, take, &got, max);
}

static void in_order(void **unused)
{
	(void)unused;
	assert_true(ring_empty(&r));
	assert_int_equal(drain(100), 0);
	produce(1, 8, 0);
	produce(2, 13, 0);
	assert_false(ring_empty(&r));
	assert_int_equal(drain(100), 2);
	assert_int_equal(got.first, 2);
	assert_int_equal(got.size, 13);
	assert_int_equal(got.sum, 3);
	assert_true(ring_empty(&r));
	assert_int_equal(consumer(), produced);
	assert_int_equal(drain(100), 0);
}

/* What is not committed yet holds up what comes after it. */
static void busy(void **unused)
{
	unsigned long at;

	(void)unused;
	produce(1, 8, 0);
	at = produce(2, 8, BPF_RINGBUF_BUSY_BIT);
	produce(3, 8, 0);
	assert_int_equal(drain(100), 1);
	assert_int_equal(consumer(), at);
	assert_false(ring_empty(&r));
	assert_int_equal(drain(100), 0);
	set_header(at, 8, 0);
	assert_int_equal(drain(100), 2);
	assert_int_equal(got.first, 3);
}

static void discarded(void **unused)
{
	(void)unused;
	produce(1, 8, BPF_RINGBUF_DISCARD_BIT);
	produce(2, 40, 0);
	produce(3, 8, BPF_RINGBUF_DISCARD_BIT);
	assert_int_equal(drain(100), 1);
	assert_int_equal(got.first, 2);
	assert_int_equal(got.size, 40);
	assert_int_equal(consumer(), produced);
	assert_true(ring_empty(&r));
}

/* They count for nothing, not even for the limit. */
static void discarded_beside_the_limit(void **unused)
{
	(void)unused;
	produce(1, 8, BPF_RINGBUF_DISCARD_BIT);
	produce(2, 8, 0);
	produce(3, 8, 0);
	assert_int_equal(drain(1), 1);
	assert_int_equal(got.first, 2);
	assert_int_equal(drain(1), 1);
	assert_int_equal(got.first, 3);
	assert_int_equal(drain(1), 0);
}

static void limit(void **unused)
{
	(void)unused;
	for (int i = 1; i <= 10; i++)
		produce(i, 8, 0);
	assert_int_equal(drain(4), 4);
	assert_int_equal(got.first, 4);
	assert_int_equal(consumer(), 4 * 16);
	assert_int_equal(drain(0), 0);
	assert_int_equal(drain(100), 6);
	assert_int_equal(got.first, 10);
}

/* Many times round, each length, at each place of the buffer's end. */
static void wraps(void **unused)
{
	__u64 number = 0, sum = 0;

	(void)unused;
	for (int round = 0; round < 400; round++) {
		for (__u32 len = 8; len < 160; len += 24) {
			produce(++number, len, 0);
			sum += number;
		}
		assert_int_equal(drain(100), 7);
		assert_int_equal(got.first, number);
	}
	assert_int_equal(got.sum, sum);
	assert_true(produced > 20 * size);
}

/* An error ends the batch; the record that it was about is gone. */
static void error(void **unused)
{
	(void)unused;
	for (int i = 1; i <= 5; i++)
		produce(i, 8, 0);
	got.fail_at = 3;
	assert_int_equal(drain(100), -ECANCELED);
	assert_int_equal(got.n, 3);
	assert_int_equal(consumer(), 3 * 16);
	got.fail_at = 0;
	assert_int_equal(drain(100), 2);
	assert_int_equal(got.first, 5);
}

/* In a long batch the kernel gets room back before its end. */
static unsigned long early;

static int look(void *ctx, const void *rec, size_t len)
{
	(void)ctx;
	(void)rec;
	(void)len;
	if (++got.n == 200)
		early = consumer();
	return 0;
}

static void gives_back_early(void **unused)
{
	(void)unused;
	early = 0;
	for (int i = 0; i < 200; i++)
		produce(i, 8, 0);
	assert_int_equal(ring_drain(&r, look, NULL, 1000), 200);
	assert_true(early >= 64 * 16);
}

/* Another process ends its record while it is waited for. */
static void catches_up(void **unused)
{
	unsigned long at = produce(7, 8, BPF_RINGBUF_BUSY_BIT);
	pid_t writer;

	(void)unused;
	produce(8, 8, 0);
	assert_int_equal(ring_catch_up(&r, take, &got), -EAGAIN);
	assert_int_equal(got.n, 0);
	writer = fork();
	if (!writer) {
		usleep(5000);
		set_header(at, 8, 0);
		_exit(0);
	}
	while (ring_catch_up(&r, take, &got) == -EAGAIN)
		;
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.first, 8);
	assert_int_equal(ring_catch_up(&r, take, &got), 0);
	assert_int_equal(got.n, 2);
}

static void what_is_no_ring(void **unused)
{
	struct ring none = {0};

	(void)unused;
	assert_true(ring_open(&none, -1, size) < 0);
	assert_null(none.consumer);
	ring_close(&none);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(in_order),   ring_test(busy),
		ring_test(discarded),  ring_test(discarded_beside_the_limit),
		ring_test(limit),      ring_test(wraps),
		ring_test(error),      ring_test(gives_back_early),
		ring_test(catches_up), ring_test(what_is_no_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
