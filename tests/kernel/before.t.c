// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sockets that were there before the tracer, here and in other network namespaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "drive.h"
#include "expect.h"
#include "netns.h"
#include "nsmount.h"
#include "sock.h"
#include "tap.h"

#define ME                      \
	{                       \
		.pid = getpid() \
	}
/* How long before the start they come into their state. */
#define AGE_MS 1000
/* The kernel keeps the moment of the last segment in ticks or ms. */
#define COARSE_MS 15

struct old {
	struct pair p;
	int64_t from_ms, to_ms; /* it came into its state between these */
	unsigned long netns;
};

static struct {
	struct old idle, leaked, half, listener;
	struct drive connecting;
} here[FAM_COUNT];

static struct old mounted, held;
static int64_t hello_ms;

static void make_idle(struct old *o, const struct fam *f)
{
	o->netns = netns_inode();
	o->from_ms = clock_ms();
	pair_open(&o->p, f);
	o->to_ms = clock_ms();
}

/* The peer has closed, the program has not. */
static void make_leaked(struct old *o, const struct fam *f)
{
	make_idle(o, f);
	o->from_ms = clock_ms();
	fd_close(&o->p.c);
	sock_await(o->p.s, TCP_CLOSE_WAIT);
	o->to_ms = clock_ms();
}

static void make_half(struct old *o, const struct fam *f)
{
	make_idle(o, f);
	shutdown(o->p.c, SHUT_WR);
	sock_await(o->p.c, TCP_FIN_WAIT2);
}

static void end_idle(struct old *o, const struct fam *f)
{
	long since_hello = clock_ms() - hello_ms;

	fd_close(&o->p.c);
	sock_await(o->p.s, TCP_CLOSE_WAIT);
	EXPECT(.name = "ESTABLISHED from before, closed: client", .fam = f, .lport = o->p.cport,
	       .rport = o->p.sport, .chain = "ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT",
	       .close = "active", .owner = ME,
	       .dwell = {{"ESTABLISHED", since_hello, clock_ms() - o->from_ms + COARSE_MS}});
	EXPECT(.name = "ESTABLISHED from before, closed: server", .fam = f, .lport = o->p.sport,
	       .rport = o->p.cport, .chain = "ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSED",
	       .close = "passive", .reason = "fin", .owner = ME,
	       .dwell = {{"ESTABLISHED", since_hello, clock_ms() - o->from_ms + COARSE_MS}});
	fd_close(&o->p.s);
}

static void end_leaked(struct old *o, const struct fam *f, const char *name, pid_t pid)
{
	long at_least = clock_ms() - o->to_ms - COARSE_MS;

	if (o->p.s >= 0)
		fd_close(&o->p.s);
	EXPECT(.name = name, .fam = f, .lport = o->p.sport, .rport = o->p.cport,
	       .chain = "CLOSE_WAIT>LAST_ACK>CLOSED", .close = "passive", .reason = "fin",
	       .owner = {.pid = pid}, .netns = o->netns,
	       .dwell = {{"CLOSE_WAIT", at_least, clock_ms() - o->from_ms + COARSE_MS}});
}

/* The other end of it: in a small socket. */
static void end_closed(const struct old *o, const struct fam *f)
{
	bool stamped = kernel_since(6, 14); /* the small socket says when it was made */
	long stay = stamped ? clock_ms() - o->to_ms - COARSE_MS : 0;

	EXPECT(.name = "FIN_WAIT_2 from before, closed", .fam = f, .lport = o->p.cport,
	       .rport = o->p.sport, .chain = "FIN_WAIT_2>TIMED_WAIT", .close = "active",
	       .exact = stamped ? "FIN_WAIT_2" : NULL,
	       .dwell = {{"FIN_WAIT_2", stay, clock_ms() - o->from_ms + COARSE_MS}});
}

static void end_half(struct old *o, const struct fam *f)
{
	EXPECT(.name = "FIN_WAIT_2 from before, closed by its peer", .fam = f, .lport = o->p.cport,
	       .rport = o->p.sport, .chain = "FIN_WAIT_2>TIMED_WAIT", .close = "active",
	       .owner = ME, .dwell = {{"FIN_WAIT_2", clock_ms() - hello_ms, 0}});
	fd_close(&o->p.s);
	sock_await(o->p.c, TCP_CLOSE);
	fd_close(&o->p.c);
}

/* A listener from before, closed after it has accepted one more. */
static void end_listener(struct old *o, const struct fam *f)
{
	struct pair p;

	pair_open_at(&p, f, f->lo, o->p.l);
	EXPECT(.name = "accepted by a listener from before", .fam = f, .lport = p.sport,
	       .rport = p.cport,
	       .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSED",
	       .open = "passive", .close = "passive", .reason = "fin", .owner = ME);
	EXPECT(.name = "a listener from before", .fam = f, .lport = p.sport,
	       .chain = "LISTEN>CLOSED", .owner = ME,
	       .dwell = {{"LISTEN", clock_ms() - hello_ms, 0}});
	close(p.c);
	sock_await(p.s, TCP_CLOSE_WAIT);
	close(p.s);
	close(p.l);
}

