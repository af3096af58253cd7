// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "out/buf.h"

static int pipe_fds[2];
static struct obuf buf;

static int open_pipe(void **unused)
{
	(void)unused;
	signal(SIGPIPE, SIG_IGN);
	return pipe2(pipe_fds, O_CLOEXEC) || obuf_init(&buf, pipe_fds[1]);
}

static int close_pipe(void **unused)
{
	(void)unused;
	obuf_free(&buf);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return 0;
}

static void add(const char *text)
{
	obuf_add(&buf, text, strlen(text));
}

static void nothing_before_the_flush(void **unused)
{
	char got[64];

	(void)unused;
	add("one ");
	add("two");
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(read(pipe_fds[0], got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(obuf_flush(&buf), 0);
	assert_int_equal(read(pipe_fds[0], got, sizeof(got)), 7);
	assert_memory_equal(got, "one two", 7);
	assert_int_equal(obuf_flush(&buf), 0);
	assert_int_equal(read(pipe_fds[0], got, sizeof(got)), -1);
}

/* A packet pipe keeps the limits of each write(2). */
static void one_write_a_batch(void **unused)
{
	static char got[4096];
	int fds[2];

	(void)unused;
	assert_int_equal(pipe2(fds, O_DIRECT), 0);
	buf.fd = fds[1];
	for (int i = 0; i < 100; i++)
		add("a line of the batch\n");
	assert_int_equal(obuf_flush(&buf), 0);
	assert_int_equal(read(fds[0], got, sizeof(got)), 2000);
	close(fds[0]);
	close(fds[1]);
}

struct reader {
	size_t want;
	size_t bad;
	unsigned int pause_us;
};

/* Reads in odd pieces, slowly at first, and checks the pattern. */
static void *read_pattern(void *arg)
{
	struct reader *r = arg;
	unsigned char piece[777];
	size_t at = 0;

	while (at < r->want) {
		ssize_t n = read(pipe_fds[0], piece, sizeof(piece));

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			r->bad += piece[i] != (unsigned char)((at + i) % 251);
		at += n;
		if (at < 20000)
			usleep(r->pause_us);
	}
	r->bad += at != r->want;
	return NULL;
}

static void write_pattern(size_t total)
{
	char piece[1000];

	for (size_t at = 0; at < total; at += sizeof(piece)) {
		for (size_t i = 0; i < sizeof(piece); i++)
			piece[i] = (char)((at + i) % 251);
		obuf_add(&buf, piece, sizeof(piece));
	}
	assert_int_equal(obuf_flush(&buf), 0);
}

static void run_pattern(size_t total)
{
	struct reader r = {.want = total, .pause_us = 1000};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, read_pattern, &r), 0);
	write_pattern(total);
	pthread_join(thread, NULL);
	assert_int_equal(r.bad, 0);
}

static void blocking_pipe(void **unused)
{
	(void)unused;
	run_pattern(200000);
}

/* The pipe holds 64 KiB: partial writes, EAGAIN, and waiting for room. */
static void non_blocking_pipe(void **unused)
{
	(void)unused;
	fcntl(pipe_fds[1], F_SETFL, O_NONBLOCK);
	run_pattern(200000);
}

static void large_batches_go_early(void **unused)
{
	(void)unused;
	run_pattern(3000000);
	assert_true(buf.cap <= 2 * OBUF_EARLY);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A signal without SA_RESTART interrupts the writer again and again. */
static void interrupted(void **unused)
{
	struct sigaction sa = {.sa_handler = on_signal};
	struct reader r = {.want = 200000, .pause_us = 3000};
	struct timespec often = {.tv_nsec = 1000000};
	struct itimerspec every = {.it_interval = often, .it_value = often};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	pthread_t thread;
	sigset_t set;
	timer_t timer;

	(void)unused;
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	/* the reader is not to be the one that is interrupted */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	assert_int_equal(pthread_create(&thread, NULL, read_pattern, &r), 0);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	timer_settime(timer, 0, &every, NULL);
	write_pattern(200000);
	timer_delete(timer);
	pthread_join(thread, NULL);
	assert_int_equal(r.bad, 0);
}

static void reader_gone(void **unused)
{
	(void)unused;
	add("first");
	close(pipe_fds[0]);
	pipe_fds[0] = -1;
	assert_int_equal(obuf_flush(&buf), -EPIPE);
	/* it stays so, and nothing piles up */
	for (int i = 0; i < 100000; i++)
		add("dropped without a word");
	assert_true(buf.cap < OBUF_EARLY);
	assert_int_equal(obuf_flush(&buf), -EPIPE);
}

static void other_errors(void **unused)
{
	int fd = open("/dev/full", O_WRONLY);

	(void)unused;
	if (fd < 0)
		skip();
	buf.fd = fd;
	add("x");
	assert_int_equal(obuf_flush(&buf), -ENOSPC);
	assert_int_equal(obuf_flush(&buf), -ENOSPC);
	close(fd);
}

static void room_as_asked(void **unused)
{
	char *p = obuf_room(&buf, 1000000);

	(void)unused;
	assert_non_null(p);
	memset(p, 'x', 1000000);
	obuf_done(&buf, p + 10);
	assert_int_equal(buf.len, 10);
	p = obuf_room(&buf, 5);
	assert_ptr_equal(p, buf.data + 10);
}

/* stdout is `fd`, which nobody reads: once it is to end, a write gives up; its flags are as they
 * were. */
static void give_up(int fd)
{
	int keep = dup(STDOUT_FILENO), stop[2], err;
	struct obuf to;

	assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
	assert_int_equal(obuf_init(&to, STDOUT_FILENO), 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	obuf_stop_on(stop[0]);
	assert_int_equal(write(stop[1], "", 1), 1);
	for (int i = 0; i < 1000; i++) {
		char *p = obuf_room(&to, 4096);

		memset(p, 'x', 4096);
		obuf_done(&to, p + 4096);
	}
	err = obuf_flush(&to);
	dup2(keep, STDOUT_FILENO);
	obuf_stop_on(-1);
	assert_int_equal(err, -ETIMEDOUT);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(obuf_flush(&to), -ETIMEDOUT);
	obuf_free(&to);
	close(keep);
	close(stop[0]);
	close(stop[1]);
}

static void nobody_reads(void **unused)
{
	(void)unused;
	give_up(pipe_fds[1]);
}

static void nobody_reads_the_socket(void **unused)
{
	int pair[2];

	(void)unused;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	give_up(pair[1]);
	close(pair[0]);
	close(pair[1]);
}

/* A terminal that hung up is as good as a closed pipe; a disk's EIO is not. */
static void the_terminal_has_gone(void **unused)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct obuf to;
	int slave;

	(void)unused;
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(obuf_init(&to, slave), 0);
	obuf_add(&to, "x", 1);
	assert_int_equal(obuf_flush(&to), 0);
	close(master);
	obuf_add(&to, "x", 1);
	assert_int_equal(obuf_flush(&to), -EPIPE);
	obuf_free(&to);
	close(slave);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_before_the_flush, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(one_write_a_batch, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(blocking_pipe, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(non_blocking_pipe, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(large_batches_go_early, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(interrupted, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(reader_gone, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(other_errors, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(room_as_asked, open_pipe, close_pipe),
		cmocka_unit_test_setup_teardown(nobody_reads, open_pipe, close_pipe),
		cmocka_unit_test(nobody_reads_the_socket),
		cmocka_unit_test(the_terminal_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
