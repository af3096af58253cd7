// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections that end without an orderly close and without a RST of either end's program. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "diag.h"
#include "drive.h"
#include "expect.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define NEVER_OPEN "CLOSED>SYN_SEND>CLOSED"
#define ME                      \
	{                       \
		.pid = getpid() \
	}

/* Waits for the end, which has come to the socket by itself. */
static void finish(struct drive *d)
{
	sock_await(d->fd, TCP_CLOSE);
	expect_retransmits(d->port, d->p.port, sock_retransmits(d->fd));
	close(d->fd);
}

static void refused(const struct fam *f)
{
	uint16_t port = sock_fresh_port(), lport = sock_fresh_port();
	int fd = sock_new(f);

	EXPECT(.name = "no listener", .fam = f, .lport = lport, .rport = port, .chain = NEVER_OPEN,
	       .open = "active", .reason = "refused", .owner = ME);
	sock_bind(fd, f, f->lo, lport);
	if (sock_connect_on(fd, f, f->lo, port) != -ECONNREFUSED)
		tap_die("a connection to no listener was not refused");
	close(fd);
}

static void refused_by_peer(int tun, const struct fam *f)
{
	struct drive d;

	drive_syn_sent(&d, tun, f);
	EXPECT_TUN(&d, .open = "active", .name = "RST for the SYN", .chain = NEVER_OPEN,
		   .reason = "refused", .dwell = {{"SYN_SEND", 50, 0}});
	sleep_ms(50);
	peer_send(&d.p, TH_RST | TH_ACK);
	finish(&d);
}

static void closed_while_connecting(int tun, const struct fam *f)
{
	struct drive d;

	drive_syn_sent(&d, tun, f);
	EXPECT_TUN(&d, .open = "active", .name = "close in SYN_SEND", .chain = NEVER_OPEN,
		   .reason = "aborted");
	close(d.fd);
}

static void disconnected_while_connecting(int tun, const struct fam *f)
{
	struct drive d;

	drive_syn_sent(&d, tun, f);
	EXPECT_TUN(&d, .open = "active", .name = "disconnect in SYN_SEND", .chain = NEVER_OPEN,
		   .reason = "aborted");
	sock_disconnect(d.fd);
	close(d.fd);
}

static void unreachable(int tun, const struct fam *f, enum peer_unreach why, const char *name,
			const char *reason)
{
	struct drive d;

	drive_syn_sent(&d, tun, f);
	EXPECT_TUN(&d, .open = "active", .name = name, .chain = NEVER_OPEN, .reason = reason);
	peer_unreach(&d.p, why);
	finish(&d);
}

/* There is nothing to show: the socket never leaves CLOSED. */
static void no_route(const struct fam *f)
{
	static const char *const nowhere[FAM_COUNT] = {"192.0.2.1", "2001:db8::1",
						       "::ffff:192.0.2.1"};
	uint16_t port = sock_fresh_port(), lport = sock_fresh_port();
	int fd = sock_new(f);

	EXPECT(.name = "no route", .fam = f, .lport = lport, .rport = port, .absent = true);
	sock_bind(fd, f, f->af == AF_INET ? "0.0.0.0" : "::", lport);
	if (!sock_connect_on(fd, f, nowhere[f - fams], port))
		tap_die("there is a route to a documentation address");
	close(fd);
}

/*
 * The slow ones, all at once: what is set up here fails while the others run.
 * Every peer falls silent.
 */
enum { SYN_TIMEOUT, USER_TIMEOUT, KEEPALIVE, ORPHAN_FIN_WAIT_1, ORPHAN_LAST_ACK, SLOW_COUNT };

static void syn_timeout(struct drive *d, int tun, const struct fam *f)
{
	int fd = sock_new(f);

	peer_init(&d->p, tun, f);
	sock_opt(fd, TCP_SYNCNT, 1);
	d->fd = sock_start_on(fd, f, f->peer, d->p.port);
	d->port = sock_lport(fd);
	EXPECT_TUN(d, .open = "active", .name = "no answer to the SYN", .chain = NEVER_OPEN,
		   .reason = "timeout", .dwell = {{"SYN_SEND", 1000, 0}});
}

static void user_timeout(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .open = "active", .name = "TCP_USER_TIMEOUT with data on its way",
		   .chain = OPEN ">CLOSED", .reason = "timeout",
		   .dwell = {{"ESTABLISHED", 400, 0}});
	sock_opt(d->fd, TCP_USER_TIMEOUT, 400);
	sock_send(d->fd, "Anybody there?");
}

