// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TIMED_WAIT ends before its time, or begins anew.  (That it ends after 60 s
 * is seen in expired.t.c, that another connection takes its place in
 * small_reuse.t.c.)
 */
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

#define STAY_MS 2500
#define APART_MS 100 /* expiries are told in jiffies: a re-arm at once is none */
#define RFC1337 "net.ipv4.tcp_rfc1337"
#define CHAIN "CLOSED>SYN_SEND>ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT"

#define EXPECT_KILLED(d, ...)                                                                 \
	EXPECT_TUN(d, .chain = CHAIN ">CLOSED", .open = "active", .close = "active",          \
		   .reason = "killed", .totals = true, .dwell = {{"TIMED_WAIT", STAY_MS, 0}}, \
		   __VA_ARGS__)

static void killed(struct drive *d, int tun, const struct fam *f)
{
	drive_timed_wait(d, tun, f);
	EXPECT_KILLED(d, .name = "RST in TIMED_WAIT");
}

static void killed_after_closing(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	drive_close(d);
	drive_crossing_fin(d);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
	EXPECT_TUN(d, .name = "RST in TIMED_WAIT, after CLOSING",
		   .chain = "CLOSED>SYN_SEND>ESTABLISHED>FIN_WAIT_1>CLOSING>TIMED_WAIT>CLOSED",
		   .close = "simultaneous", .reason = "killed");
}

static void send_reset(struct drive *d)
{
	peer_send(&d->p, TH_RST);
	procnet_await(d->port, d->p.port, -1);
}

/* The last ACK was lost, as the peer sees it. */
static void rearmed(struct drive *d, int tun, const struct fam *f)
{
	drive_timed_wait(d, tun, f);
	EXPECT_KILLED(d, .name = "a FIN once more", .rearms = 1);
}

static void rearmed_by_ack(struct drive *d, int tun, const struct fam *f)
{
	drive_timed_wait(d, tun, f);
	EXPECT_KILLED(d, .name = "an ACK in TIMED_WAIT", .rearms = 1);
}

static void resend_fin(struct drive *d)
{
	peer_resend(&d->p, TH_FIN | TH_ACK, 1);
	peer_expect(&d->p, TH_ACK, NULL);
}

static void send_ack(struct drive *d)
{
	peer_send(&d->p, TH_ACK);
}

/* Does nothing, as RFC 1337 wants it. */
static void protected(struct drive *d, int tun, const struct fam *f)
{
	drive_timed_wait(d, tun, f);
	EXPECT_TUN(d, .name = "RST in TIMED_WAIT with tcp_rfc1337", .chain = CHAIN,
		   .open = "active", .close = "active");
}

static void send_harmless_reset(struct drive *d)
{
	sysctl_set(RFC1337, "1");
	peer_send(&d->p, TH_RST);
	peer_send(&d->p, TH_RST | TH_ACK);
	sysctl_set(RFC1337, "0");
}

/* ... nor does it change the end. */
static void protected_then_killed(struct drive *d, int tun, const struct fam *f)
{
	drive_timed_wait(d, tun, f);
	/* the first one starts the minute again: seen or not, as the timer's bucket changes */
	EXPECT_KILLED(d, .name = "RST in TIMED_WAIT, the first with tcp_rfc1337", .rearms = -1);
}

/* Too old to be of the connection: answered, and that is all. */
static void stray(struct drive *d, int tun, const struct fam *f)
{
	drive_timed_wait(d, tun, f);
	EXPECT_TUN(d, .name = "a stray RST in TIMED_WAIT", .chain = CHAIN, .open = "active",
		   .close = "active");
}

static void send_stray(struct drive *d)
{
	struct segment rst = {.flags = TH_RST, .seq = d->p.seq - 1000000};

	peer_send_segment(&d->p, &rst);
}

int main(void)
{
	/* those that live on to a second act come first */
	static const struct scenario scenarios[] = {
		{rearmed, resend_fin},
		{rearmed_by_ack, send_ack},
		{protected_then_killed, send_harmless_reset},
		{killed, NULL},
		{killed_after_closing, NULL},
		{protected, send_harmless_reset},
		{stray, send_stray},
	};
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, sizeof(scenarios) / sizeof(*scenarios));
	sysctl_set(RFC1337, "0");
	tiers_start(&ts, NULL);
	play_begin(&p);
	tiers_await(&ts, "TIMED_WAIT");
	sleep_ms(APART_MS);
	play_act(&p);
	tiers_let_sweep();
	for (int f = 0; f < FAM_COUNT; f++)
		for (int i = 0; i < 5; i++)
			send_reset(&p.d[f][i]);
	tiers_finish(&ts);
	return tap_done();
}
