// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The server of a TCP Fast Open: its socket is there, and used, before the handshake is over. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

#define FAILED "LISTEN>SYN_RECEIVED>CLOSED"
#define PASSIVE "LISTEN>SYN_RECEIVED>ESTABLISHED"
#define PASSIVE_CLOSE ">CLOSE_WAIT>LAST_ACK>CLOSED"
#define ACTIVE_CLOSE ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT"

static void read_fast(const struct drive *d)
{
	char buf[8];

	if (read(d->fd, buf, 4) != 4)
		tap_die("no data");
}

/* The SYN-ACK once more. */
static void again(struct drive *d, int tun, const struct fam *f)
{
	drive_fast_child(d, tun, f);
	EXPECT_TUN(d, .name = "the SYN-ACK sent twice", .chain = PASSIVE PASSIVE_CLOSE,
		   .open = "passive", .close = "passive", .reason = "fin",
		   .dwell = {{"SYN_RECEIVED", 900, 0}});
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	peer_send(&d->p, TH_ACK);
	sock_await(d->fd, TCP_ESTABLISHED);
	read_fast(d);
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
}

/* Answered and closed before the handshake is over. */
static void closed(struct drive *d, int tun, const struct fam *f)
{
	drive_fast_child(d, tun, f);
	read_fast(d);
	EXPECT_TUN(d, .name = "closed in SYN_RECEIVED", .chain = "LISTEN>SYN_RECEIVED" ACTIVE_CLOSE,
		   .open = "passive", .close = "active");
	fd_close(&d->fd);
	peer_comes(&d->p, TH_FIN, NULL, 200);
	peer_send(&d->p, TH_ACK);
	peer_comes(&d->p, TH_FIN, NULL, 200);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_FIN_WAIT2);
	drive_peer_fin(d);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

static void closed_unread(struct drive *d, int tun, const struct fam *f)
{
	drive_fast_child(d, tun, f);
	EXPECT_TUN(d, .name = "closed in SYN_RECEIVED, its data unread", .chain = FAILED,
		   .open = "passive", .reason = "reset_sent");
	fd_close(&d->fd);
	peer_expect(&d->p, TH_RST, NULL);
}

/* The last ACK of the handshake has the FIN. */
static void ended(struct drive *d, int tun, const struct fam *f)
{
	drive_fast_child(d, tun, f);
	EXPECT_TUN(d, .name = "the FIN comes with the last ACK", .chain = PASSIVE PASSIVE_CLOSE,
		   .open = "passive", .close = "passive", .reason = "fin", .received = 4,
		   .totals = true);
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
	read_fast(d);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
}

/* Before it is accepted that ends it; after, it would be as of any connection. */
static void unreachable(struct drive *d, int tun, const struct fam *f)
{
	int fd;

	drive_fast_syn(d, tun, f);
	EXPECT_TUN(d, .name = "host unreachable", .chain = FAILED, .open = "passive",
		   .reason = "unreachable");
	peer_unreach(&d->p, UNREACH_HOST);
	fd = sock_accept(d->fd);
	sock_await(fd, TCP_CLOSE);
	close(fd);
	fd_close(&d->fd);
}

/* ... and then the same socket connects. */
static void disconnected(struct drive *d, int tun, const struct fam *f)
{
	struct drive own;

	drive_fast_child(d, tun, f);
	EXPECT_TUN(d, .name = "disconnected in SYN_RECEIVED", .chain = FAILED, .open = "passive",
		   .reason = "reset_sent");
	own = *d;
	sock_disconnect(own.fd);
	peer_expect(&d->p, TH_RST, NULL);
	peer_init(&own.p, tun, f);
	sock_start_on(own.fd, f, f->peer, own.p.port);
	own.port = sock_lport(own.fd);
	EXPECT_TUN(&own, .name = "... and connected", .chain = "CLOSED>SYN_SEND>ESTABLISHED>CLOSED",
		   .open = "active", .reason = "reset_received");
	peer_accept(&own.p);
	sock_await(own.fd, TCP_ESTABLISHED);
	peer_send(&own.p, TH_RST | TH_ACK);
	sock_await(own.fd, TCP_CLOSE);
	fd_close(&own.fd);
}

int main(void)
{
	static const struct scenario scenarios[] = {
		{again, NULL}, {closed, NULL},	    {closed_unread, NULL},
		{ended, NULL}, {unreachable, NULL}, {disconnected, NULL},
	};
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, sizeof(scenarios) / sizeof(*scenarios));
	drive_allow_fast();
	tiers_start(&ts, "--half-open", NULL);
	play_begin(&p);
	tiers_await(&ts, "TIMED_WAIT");
	tiers_let_sweep();
	tiers_finish(&ts);
	return tap_done();
}