static void keepalive(struct drive *d, int tun, const struct fam *f)
{
	int one = 1;

	drive_established(d, tun, f);
	EXPECT_TUN(d, .open = "active", .name = "no answer to keepalives", .chain = OPEN ">CLOSED",
		   .reason = "timeout", .dwell = {{"ESTABLISHED", 1500, 0}});
	sock_opt(d->fd, TCP_KEEPIDLE, 1);
	sock_opt(d->fd, TCP_KEEPINTVL, 1);
	sock_opt(d->fd, TCP_KEEPCNT, 1);
	setsockopt(d->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

static void orphan_fin_wait_1(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .open = "active", .name = "no answer to the FIN",
		   .chain = OPEN ">FIN_WAIT_1>CLOSED", .close = "active", .reason = "timeout",
		   .dwell = {{"FIN_WAIT_1", 200, 0}});
	fd_close(&d->fd);
}

static void orphan_last_ack(struct drive *d, int tun, const struct fam *f)
{
	drive_close_wait(d, tun, f);
	EXPECT_TUN(d, .open = "active", .name = "no answer to the last FIN",
		   .chain = OPEN ">CLOSE_WAIT>LAST_ACK>CLOSED", .close = "passive",
		   .reason = "timeout", .dwell = {{"LAST_ACK", 200, 0}});
	fd_close(&d->fd);
}

static struct drive slow[FAM_COUNT][SLOW_COUNT];

static void start_slow(int tun, const struct fam *f)
{
	static void (*const start[SLOW_COUNT])(struct drive *, int, const struct fam *) = {
		[SYN_TIMEOUT] = syn_timeout,
		[USER_TIMEOUT] = user_timeout,
		[KEEPALIVE] = keepalive,
		[ORPHAN_FIN_WAIT_1] = orphan_fin_wait_1,
		[ORPHAN_LAST_ACK] = orphan_last_ack,
	};

	for (int i = 0; i < SLOW_COUNT; i++)
		start[i](&slow[f - fams][i], tun, f);
}

static void finish_slow(const struct fam *f)
{
	for (int i = 0; i < SLOW_COUNT; i++)
		if (slow[f - fams][i].fd >= 0)
			finish(&slow[f - fams][i]);
}

static void destroyed(const struct fam *f)
{
	struct pair p;
	int err;

	pair_open(&p, f);
	err = diag_destroy(p.c);
	if (err)
		tap_skip(strerror(-err), "%s: SOCK_DESTROY", f->name);
	else
		EXPECT(.name = "SOCK_DESTROY in ESTABLISHED: this end", .fam = f, .lport = p.cport,
		       .rport = p.sport, .chain = OPEN ">CLOSED", .open = "active",
		       .reason = "aborted", .owner = ME);
	if (!err)
		EXPECT(.name = "SOCK_DESTROY in ESTABLISHED: the other end", .fam = f,
		       .lport = p.sport, .rport = p.cport,
		       .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED>CLOSED", .open = "passive",
		       .reason = "reset_received", .owner = ME);
	pair_close(&p);
}

static void destroyed_listener(const struct fam *f)
{
	int fd = sock_listen(f, f->lo);

	EXPECT(.name = "SOCK_DESTROY of a listener", .fam = f, .lport = sock_lport(fd),
	       .chain = "CLOSED>LISTEN>CLOSED", .owner = ME);
	/* without the kernel's support, close() does the same to the chain */
	diag_destroy(fd);
	close(fd);
}

static void destroyed_close_wait(int tun, const struct fam *f)
{
	struct drive d;

	drive_close_wait(&d, tun, f);
	if (!diag_destroy(d.fd))
		EXPECT_TUN(&d, .open = "active", .name = "SOCK_DESTROY in CLOSE_WAIT",
			   .chain = OPEN ">CLOSE_WAIT>CLOSED", .close = "passive",
			   .reason = "aborted");
	close(d.fd);
}

static void over_tun(int tun, const struct fam *f)
{
	refused_by_peer(tun, f);
	closed_while_connecting(tun, f);
	disconnected_while_connecting(tun, f);
	unreachable(tun, f, UNREACH_HOST, "host unreachable", "unreachable");
	unreachable(tun, f, UNREACH_NET, "network unreachable", "unreachable");
	unreachable(tun, f, UNREACH_PORT, "port unreachable", "refused");
	destroyed_close_wait(tun, f);
}

static void settings(void)
{
	/* where it exists, it adds retransmissions of the SYN: Linux 6.5 */
	sysctl_set("net.ipv4.tcp_syn_linear_timeouts", "0");
	sysctl_set("net.ipv4.tcp_orphan_retries", "1");
}

int main(void)
{
	struct tracer t = TRACER_INIT;
	int tun;

	netns_new();
	settings();
	tun = tun_open("tun0");
	tracer_start(&t, NULL);
	if (tun < 0)
		tap_skip(strerror(-tun), "what needs a raw peer");
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		if (tun >= 0)
			start_slow(tun, f);
		refused(f);
		no_route(f);
		destroyed(f);
		destroyed_listener(f);
		if (tun >= 0)
			over_tun(tun, f);
	}
	for (const struct fam *f = fams; f < FAMS_END; f++)
		if (tun >= 0)
			finish_slow(f);
	expect_finish(&t);
	tracer_free(&t);
	return tap_done();
}
