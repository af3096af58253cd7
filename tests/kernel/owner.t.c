// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose connection it is: the task that opened it, never the one that was running. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "expect.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define ACCEPTED "LISTEN>SYN_RECEIVED>ESTABLISHED"
#define ACTIVE_CLOSE ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT"
#define PASSIVE_CLOSE ">CLOSE_WAIT>LAST_ACK>CLOSED"

#define TEST_COMM "owner-test"
#define ME                                         \
	{                                          \
		.pid = getpid(), .comm = TEST_COMM \
	}
#define NOBODY 65534

/* Loopback, IPv4: owners do not depend on the family. */
static const struct fam *const v4 = &fams[FAM_V4];
static struct tracer tracer = TRACER_INIT;

struct place {
	int l; /* listener */
	const char *comm;
	int uid;
	bool rude; /* comm can't be shown as it is */
};

static void close_both(int client, int server)
{
	close(client);
	sock_await(server, TCP_CLOSE_WAIT);
	close(server);
}

static void *thread_connects(void *arg)
{
	struct pair *p = arg;

	prctl(PR_SET_NAME, "a-thread");
	pair_open_at(p, v4, v4->lo, p->l);
	return (void *)syscall(SYS_gettid);
}

static void thread(void)
{
	struct pair p = {.l = sock_listen(v4, v4->lo)};
	pthread_t th;
	void *tid;

	pthread_create(&th, NULL, thread_connects, &p);
	pthread_join(th, &tid);
	EXPECT(.name = "a thread connects", .fam = v4, .lport = p.cport, .rport = p.sport,
	       .chain = OPEN ACTIVE_CLOSE,
	       .owner = {.pid = getpid(), .tid = (long)tid, .comm = "a-thread"});
	close_both(p.c, p.s);
	close(p.l);
}

/* In a child: connects as told, reports, and closes when told. */
static void client(struct child *self, void *arg)
{
	const struct place *at = arg;
	int fd;

	if (at->comm)
		prctl(PR_SET_NAME, at->comm);
	if (at->uid && setuid(at->uid))
		_exit(1);
	fd = sock_connect(v4, v4->lo, sock_lport(at->l));
	child_report(self, fd);
	child_pause(self);
	close(fd);
	child_pause(self);
}

/*
 * Most of what happens to one end over loopback happens while the other end's
 * process is running.
 */
static void client_process(struct place at, const char *name, const char *server_name)
{
	struct child c;
	struct report r;
	int s;

	at.l = sock_listen(v4, v4->lo);
	child_start(&c, client, &at);
	r = child_hear(&c);
	s = sock_accept(at.l);
	EXPECT(.name = name, .fam = v4, .lport = r.lport, .rport = r.rport,
	       .chain = OPEN ACTIVE_CLOSE,
	       .owner = {r.pid, r.tid, at.uid, at.rude ? NULL : at.comm, false});
	EXPECT(.name = server_name, .fam = v4, .lport = r.rport, .rport = r.lport,
	       .chain = ACCEPTED PASSIVE_CLOSE, .owner = ME);
	child_tell(&c);
	sock_await(s, TCP_CLOSE_WAIT);
	close(s);
	child_tell(&c);
	child_end(&c);
	close(at.l);
}

static void processes(void)
{
	client_process((struct place){.comm = "client"}, "another process connects",
		       "the listener's process accepts from it");
	client_process((struct place){.comm = "nobody", .uid = NOBODY}, "another user connects",
		       "root accepts from another user");
}

/* In a child: has what its parent opened, and closes it last. */
static void heir(struct child *self, void *arg)
{
	const struct pair *p = arg;

	prctl(PR_SET_NAME, "heir");
	child_pause(self);
	close(p->c);
	child_pause(self);
}

static void inherited(void)
{
	struct child c;
	struct pair p;

	pair_open(&p, v4);
	EXPECT(.name = "closed last by a child that inherited it", .fam = v4, .lport = p.cport,
	       .rport = p.sport, .chain = OPEN ACTIVE_CLOSE, .owner = ME);
	child_start(&c, heir, &p);
	fd_close(&p.c);
	child_tell(&c);
	sock_await(p.s, TCP_CLOSE_WAIT);
	pair_close(&p);
	child_tell(&c);
	child_end(&c);
}

/* In a child: accepts from a listener that its parent opened. */
static void acceptor(struct child *self, void *arg)
{
	const struct place *at = arg;
	int s;

	prctl(PR_SET_NAME, "acceptor");
	s = sock_accept(at->l);
	child_report(self, s);
	sock_await(s, TCP_CLOSE_WAIT);
	close(s);
	child_pause(self);
}

static void accepted_elsewhere(void)
{
	struct place at = {.l = sock_listen(v4, v4->lo)};
	struct expect_owner owner = ME;
	struct child c;
	struct report r;
	int fd;

	child_start(&c, acceptor, &at);
	fd = sock_connect(v4, v4->lo, sock_lport(at.l));
	r = child_hear(&c);
	/* who accepts is seen only with fentry */
	if (!strcmp(line_str(tracer.hello, "tier"), "fentry"))
		owner = (struct expect_owner){.pid = r.pid, .comm = "acceptor", .at_last = true};
	EXPECT(.name = "accepted by another process than the listener's", .fam = v4,
	       .lport = r.lport, .rport = r.rport, .chain = ACCEPTED PASSIVE_CLOSE, .owner = owner);
	close(fd);
	child_tell(&c);
	child_end(&c);
	close(at.l);
}

