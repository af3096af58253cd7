// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

static void make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC))
		tap_die("pipe: %s", strerror(errno));
}

void child_start(struct child *c, child_fn fn, void *arg)
{
	int up[2], down[2];

	make_pipe(up);
	make_pipe(down);
	c->pid = fork();
	if (c->pid < 0)
		tap_die("fork: %s", strerror(errno));
	c->from = c->pid ? up[0] : down[0];
	c->to = c->pid ? down[1] : up[1];
	close(c->pid ? up[1] : up[0]);
	close(c->pid ? down[0] : down[1]);
	if (c->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(c, arg);
	_exit(0);
}

struct report child_hear(struct child *c)
{
	struct report r = {0};

	if (read(c->from, &r, sizeof(r)) != sizeof(r))
		tap_die("a child of the test died");
	return r;
}

void child_tell(struct child *c)
{
	if (write(c->to, "", 1) != 1)
		tap_die("a child of the test is gone");
}

/* Its pipe may not end with this: children born later have it too. */
void child_end(struct child *c)
{
	kill(c->pid, SIGKILL);
	close(c->from);
	close(c->to);
	waitpid(c->pid, NULL, 0);
}

void child_report(struct child *self, int fd)
{
	struct report r = {
		.pid = getpid(),
		.tid = syscall(SYS_gettid),
		.netns = netns_inode(),
	};

	if (fd >= 0) {
		r.lport = sock_lport(fd);
		r.rport = sock_rport(fd);
	}
	if (write(self->to, &r, sizeof(r)) != sizeof(r))
		_exit(1);
}

/* The end of file is the parent's end. */
void child_pause(struct child *self)
{
	char byte;

	if (read(self->from, &byte, 1) != 1)
		_exit(1);
}
