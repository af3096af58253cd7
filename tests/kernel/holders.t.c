// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who holds a stuck socket and what is wrong with it, for a server that leaks
 * in each way there is; by the iterator and by /proc.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "kern/holders.h"
#include "kern/holders_proc.h"
#include "leak.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"
#include "tracer.h"

#define SOCKETS 3
#define CHILDREN 2
#define PATIENCE_NS (30 * NS_PER_S)

static char *program;
static json_t *rows; /* of the last run */
static int status;

/* Rows of `holders --json`, of this test's sockets with that local port. */
static void run(uint16_t port, const char *args)
{
	char command[512], *line = NULL;
	size_t size = 0;
	FILE *out;

	json_decref(rows);
	rows = json_array();
	snprintf(command, sizeof(command),
		 "%s holders --json --netns %lu --state CLOSE_WAIT --lport %u %s", program,
		 netns_inode(), port, args);
	out = popen(command, "re");
	if (!out)
		tap_die("%s: %m", command);
	while (getline(&line, &size, out) > 0) {
		json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		if (!row)
			tap_die("not JSON: %s", line);
		if (line_is(row, "socket"))
			json_array_append(rows, row);
		json_decref(row);
	}
	free(line);
	status = pclose(out);
}

static const json_t *row(size_t i)
{
	return json_array_get(rows, i);
}

static bool all_are(const char *diagnosis)
{
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (strcmp(line_str(row(i), "diagnosis"), diagnosis))
			return false;
	return json_array_size(rows) == SOCKETS;
}

/* What has just happened, or sends at times, may take more than one look. */
static void await(const struct leak *l, const char *diagnosis)
{
	int64_t end = clock_ns() + PATIENCE_NS;

	do
		run(l->port, "");
	while (!all_are(diagnosis) && clock_ns() < end);
	tap_ok(all_are(diagnosis), "%s: %d sockets are %s", leak_name(l->kind), SOCKETS, diagnosis);
	if (!all_are(diagnosis))
		tap_diag("%zu sockets, the first one %s", json_array_size(rows),
			 line_str(row(0), "diagnosis"));
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status), "%s: status 0", leak_name(l->kind));
}

/* The holder of each socket with that tid; NULL unless each has one. */
static const json_t *holder(size_t i, const char *of, pid_t pid, pid_t tid)
{
	const json_t *list = line_get(row(i), of), *h;

	for (size_t j = 0; j < json_array_size(list); j++) {
		h = json_array_get(list, j);
		if (line_int(h, "pid") == pid && line_int(h, "tid") == tid)
			return h;
	}
	return NULL;
}

static bool held_by(pid_t pid, pid_t tid, size_t of_all)
{
	for (size_t i = 0; i < SOCKETS; i++)
		if (!holder(i, "holders", pid, tid) ||
		    json_array_size(line_get(row(i), "holders")) != of_all)
			return false;
	return true;
}

/* A descriptor of this process is of the socket that it is said to be of. */
static bool descriptors_are_right(void)
{
	for (size_t i = 0; i < SOCKETS; i++) {
		int fd = line_int(holder(i, "holders", getpid(), getpid()), "fd");

		if (sock_rport(fd) != line_int(row(i), "rport"))
			return false;
	}
	return true;
}

/* Who opened a file is not in /proc, where holders looks before Linux 5.17. */
static void opened_by(const json_t *h, const char *whom, const char *name)
{
	if (kernel_since(5, 17))
		tap_ok(!strcmp(line_str(h, "opened_by"), whom), "%s: opened by %s", name, whom);
	else
		tap_skip("/proc does not tell", "%s: opened by %s", name, whom);
}

static void one_holder(const struct leak *l)
{
	const json_t *h;

	tap_ok(held_by(getpid(), getpid(), 1), "%s: held by the process alone", leak_name(l->kind));
	tap_ok(descriptors_are_right(), "%s: by the right descriptors", leak_name(l->kind));
	h = holder(0, "holders", getpid(), getpid());
	opened_by(h, "self", leak_name(l->kind));
	tap_ok(strstr(line_str(h, "cmdline"), "holders.t"), "%s: command line '%s'",
	       leak_name(l->kind), line_str(h, "cmdline"));
	tap_is(line_int(h, "ppid"), getppid(), "%s: parent", leak_name(l->kind));
	tap_is(line_int(h, "uid"), getuid(), "%s: user", leak_name(l->kind));
}

static void with(struct leak *l, enum leak_kind kind, const char *diagnosis)
{
	leak_start(l, kind, SOCKETS, CHILDREN);
	await(l, diagnosis);
}

static void by_itself(enum leak_kind kind, const char *diagnosis)
{
	struct leak l;

	with(&l, kind, diagnosis);
	one_holder(&l);
	leak_end(&l);
	run(l.port, "");
	tap_is(json_array_size(rows), 0, "%s: closed, and not shown any more", leak_name(kind));
}

static void children(void)
{
	struct leak l;
	char args[64];

	with(&l, LEAK_CHILD, kernel_since(5, 17) ? "kept_by_other" : "eof_read_not_closed");
	for (int i = 0; i < CHILDREN; i++) {
		tap_ok(held_by(l.child[i], l.child[i], CHILDREN), "child: held by child %d", i);
		opened_by(holder(0, "holders", l.child[i], l.child[i]), "parent", "child");
	}
	snprintf(args, sizeof(args), "--pid %d --fail-if-any", l.child[1]);
	run(l.port, args);
	tap_ok(held_by(l.child[0], l.child[0], CHILDREN), "--pid of one holder shows all of them");
	tap_is(WEXITSTATUS(status), 1, "--fail-if-any: status 1");
	snprintf(args, sizeof(args), "--pid %d --fail-if-any", getpid());
	run(l.port, args);
	tap_is(json_array_size(rows), 0, "--pid of one who has closed shows none");
	tap_is(WEXITSTATUS(status), 0, "--fail-if-any: status 0");
	leak_end(&l);
}

