// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Measured: tests/e2e/rights.t runs everything that watch does with the filter
 * set to kill.  No fork, no exec, no memory that can be run as code.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kern/rights.h"

/* SCMP_A0() leaves out a field, which clang warns of */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* One the system headers do not know is left out. */
static const int allowed[] = {
	/* files: /proc, the configuration, what is printed */
	SCMP_SYS(openat),
	SCMP_SYS(open),
	SCMP_SYS(close),
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(stat),
	SCMP_SYS(stat64),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(statfs64),
	SCMP_SYS(fstatfs),
	SCMP_SYS(fstatfs64),
	SCMP_SYS(getdents64),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(fcntl),
	SCMP_SYS(fcntl64),
	SCMP_SYS(ioctl),
	SCMP_SYS(memfd_create),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fadvise64),
	SCMP_SYS(getcwd),
	SCMP_SYS(dup),
	/* a cgroup's path by its number */
	SCMP_SYS(open_by_handle_at),
	/* waiting */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(restart_syscall),
	/* clients of the metrics, the journal, the process that runs commands, netlink */
	SCMP_SYS(accept4),
	SCMP_SYS(accept),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recv),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(send),
	SCMP_SYS(sendfile),
	SCMP_SYS(shutdown),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	/* memory, and the rest of a C library's needs */
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrlimit),
	SCMP_SYS(ugetrlimit),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getrusage),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* Nothing is loaded, attached or looked up by number any more. */
static const unsigned int bpf_commands[] = {
	BPF_MAP_LOOKUP_ELEM,  BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM,
	BPF_MAP_GET_NEXT_KEY, BPF_ITER_CREATE,	   BPF_OBJ_GET_INFO_BY_FD,
};

static const unsigned int families[] = {AF_UNIX, AF_NETLINK};

#define N(list) (sizeof(list) / sizeof(*(list)))

/* What each call's argument has to be. */
static int allow_if(scmp_filter_ctx f, int call, struct scmp_arg_cmp arg)
{
	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &arg);
}

static int allow_memory(scmp_filter_ctx f)
{
	static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)};
	int err = 0;

	for (size_t i = 0; !err && i < N(calls); i++)
		err = allow_if(f, calls[i], SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return err;
}

static int allow_all(scmp_filter_ctx f)
{
	int err = allow_memory(f);

	for (size_t i = 0; !err && i < N(allowed); i++)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; !err && i < N(bpf_commands); i++)
		err = allow_if(f, SCMP_SYS(bpf), SCMP_A0(SCMP_CMP_EQ, bpf_commands[i]));
	for (size_t i = 0; !err && i < N(families); i++)
		err = allow_if(f, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, families[i]));
	return err ? err : allow_if(f, SCMP_SYS(setns), SCMP_A1(SCMP_CMP_EQ, CLONE_NEWNET));
}

static int action_of(const char *mode, __u32 *action)
{
	*action = SCMP_ACT_ERRNO(EPERM);
	if (!mode || !strcmp(mode, "errno"))
		return 0;
	if (!strcmp(mode, "kill"))
		*action = SCMP_ACT_KILL_PROCESS;
	else if (!strcmp(mode, "log"))
		*action = SCMP_ACT_LOG;
	else
		return -EINVAL;
	return 0;
}

/* The leak sanitizer makes a process that traces this one, at its end. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

int rights_filter(const char *mode)
{
	scmp_filter_ctx f;
	__u32 action;
	int err;

	if (mode && !strcmp(mode, "off"))
		return 0;
	err = action_of(mode, &action);
	if (err || SANITIZED)
		return err;
	f = seccomp_init(action);
	if (!f)
		return -ENOMEM;
	err = allow_all(f);
	if (!err)
		err = seccomp_load(f);
	seccomp_release(f);
	return err;
}