static void end_connecting(struct drive *d)
{
	EXPECT_TUN(d, .name = "SYN_SEND from before, closed", .chain = "SYN_SEND>CLOSED",
		   .reason = "aborted", .exact = "SYN_SEND", .dwell = {{"SYN_SEND", AGE_MS, 0}},
		   .age_ms = AGE_MS);
	fd_close(&d->fd);
}

static void make_here(int tun)
{
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		make_idle(&here[f - fams].idle, f);
		make_leaked(&here[f - fams].leaked, f);
		make_half(&here[f - fams].half, f);
		make_idle(&here[f - fams].listener, f);
		if (tun >= 0)
			drive_syn_sent(&here[f - fams].connecting, tun, f);
	}
}

static void end_here(int tun)
{
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		end_idle(&here[f - fams].idle, f);
		end_closed(&here[f - fams].leaked, f);
		end_leaked(&here[f - fams].leaked, f, "CLOSE_WAIT from before, closed", getpid());
		end_half(&here[f - fams].half, f);
		end_listener(&here[f - fams].listener, f);
		if (tun >= 0)
			end_connecting(&here[f - fams].connecting);
	}
}

/* A namespace without a process: a mount keeps it, and this process has a socket of it. */
static int make_mounted(void)
{
	int back = netns_fd(), err;

	netns_new();
	err = netns_mount();
	if (!err)
		make_leaked(&mounted, &fams[FAM_V4]);
	netns_enter(back);
	close(back);
	return err;
}

/* In a child: the only one in its namespace. */
static void holder(struct child *self, void *arg)
{
	struct old o;

	(void)arg;
	netns_new();
	make_leaked(&o, &fams[FAM_V6]);
	child_report(self, o.p.s);
	child_pause(self);
	fd_close(&o.p.s);
	child_report(self, -1);
	child_pause(self);
}

static void make_held(struct child *c)
{
	struct report r;

	held.from_ms = clock_ms();
	child_start(c, holder, NULL);
	r = child_hear(c);
	held.to_ms = clock_ms();
	held.netns = r.netns;
	held.p.sport = r.lport;
	held.p.cport = r.rport;
	held.p.s = -1;
}

static void end_held(struct child *c)
{
	child_tell(c);
	child_hear(c);
	end_leaked(&held, &fams[FAM_V6], "in a namespace that a process keeps", c->pid);
	child_tell(c);
}

static const json_t *socket_line(struct tracer *t, const struct old *o)
{
	const json_t *line;
	size_t i;

	for (i = 0; (line = tracer_line(t, i)); i++)
		if (line_is(line, "socket") && line_int(line, "lport") == o->p.sport &&
		    line_int(line, "rport") == o->p.cport &&
		    line_int(line, "netns") == (long)o->netns)
			return line;
	return NULL;
}

static bool told_last(struct tracer *t, void *arg)
{
	(void)arg;
	return socket_line(t, &held) && socket_line(t, &here[FAM_COUNT - 1].leaked);
}

/* It is told at the start, with a bound of its stay. */
static void check_told(struct tracer *t, const struct old *o, const char *what, pid_t pid)
{
	const json_t *line = socket_line(t, o);
	bool good = line && !strcmp(line_str(line, "state"), "CLOSE_WAIT") &&
		    !strcmp(line_str(line, "dwell"), "at_least") &&
		    line_int(line, "dwell_ns") >= (AGE_MS - COARSE_MS) * NS_PER_MS &&
		    line_int(line, "owner.pid") == pid;
	char *text;

	if (tap_ok(good, "%s is told as a socket line", what))
		return;
	text = json_dumps(line, JSON_COMPACT);
	tap_diag("port %d: %s", o->p.sport, text ? text : "no such line");
	free(text);
}

static void check_all_told(struct tracer *t, bool has_mount, pid_t child)
{
	tracer_wait(t, told_last, NULL);
	for (const struct fam *f = fams; f < FAMS_END; f++)
		check_told(t, &here[f - fams].leaked, f->name, getpid());
	if (has_mount)
		check_told(t, &mounted, "one in a namespace that a mount keeps", getpid());
	check_told(t, &held, "one in a namespace that a process keeps", child);
}

/* The other namespaces are named, so that a busy host doesn't matter; they still must be found. */
static void start(struct tracer *t)
{
	char mounted_ns[24], held_ns[24];

	snprintf(mounted_ns, sizeof(mounted_ns), "%lu", mounted.netns);
	snprintf(held_ns, sizeof(held_ns), "%lu", held.netns);
	tracer_start(t, "--netns", held_ns, mounted.netns ? "--netns" : NULL, mounted_ns, NULL);
}

int main(void)
{
	struct tracer t = TRACER_INIT;
	struct child c;
	int tun, no_mount;

	netns_new();
	tun = tun_open("tun0");
	make_held(&c); /* first: a child has what is open when it is born */
	make_here(tun);
	no_mount = make_mounted();
	sleep_ms(AGE_MS);
	start(&t);
	hello_ms = clock_ms();
	check_all_told(&t, !no_mount, c.pid);
	end_here(tun);
	if (no_mount)
		tap_skip(strerror(-no_mount), "in a namespace that a mount keeps");
	else
		end_leaked(&mounted, &fams[FAM_V4], "in a namespace that a mount keeps", getpid());
	end_held(&c);
	expect_finish(&t);
	child_end(&c);
	tracer_free(&t);
	return tap_done();
}