static void shared(void)
{
	const json_t *h;
	struct leak l;

	with(&l, LEAK_SHARED, "eof_read_not_closed");
	tap_ok(held_by(getpid(), getpid(), 1 + CHILDREN), "shared: held by the process");
	h = holder(0, "holders", l.child[0], l.child[0]);
	tap_ok(h && json_is_true(line_get(h, "inherited")),
	       "shared: and by a child that inherited");
	h = holder(0, "holders", getpid(), getpid());
	tap_ok(h && !line_get(h, "inherited"), "shared: ... which the process did not");
	leak_end(&l);
}

static void thread(void)
{
	const json_t *h;
	struct leak l;

	with(&l, LEAK_THREAD, "eof_read_not_closed");
	tap_ok(held_by(getpid(), l.tid, 1), "thread: held by the thread alone");
	h = holder(0, "holders", getpid(), l.tid);
	tap_ok(h && json_is_true(line_get(h, "own_table")), "thread: by its own table");
	tap_ok(h && !strcmp(line_str(h, "comm"), "hoarder"), "thread: by its own name");
	run(l.port, "--comm hoarder");
	tap_is(json_array_size(rows), SOCKETS, "--comm of a thread");
	run(l.port, "--comm nobody-s-name");
	tap_is(json_array_size(rows), 0, "--comm of nobody");
	leak_end(&l);
}

static void nobody(enum leak_kind kind, const char *diagnosis)
{
	size_t none = 0;
	struct leak l;

	with(&l, kind, diagnosis);
	for (size_t i = 0; i < SOCKETS; i++)
		none += !json_array_size(line_get(row(i), "holders"));
	tap_is(none, SOCKETS, "%s: held by nobody", leak_name(kind));
	if (kind == LEAK_NOT_ACCEPTED)
		tap_ok(holder(0, "listener_holders", getpid(), getpid()),
		       "not_accepted: whose listener it is");
	leak_end(&l);
}

/*
 * By /proc
 */

static void wanted_of(const struct leak *l, struct wanted_sock *w)
{
	for (int i = 0; i < SOCKETS; i++) {
		socklen_t len = sizeof(w[i].cookie);
		struct stat st;

		if (getsockopt(l->server[i], SOL_SOCKET, SO_COOKIE, &w[i].cookie, &len) ||
		    fstat(l->server[i], &st))
			tap_die("a socket's cookie: %m");
		w[i].ino = st.st_ino;
	}
}

static bool same_holders(const struct holders *a, const struct holders *b, __u64 cookie)
{
	__u32 n, m;
	const struct holder *h = holders_of(a, cookie, &n), *g = holders_of(b, cookie, &m);

	if (!n || n != m)
		return false;
	for (__u32 i = 0; i < n; i++)
		if (h[i].pid != g[i].pid || h[i].tid != g[i].tid || h[i].fd != g[i].fd ||
		    h[i].ppid != g[i].ppid || h[i].uid != g[i].uid ||
		    memcmp(h[i].comm, g[i].comm, sizeof(h[i].comm)) || !h[i].cmdline ||
		    !g[i].cmdline || strcmp(h[i].cmdline, g[i].cmdline) ||
		    (h[i].flags ^ g[i].flags) & HOLDER_OWN_TABLE)
			return false;
	return true;
}

/* Descriptors that the thread closed, but this process has not: to have both kinds of tables. */
static void both_ways(enum leak_kind kind)
{
	struct wanted_sock wanted[SOCKETS];
	struct holders kernel, proc;
	int kept[SOCKETS], same = 0;
	struct leak l;

	leak_start(&l, LEAK_NOT_CLOSING, SOCKETS, 0);
	wanted_of(&l, wanted);
	for (int i = 0; i < SOCKETS; i++)
		kept[i] = dup(l.server[i]);
	leak_end(&l);
	leak_start(&l, kind, 1, CHILDREN);
	if (holders_open(&kernel) || *kernel.why_proc)
		tap_skip("the iterator can't be used here", "%s: by /proc", leak_name(kind));
	else if (holders_open_proc(&proc, "a test") || holders_find(&kernel, wanted, SOCKETS) ||
		 holders_find(&proc, wanted, SOCKETS))
		tap_ok(false, "%s: both ways work", leak_name(kind));
	else
		for (int i = 0; i < SOCKETS; i++)
			same += same_holders(&kernel, &proc, wanted[i].cookie);
	if (!*kernel.why_proc) {
		tap_is(same, SOCKETS, "%s: /proc has the same holders", leak_name(kind));
		holders_close(&proc);
	}
	holders_close(&kernel);
	leak_end(&l);
	for (int i = 0; i < SOCKETS; i++)
		close(kept[i]);
}

int main(void)
{
	program = getenv("TCPDWELL");
	if (!program)
		tap_die("TCPDWELL: the path of the program");
	netns_new();
	by_itself(LEAK_NOT_READING, "eof_unread");
	by_itself(LEAK_DATA, "data_unread");
	by_itself(LEAK_NOT_CLOSING, "eof_read_not_closed");
	by_itself(LEAK_SENDING, "half_close_in_use");
	children();
	shared();
	thread();
	nobody(LEAK_IN_FLIGHT, "in_flight");
	nobody(LEAK_NOT_ACCEPTED, "not_accepted");
	both_ways(LEAK_NOT_CLOSING);
	both_ways(LEAK_SHARED);
	both_ways(LEAK_THREAD);
	json_decref(rows);
	return tap_done();
}
