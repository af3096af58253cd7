// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The ways through FIN_WAIT_2 and CLOSING, after close(): the socket is gone,
 * an inet_timewait_sock has taken its place.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

#define STAY_MS 120
/* What lasts as long as the program does, and what lasts no time at all, are told apart by it. */
#define MOMENT_MS 1000

#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define TO_FIN_WAIT_2 OPEN ">FIN_WAIT_1>FIN_WAIT_2"

static void late_fin(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	EXPECT_TUN(d, .name = "the peer's FIN comes late", .chain = TO_FIN_WAIT_2 ">TIMED_WAIT",
		   .open = "active", .close = "active", .dwell = {{"FIN_WAIT_2", 2000, 0}});
}

/* Between two sweeps: what the timer says later is all they have. */
static void soon_fin(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	EXPECT_TUN(d, .name = "the peer's FIN comes soon", .chain = TO_FIN_WAIT_2 ">TIMED_WAIT",
		   .open = "active", .close = "active", .dwell = {{"FIN_WAIT_2", STAY_MS, 2000}});
	sleep_ms(STAY_MS);
	drive_peer_fin(d);
}

/* FIN_WAIT_2 with a descriptor, then without one. */
static void half_closed(struct drive *d, int tun, const struct fam *f)
{
	drive_fin_wait_2(d, tun, f);
	EXPECT_TUN(d, .name = "closed in FIN_WAIT_2, FIN late",
		   .chain = TO_FIN_WAIT_2 ">TIMED_WAIT", .open = "active", .close = "active",
		   .dwell = {{"FIN_WAIT_2", 2000 + STAY_MS, 0}});
	sleep_ms(STAY_MS);
	fd_close(&d->fd);
	peer_send(&d->p, TH_ACK); /* changes nothing */
}

/* By RFC 9293 there was no FIN_WAIT_2: here it lasts microseconds. */
static void fin_with_ack(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .name = "FIN and ACK in one segment", .chain = TO_FIN_WAIT_2 ">TIMED_WAIT",
		   .open = "active", .close = "active",
		   .dwell = {{"FIN_WAIT_1", STAY_MS, 0}, {"FIN_WAIT_2", 0, MOMENT_MS}});
	drive_close(d);
	sleep_ms(STAY_MS);
	drive_peer_fin(d);
}

static void fin_with_ack_shut(struct drive *d, int tun, const struct fam *f)
{
	drive_fin_wait_1(d, tun, f);
	EXPECT_TUN(d, .name = "FIN and ACK in one segment, descriptor open",
		   .chain = TO_FIN_WAIT_2 ">TIMED_WAIT", .open = "active", .close = "active",
		   .dwell = {{"FIN_WAIT_2", 0, MOMENT_MS}});
	drive_peer_fin(d);
	sock_await(d->fd, TCP_CLOSE);
	fd_close(&d->fd);
}

static void closing(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	EXPECT_TUN(d, .name = "both close, through CLOSING",
		   .chain = OPEN ">FIN_WAIT_1>CLOSING>TIMED_WAIT", .open = "active",
		   .close = "simultaneous", .dwell = {{"CLOSING", 2000, 0}});
	drive_close(d);
	drive_crossing_fin(d);
	procnet_await(d->port, d->p.port, TCP_CLOSING);
}

static void end_closing(struct drive *d)
{
	peer_send(&d->p, TH_ACK);
}

static void timeout(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	/* long enough for a sweep on a busy machine: see tiers_let_sweep() */
	sock_opt(d->fd, TCP_LINGER2, 8);
	EXPECT_TUN(d, .name = "FIN_WAIT_2 times out", .chain = TO_FIN_WAIT_2 ">CLOSED",
		   .open = "active", .close = "active", .reason = "timeout",
		   .dwell = {{"FIN_WAIT_2", 8000, 0}});
	drive_close(d);
	peer_send(&d->p, TH_ACK);
}

static void reset(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	EXPECT_TUN(d, .name = "RST in FIN_WAIT_2", .chain = TO_FIN_WAIT_2 ">CLOSED",
		   .open = "active", .close = "active", .reason = "reset_received",
		   .dwell = {{"FIN_WAIT_2", 2000, 0}});
}

static void send_reset(struct drive *d)
{
	peer_send(&d->p, TH_RST | TH_ACK);
}

/* Sent by a small socket, a RST can be told from one received since Linux 6.10 (tcp_send_reset). */
static void expect_reset_sent(const struct drive *d, const char *name)
{
	EXPECT_TUN(d, .name = name, .chain = TO_FIN_WAIT_2 ">CLOSED", .open = "active",
		   .close = "active", .reason = "reset_sent",
		   .guess = kernel_since(6, 10) ? NULL : "reset_received", .timer_guesses = true,
		   .dwell = {{"FIN_WAIT_2", 2000, 0}});
}

static void data_after_close(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	expect_reset_sent(d, "data in FIN_WAIT_2, nobody there to read it");
}

static void send_data(struct drive *d)
{
	peer_send_data(&d->p, TH_ACK | TH_PUSH, "too late");
	peer_expect(&d->p, TH_RST, NULL);
}

static void syn(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	expect_reset_sent(d, "SYN in FIN_WAIT_2");
}

static void send_syn(struct drive *d)
{
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_RST, NULL);
}

/* Outside of the window: ignored. */
static void stray(struct drive *d, int tun, const struct fam *f)
{
	struct segment rst = {.flags = TH_RST};

	drive_small_fin_wait_2(d, tun, f);
	EXPECT_TUN(d, .name = "a stray RST in FIN_WAIT_2", .chain = TO_FIN_WAIT_2, .open = "active",
		   .close = "active");
	rst.seq = d->p.seq - 1000000;
	peer_send_segment(&d->p, &rst);
}

int main(void)
{
	static const struct scenario scenarios[] = {
		{late_fin, drive_peer_fin},
		{half_closed, drive_peer_fin},
		{closing, end_closing},
		{timeout, NULL},
		{reset, send_reset},
		{data_after_close, send_data},
		{syn, send_syn},
		{stray, NULL},
		{soon_fin, NULL},
		{fin_with_ack, NULL},
		{fin_with_ack_shut, NULL},
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
