// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* No room for another TIMED_WAIT; and TIMED_WAIT in a network namespace that is removed. */
#include <stdio.h>

#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

#define MAX_BUCKETS "net.ipv4.tcp_max_tw_buckets"
#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"

/* Its small socket would be made in FIN_WAIT_2. */
static void overflow(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .name = "tcp_max_tw_buckets reached in FIN_WAIT_2",
		   .chain = OPEN ">FIN_WAIT_1>FIN_WAIT_2>CLOSED", .open = "active",
		   .close = "active", .reason = "time_wait_overflow");
	drive_close(d);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, -1);
}

static void overflow_with_fin(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .name = "tcp_max_tw_buckets reached by FIN and ACK",
		   .chain = OPEN ">FIN_WAIT_1>FIN_WAIT_2>CLOSED", .open = "active",
		   .close = "active", .reason = "time_wait_overflow");
	drive_close(d);
	peer_send(&d->p, TH_FIN | TH_ACK);
	procnet_await(d->port, d->p.port, -1);
}

static void overflow_in_closing(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .name = "tcp_max_tw_buckets reached in CLOSING",
		   .chain = OPEN ">FIN_WAIT_1>CLOSING>CLOSED", .open = "active",
		   .close = "simultaneous", .reason = "time_wait_overflow");
	drive_close(d);
	drive_crossing_fin(d);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, -1);
}

/* One that was there before is left alone. */
static void before(int tun, const struct fam *f)
{
	struct drive d;

	drive_timed_wait(&d, tun, f);
	EXPECT_TUN(&d, .name = "TIMED_WAIT from before tcp_max_tw_buckets was reached",
		   .chain = OPEN ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT", .open = "active",
		   .close = "active");
}

/* Its sockets in a namespace of their own: nothing else holds that one. */
static void in_other(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "a namespace removed with TIMED_WAIT in it", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = OPEN ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT>CLOSED",
	       .open = "active", .close = "active", .reason = "killed");
	fd_close(&p.c);
	procnet_await(p.cport, p.sport, TCP_FIN_WAIT2);
	pair_close(&p);
	procnet_await(p.cport, p.sport, TCP_TIME_WAIT);
}

/* ... and FIN_WAIT_2: the other end goes without a word. */
static void half_closed_in_other(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	/* on a slow machine no sweep comes by before it has gone */
	EXPECT(.name = "a namespace removed with FIN_WAIT_2 in it", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = OPEN ">FIN_WAIT_1>FIN_WAIT_2>CLOSED", .open = "active",
	       .close = "active", .reason = "killed", .guess = "reset_received|time_wait_overflow");
	fd_close(&p.c);
	procnet_await(p.cport, p.sport, TCP_FIN_WAIT2);
	sock_opt(p.s, TCP_REPAIR, 1);
	pair_close(&p);
}

static void enter(int fd)
{
	if (netns_enter(fd))
		tap_die("the namespace can't be entered");
	close(fd);
}

/* A tracer that is told of a namespace looks for a process in it. */
static void stay(struct child *self, void *arg)
{
	(void)arg;
	child_pause(self);
}

static void remove_netns(struct tiers *ts, int other, struct child *in_it)
{
	int here = netns_fd();

	enter(other);
	child_end(in_it);
	for (const struct fam *f = fams; f < FAMS_END; f++)
		in_other(f);
	for (const struct fam *f = fams; f < FAMS_END; f++)
		half_closed_in_other(f);
	tiers_await(ts, "TIMED_WAIT");
	tiers_await(ts, "FIN_WAIT_2");
	enter(here);
}

int main(void)
{
	static const struct scenario scenarios[] = {
		{overflow, NULL},
		{overflow_with_fin, NULL},
		{overflow_in_closing, NULL},
	};
	static struct tiers ts;
	static struct play p;
	struct child in_it;
	char inode[24];
	int other;

	netns_new();
	other = netns_fd();
	snprintf(inode, sizeof(inode), "%lu", netns_inode());
	child_start(&in_it, stay, NULL);
	play_init(&p, scenarios, sizeof(scenarios) / sizeof(*scenarios));
	tiers_start(&ts, "--netns", inode, NULL);
	for (const struct fam *f = fams; f < FAMS_END; f++)
		before(p.tun, f);
	tiers_await(&ts, "TIMED_WAIT");
	sysctl_set(MAX_BUCKETS, "0");
	play_begin(&p);
	remove_netns(&ts, other, &in_it);
	tiers_finish(&ts);
	return tap_done();
}