/* In a child: connects a socket that its parent made. */
static void connects_for(struct child *self, void *arg)
{
	const struct pair *p = arg;

	prctl(PR_SET_NAME, "by-order");
	sock_connect_on(p->c, v4, v4->lo, p->sport);
	child_report(self, p->c);
	child_pause(self);
}

static void connected_by_another(void)
{
	struct pair p = {.c = sock_new(v4), .l = sock_listen(v4, v4->lo)};
	struct child c;
	struct report r;

	p.sport = sock_lport(p.l);
	child_start(&c, connects_for, &p);
	r = child_hear(&c);
	p.s = sock_accept(p.l);
	EXPECT(.name = "made by one process, connected by another", .fam = v4, .lport = r.lport,
	       .rport = r.rport, .chain = OPEN ACTIVE_CLOSE,
	       .owner = {.pid = r.pid, .comm = "by-order"});
	child_tell(&c);
	child_end(&c);
	close_both(p.c, p.s);
	close(p.l);
}

/* In a child: its own child is process 1 there, and another number here. */
static void in_pid_namespace(struct child *self, void *arg)
{
	const struct place *at = arg;
	struct child inner;
	struct report r;

	if (unshare(CLONE_NEWPID))
		_exit(1);
	child_start(&inner, client, arg);
	r = child_hear(&inner);
	r.pid = inner.pid;
	r.rport = sock_lport(at->l);
	if (write(self->to, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	child_tell(&inner);
	child_pause(self);
	child_tell(&inner);
	child_end(&inner);
}

static void pid_namespace(void)
{
	struct place at = {.l = sock_listen(v4, v4->lo), .comm = "contained"};
	struct child c;
	struct report r;
	int s;

	child_start(&c, in_pid_namespace, &at);
	r = child_hear(&c);
	EXPECT(.name = "a process in another pid namespace", .fam = v4, .lport = r.lport,
	       .rport = r.rport, .chain = OPEN ACTIVE_CLOSE,
	       .owner = {.pid = r.pid, .comm = "contained"});
	s = sock_accept(at.l);
	sock_await(s, TCP_CLOSE_WAIT);
	close(s);
	child_tell(&c);
	child_end(&c);
	close(at.l);
}

/* In a child: runs without end, until it is killed. */
static void busy(struct child *self, void *arg)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	(void)arg;
	prctl(PR_SET_NAME, "bystander");
	child_report(self, -1);
	while (clock_ms() < until)
		;
}

static void pin_to_one_cpu(void)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int i = CPU_SETSIZE; --i >= 0;) {
		if (!CPU_ISSET(i, &set))
			continue;
		CPU_ZERO(&set);
		CPU_SET(i, &set);
		break;
	}
	sched_setaffinity(0, sizeof(set), &set);
}

/* A timer ends the connection, and what it interrupts is a process that runs all the time. */
static void bystander(int tun)
{
	uint16_t nobody = sock_fresh_port();
	struct child c;
	cpu_set_t before;
	int fd;

	sched_getaffinity(0, sizeof(before), &before);
	pin_to_one_cpu();
	fd = sock_new(v4);
	sock_opt(fd, TCP_SYNCNT, 1);
	sock_start_on(fd, v4, v4->peer, nobody);
	EXPECT(.name = "ended by a timer beside a busy process", .lport = sock_lport(fd),
	       .rport = nobody, .chain = "CLOSED>SYN_SEND>CLOSED", .reason = "timeout",
	       .owner = ME);
	child_start(&c, busy, NULL);
	child_hear(&c);
	sock_await(fd, TCP_CLOSE);
	kill(c.pid, SIGKILL);
	child_end(&c);
	sched_setaffinity(0, sizeof(before), &before);
	close(fd);
	close(tun);
}

/* What a program calls itself is its own affair; the output stays JSON. */
static void rude_names(void)
{
	static const char *const names[] = {
		"\033[31mred\033[0m",
		"quo\"te\\\b\t\r\n\x01\x1f",
		"\xff\xfe\xc3(\xc0\xaf\xed\xa0\x80",
		"caf\xc3\xa9 \xe2\x82",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		client_process((struct place){.comm = names[i], .rude = true}, "a rude name",
			       "accepts from a rude name");
}

static void check_rude_name(const char *part)
{
	const json_t *line;
	bool found = false;
	size_t i;

	for (i = 0; (line = tracer_line(&tracer, i)); i++)
		found |= strstr(line_str(line, "owner.comm"), part) != NULL;
	tap_ok(found, "what can be shown of a rude name is shown: %s", part);
}

int main(void)
{
	int tun;

	netns_new();
	sysctl_set("net.ipv4.tcp_syn_linear_timeouts", "0");
	prctl(PR_SET_NAME, TEST_COMM);
	tun = tun_open("tun0");
	tracer_start(&tracer, NULL);
	thread();
	processes();
	inherited();
	accepted_elsewhere();
	connected_by_another();
	pid_namespace();
	rude_names();
	if (tun >= 0)
		bystander(tun);
	else
		tap_skip(strerror(-tun), "ended by a timer beside a busy process");
	expect_finish(&tracer);
	check_rude_name("[31mred");
	check_rude_name("quo\"te");
	check_rude_name("caf\xc3\xa9");
	tracer_free(&tracer);
	return tap_done();
}
