// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections that nobody has a descriptor of any more, in each state on the way
 * out: what the peer does not do, and what it does in place of it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define FIN_WAIT OPEN ">FIN_WAIT_1>FIN_WAIT_2"

#define EXPECT_ACTIVE(d, ...) EXPECT_TUN(d, .open = "active", .close = "active", __VA_ARGS__)

/*
 * Longer than a small socket may last, by six seconds: these pass in the full one,
 * and as many again in the small one.
 */
static void outlasting(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	sock_opt(d->fd, TCP_LINGER2, 66);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_FIN_WAIT2);
	EXPECT_ACTIVE(d, .name = "FIN_WAIT_2 that becomes small, and times out",
		      .chain = FIN_WAIT ">CLOSED", .reason = "timeout",
		      .dwell = {{"FIN_WAIT_2", 12000, 0}});
}

static void unacked_fin(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_ACTIVE(d, .name = "FIN_WAIT_1, closed, no answer",
		      .chain = OPEN ">FIN_WAIT_1>CLOSED", .reason = "timeout",
		      .dwell = {{"FIN_WAIT_1", 500, 0}});
	sock_opt(d->fd, TCP_USER_TIMEOUT, 500);
	drive_close(d);
}

/* Long enough for a slow machine to get there: it passes beside the others. */
#define GIVE_UP_MS 5000

static void unacked_closing(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .name = "CLOSING, closed, no answer",
		   .chain = OPEN ">FIN_WAIT_1>CLOSING>CLOSED", .open = "active",
		   .close = "simultaneous", .reason = "timeout");
	sock_opt(d->fd, TCP_USER_TIMEOUT, GIVE_UP_MS);
	drive_close(d);
	drive_crossing_fin(d);
	procnet_await(d->port, d->p.port, TCP_CLOSING);
}

static void zero_window(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_ACTIVE(d, .name = "FIN_WAIT_1, closed, window shut",
		      .chain = OPEN ">FIN_WAIT_1>CLOSED", .reason = "timeout");
	sock_opt(d->fd, TCP_USER_TIMEOUT, GIVE_UP_MS);
	d->p.win = 0;
	peer_send(&d->p, TH_ACK);
	sock_send(d->fd, "stuck");
	fd_close(&d->fd);
}

/* The FIN gets lost, and is sent again. */
static void fin_again(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_ACTIVE(d, .name = "a FIN sent twice", .chain = FIN_WAIT ">TIMED_WAIT",
		      .dwell = {{"FIN_WAIT_1", 190, 0}});
	drive_close(d);
	peer_expect(&d->p, TH_FIN, NULL);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_FIN_WAIT2);
	drive_peer_fin(d);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

static void last_ack_again(struct drive *d, int tun, const struct fam *f)
{
	drive_close_wait(d, tun, f);
	EXPECT_TUN(d, .name = "a last FIN sent twice", .chain = OPEN ">CLOSE_WAIT>LAST_ACK>CLOSED",
		   .open = "active", .close = "passive", .reason = "fin",
		   .dwell = {{"LAST_ACK", 190, 0}});
	drive_close(d);
	peer_expect(&d->p, TH_FIN, NULL);
	peer_resend(&d->p, TH_FIN | TH_ACK, 1);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, -1);
}

/* Too short for sweeps, which have to conclude from what the full socket has left. */
static void short_fin_wait_2(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	EXPECT_ACTIVE(d, .name = "a short FIN_WAIT_2, reset", .chain = FIN_WAIT ">CLOSED",
		      .reason = "reset_received");
	peer_send(&d->p, TH_RST | TH_ACK);
	procnet_await(d->port, d->p.port, -1);
}

static void short_timed_wait(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	drive_close(d);
	EXPECT_ACTIVE(d, .name = "a short TIMED_WAIT, reset",
		      .chain = FIN_WAIT ">TIMED_WAIT>CLOSED", .reason = "killed");
	drive_peer_fin(d);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
	peer_send(&d->p, TH_RST);
	procnet_await(d->port, d->p.port, -1);
}

/* shutdown(), and only then close(): SYN_SENT is left by the first. */
static void shut_syn_sent(struct drive *d, int tun, const struct fam *f)
{
	drive_syn_sent(d, tun, f);
	EXPECT_TUN(d, .name = "shutdown in SYN_SEND", .chain = "CLOSED>SYN_SEND>CLOSED",
		   .open = "active", .reason = "aborted");
	shutdown(d->fd, SHUT_RDWR);
	sock_await(d->fd, TCP_CLOSE);
	fd_close(&d->fd);
}

static void shut_syn_recv(struct drive *d, int tun, const struct fam *f)
{
	drive_syn_recv(d, tun, f);
	EXPECT_TUN(
		d, .name = "shutdown in SYN_RECEIVED",
		.chain =
			"CLOSED>SYN_SEND>SYN_RECEIVED>ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT",
		.open = "simultaneous", .close = "active");
	shutdown(d->fd, SHUT_WR);
	peer_send(&d->p, TH_ACK);
	peer_expect(&d->p, TH_FIN, NULL);
	peer_send(&d->p, TH_ACK);
	sock_await(d->fd, TCP_FIN_WAIT2);
	drive_peer_fin(d);
	fd_close(&d->fd);
}

static void data_then_fin(struct drive *d, int tun, const struct fam *f)
{
	drive_fin_wait_2(d, tun, f);
	EXPECT_ACTIVE(d, .name = "data in FIN_WAIT_2, read, then FIN",
		      .chain = FIN_WAIT ">TIMED_WAIT");
	peer_send_data(&d->p, TH_ACK | TH_PUSH, "more");
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_drain(d->fd);
	fd_close(&d->fd);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

/* Unread data when TIMED_WAIT has been there for long: nothing to reset any more. */
static void unread_timed_wait(struct drive *d, int tun, const struct fam *f)
{
	drive_fin_wait_2(d, tun, f);
	EXPECT_ACTIVE(d, .name = "closed with unread data, in TIMED_WAIT",
		      .chain = FIN_WAIT ">TIMED_WAIT");
	peer_send_data(&d->p, TH_ACK | TH_PUSH, "more");
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE);
	fd_close(&d->fd);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

int main(void)
{
	static const struct scenario scenarios[] = {
		{unread_timed_wait, NULL}, {outlasting, NULL},	     {unacked_fin, NULL},
		{unacked_closing, NULL},   {zero_window, NULL},	     {fin_again, NULL},
		{last_ack_again, NULL},	   {short_fin_wait_2, NULL}, {short_timed_wait, NULL},
		{shut_syn_sent, NULL},	   {shut_syn_recv, NULL},    {data_then_fin, NULL},
	};
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, sizeof(scenarios) / sizeof(*scenarios));
	tiers_start(&ts, NULL);
	play_begin(&p);
	tiers_finish(&ts);
	return tap_done();
}
