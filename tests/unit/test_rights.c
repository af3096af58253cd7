// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter of system calls, in children that it may end. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "kern/rights.h"

/* What becomes of a child that does this under the filter. */
static int fate_of(const char *mode, int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_DUMPABLE, 0); /* no core file */
		if (rights_filter(mode))
			_exit(100);
		_exit(fn());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int do_exec(void)
{
	char name[] = "/bin/true", *argv[] = {name, NULL};

	execv(name, argv);
	return errno;
}

static int do_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 ? errno : 0;
}

static int do_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? errno
		       : 0;
}

static int do_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int do_unshare(void)
{
	return unshare(CLONE_NEWUSER) ? errno : 0;
}

static int do_mount_namespace(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY);

	return setns(fd, CLONE_NEWNS) ? errno : 0;
}

static int (*const forbidden[])(void) = {
	do_exec, do_fork, do_code, do_inet, do_unshare, do_mount_namespace,
};

static int what_it_needs(void)
{
	char text[16];
	int fd = open("/proc/self/stat", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text)) <= 0 || close(fd))
		return 1;
	free(malloc(64 << 20));
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	return fd < 0 ? 2 : close(fd);
}

static void refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < N(forbidden); i++) {
		int status = fate_of(NULL, forbidden[i]);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != EPERM)
			fail_msg("%zu: %x", i, status);
	}
}

static void killed(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < N(forbidden); i++) {
		int status = fate_of("kill", forbidden[i]);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%zu: %x", i, status);
	}
}

static void allowed(void **unused)
{
	int status = fate_of("kill", what_it_needs);

	(void)unused;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(fate_of("off", do_fork), 0);
	assert_int_equal(rights_filter("nonsense"), -EINVAL);
}

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(killed),
		cmocka_unit_test(allowed),
	};

	if (SANITIZED) {
		puts("1..0 # SKIP the sanitizer needs more than the filter has");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
