// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways to close that the usual ones don't pass: who is told of it, and what it leads to. */
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

#define STAY_MS 60
#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define FIN_WAIT OPEN ">FIN_WAIT_1>FIN_WAIT_2"

#define EXPECT_ACTIVE(d, ...) EXPECT_TUN(d, .open = "active", .close = "active", __VA_ARGS__)

/* Longer than a small socket lasts: FIN_WAIT_2 stays in the full one. */
static void full_fin_wait_2(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	sock_opt(d->fd, TCP_LINGER2, 120);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_FIN_WAIT2);
	sleep_ms(STAY_MS);
}

static void long_fin_wait_2(struct drive *d, int tun, const struct fam *f)
{
	full_fin_wait_2(d, tun, f);
	EXPECT_ACTIVE(d, .name = "FIN_WAIT_2 for longer than a minute",
		      .chain = FIN_WAIT ">TIMED_WAIT", .dwell = {{"FIN_WAIT_2", STAY_MS, 0}});
	drive_peer_fin(d);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

static void long_fin_wait_2_reset(struct drive *d, int tun, const struct fam *f)
{
	full_fin_wait_2(d, tun, f);
	EXPECT_ACTIVE(d, .name = "FIN_WAIT_2 for longer than a minute: RST",
		      .chain = FIN_WAIT ">CLOSED", .reason = "reset_received",
		      .dwell = {{"FIN_WAIT_2", STAY_MS, 0}});
	peer_send(&d->p, TH_RST | TH_ACK);
	procnet_await(d->port, d->p.port, -1);
}

static void long_fin_wait_2_data(struct drive *d, int tun, const struct fam *f)
{
	full_fin_wait_2(d, tun, f);
	EXPECT_ACTIVE(d, .name = "FIN_WAIT_2 for longer than a minute: data",
		      .chain = FIN_WAIT ">CLOSED", .reason = "reset_sent",
		      .dwell = {{"FIN_WAIT_2", STAY_MS, 0}});
	peer_send_data(&d->p, TH_ACK | TH_PUSH, "too late");
	peer_expect(&d->p, TH_RST, NULL);
}

/* Neither end reads any more, and data comes. */
static void shut(struct drive *d, int tun, const struct fam *f, int state)
{
	drive_established(d, tun, f);
	shutdown(d->fd, SHUT_RDWR);
	peer_expect(&d->p, TH_FIN, NULL);
	sock_await(d->fd, TCP_FIN_WAIT1);
	if (state == TCP_FIN_WAIT2)
		peer_send(&d->p, TH_ACK);
	else
		d->p.ack--;
	sock_await(d->fd, state);
	peer_send_data(&d->p, TH_ACK | TH_PUSH, "unwanted");
	peer_expect(&d->p, TH_RST, NULL);
	sock_await(d->fd, TCP_CLOSE);
	close(d->fd);
}

static void shut_fin_wait_1(struct drive *d, int tun, const struct fam *f)
{
	shut(d, tun, f, TCP_FIN_WAIT1);
	EXPECT_ACTIVE(d, .name = "shutdown(SHUT_RDWR), data in FIN_WAIT_1",
		      .chain = OPEN ">FIN_WAIT_1>CLOSED", .reason = "reset_sent");
}

static void shut_fin_wait_2(struct drive *d, int tun, const struct fam *f)
{
	shut(d, tun, f, TCP_FIN_WAIT2);
	EXPECT_ACTIVE(d, .name = "shutdown(SHUT_RDWR), data in FIN_WAIT_2",
		      .chain = FIN_WAIT ">CLOSED", .reason = "reset_sent");
}

/* Reading is shut down: no transition.  TIMED_WAIT with the descriptor still open. */
static void shut_in_turn(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_ACTIVE(d, .name = "shutdown of each direction, descriptor open",
		      .chain = FIN_WAIT ">TIMED_WAIT");
	shutdown(d->fd, SHUT_RD);
	shutdown(d->fd, SHUT_WR);
	peer_expect(&d->p, TH_FIN, NULL);
	peer_send(&d->p, TH_ACK);
	sock_await(d->fd, TCP_FIN_WAIT2);
	drive_peer_fin(d);
	sock_await(d->fd, TCP_CLOSE);
	shutdown(d->fd, SHUT_RDWR);
	close(d->fd);
}

/* ... and a connection comes after it, on the same socket. */
static void timed_wait_and_again(struct drive *d, int tun, const struct fam *f)
{
	struct drive next;

	drive_fin_wait_2(d, tun, f);
	EXPECT_ACTIVE(d, .name = "TIMED_WAIT of a socket that connects again",
		      .chain = FIN_WAIT ">TIMED_WAIT");
	drive_peer_fin(d);
	sock_await(d->fd, TCP_CLOSE);
	sock_disconnect(d->fd);
	next = *d;
	next.p.port = sock_fresh_port();
	next.p.kport = 0;
	sock_start_on(d->fd, f, f->peer, next.p.port);
	next.port = sock_lport(d->fd);
	peer_accept(&next.p);
	EXPECT_TUN(&next, .name = "... and resets that one", .chain = OPEN ">CLOSED",
		   .open = "active", .reason = "reset_received");
	peer_send(&next.p, TH_RST | TH_ACK);
	sock_await(next.fd, TCP_CLOSE);
	close(next.fd);
}

static void linger(struct drive *d, int tun, const struct fam *f)
{
	struct linger l = {.l_onoff = 1, .l_linger = 1};

	drive_established(d, tun, f);
	EXPECT_ACTIVE(d, .name = "close() that waits for a second", .chain = FIN_WAIT ">TIMED_WAIT",
		      .dwell = {{"FIN_WAIT_1", 1000, 0}});
	setsockopt(d->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	drive_close(d);
	peer_send(&d->p, TH_FIN | TH_ACK);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

/* Data, FIN and the ACK of the FIN come at once. */
static void all_at_once(struct drive *d, int tun, const struct fam *f)
{
	drive_fin_wait_1(d, tun, f);
	EXPECT_ACTIVE(d, .name = "data, FIN and ACK in one segment",
		      .chain = FIN_WAIT ">TIMED_WAIT");
	peer_send_data(&d->p, TH_FIN | TH_ACK | TH_PUSH, "last");
	sock_drain(d->fd);
	close(d->fd);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

/* What comes for a small socket in FIN_WAIT_2, and is answered with a RST. */
static void small_reset(struct drive *d, int tun, const struct fam *f, const char *name)
{
	drive_small_fin_wait_2(d, tun, f);
	EXPECT_ACTIVE(d, .name = name, .chain = FIN_WAIT ">CLOSED", .reason = "reset_sent",
		      .guess = kernel_since(6, 10) ? NULL : "reset_received",
		      .timer_guesses = true);
}

static void small_data_fin(struct drive *d, int tun, const struct fam *f)
{
	small_reset(d, tun, f, "data and FIN in a small FIN_WAIT_2");
}

static void send_data_fin(struct drive *d)
{
	peer_send_data(&d->p, TH_FIN | TH_ACK | TH_PUSH, "too late");
	peer_expect(&d->p, TH_RST, NULL);
}

static void small_gap(struct drive *d, int tun, const struct fam *f)
{
	small_reset(d, tun, f, "a FIN beyond a gap, in a small FIN_WAIT_2");
}

static void send_gap(struct drive *d)
{
	d->p.seq += 100;
	peer_send(&d->p, TH_FIN | TH_ACK);
	peer_expect(&d->p, TH_RST, NULL);
}

/* The window stays shut: probes, and then no more. */
static void shut_window(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .name = "no answer to window probes, in LAST_ACK",
		   .chain = OPEN ">CLOSE_WAIT>LAST_ACK>CLOSED", .open = "active",
		   .close = "passive", .reason = "timeout");
	sock_opt(d->fd, TCP_USER_TIMEOUT, 500);
	d->p.win = 0;
	peer_send(&d->p, TH_ACK);
	sock_send(d->fd, "stuck");
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
	fd_close(&d->fd);
	procnet_await(d->port, d->p.port, -1);
}

/* A SYN, and a RST that is not quite right, are answered, and nothing else (RFC 5961). */
static void challenged(struct drive *d, int tun, const struct fam *f)
{
	struct segment rst = {.flags = TH_RST};

	drive_close_wait(d, tun, f);
	EXPECT_TUN(d, .name = "challenge ACKs", .chain = OPEN ">CLOSE_WAIT>LAST_ACK>CLOSED",
		   .open = "active", .close = "passive", .reason = "fin");
	peer_flush(&d->p);
	peer_resend(&d->p, TH_SYN, 0);
	peer_expect(&d->p, TH_ACK, NULL);
	rst.seq = d->p.seq + 100;
	peer_send_segment(&d->p, &rst);
	drive_close(d);
	peer_send_segment(&d->p, &rst);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, -1);
}

/* Closed before the handshake is over: there is no ESTABLISHED. */
static void early(struct drive *d, int tun, const struct fam *f)
{
	drive_syn_recv(d, tun, f);
	EXPECT_TUN(d, .name = "close in SYN_RECEIVED",
		   .chain = "CLOSED>SYN_SEND>SYN_RECEIVED>FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT",
		   .open = "simultaneous", .close = "active");
	fd_close(&d->fd);
	peer_expect(&d->p, TH_FIN, NULL);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_FIN_WAIT2);
	drive_peer_fin(d);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

int main(void)
{
	static const struct scenario scenarios[] = {
		{long_fin_wait_2, NULL},
		{long_fin_wait_2_reset, NULL},
		{long_fin_wait_2_data, NULL},

		{shut_fin_wait_1, NULL},
		{shut_fin_wait_2, NULL},
		{shut_in_turn, NULL},
		{timed_wait_and_again, NULL},
		{all_at_once, NULL},
		{shut_window, NULL},
		{challenged, NULL},
		{early, NULL},
		{linger, NULL},
		{small_data_fin, send_data_fin},
		{small_gap, send_gap},
	};
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, sizeof(scenarios) / sizeof(*scenarios));
	tiers_start(&ts, NULL);
	play_begin(&p);
	tiers_let_sweep();
	play_act(&p);
	tiers_finish(&ts);
	return tap_done();
}
