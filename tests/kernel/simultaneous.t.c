// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Both ends open, or both close.  A socket that connects to itself does both,
 * and needs no peer.
 */
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "drive.h"
#include "expect.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

#define STAY_MS 60
#define BOTH_OPEN "CLOSED>SYN_SEND>SYN_RECEIVED>ESTABLISHED"
#define BOTH_CLOSE ">FIN_WAIT_1>CLOSING>TIMED_WAIT"
#define ME                      \
	{                       \
		.pid = getpid() \
	}

static void end_open(struct drive *d)
{
	sleep_ms(STAY_MS);
	peer_send(&d->p, TH_ACK);
	sock_await(d->fd, TCP_ESTABLISHED);
}

/* The time in SYN_RECEIVED is that of a full socket here, not of a request. */
static void both_open(int tun, const struct fam *f)
{
	struct drive d;

	drive_syn_recv(&d, tun, f);
	EXPECT_TUN(&d, .name = "simultaneous open, active close",
		   .chain = BOTH_OPEN ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT", .open = "simultaneous",
		   .close = "active",
		   .dwell = {{"SYN_RECEIVED", STAY_MS, 0}, {"FIN_WAIT_2", STAY_MS, 0}});
	end_open(&d);
	drive_close(&d);
	peer_send(&d.p, TH_ACK);
	sleep_ms(STAY_MS);
	peer_send(&d.p, TH_FIN | TH_ACK);
	peer_expect(&d.p, TH_ACK, NULL);
}

static void both_open_passive_close(int tun, const struct fam *f)
{
	struct drive d;

	drive_syn_recv(&d, tun, f);
	EXPECT_TUN(&d, .name = "simultaneous open, passive close",
		   .chain = BOTH_OPEN ">CLOSE_WAIT>LAST_ACK>CLOSED", .open = "simultaneous",
		   .close = "passive", .reason = "fin",
		   .dwell = {{"SYN_RECEIVED", STAY_MS, 0}, {"LAST_ACK", STAY_MS, 0}});
	end_open(&d);
	peer_send(&d.p, TH_FIN | TH_ACK);
	sock_await(d.fd, TCP_CLOSE_WAIT);
	drive_close(&d);
	sleep_ms(STAY_MS);
	peer_send(&d.p, TH_ACK);
}

static void end_close(struct drive *d)
{
	sleep_ms(STAY_MS);
	drive_crossing_fin(d);
	peer_expect(&d->p, TH_ACK, NULL);
	sleep_ms(STAY_MS);
	peer_send(&d->p, TH_ACK);
}

#define DWELL_CLOSE                           \
	{                                     \
		{"FIN_WAIT_1", STAY_MS, 0},   \
		{                             \
			"CLOSING", STAY_MS, 0 \
		}                             \
	}

static void both_close(int tun, const struct fam *f)
{
	struct drive d;

	drive_established(&d, tun, f);
	EXPECT_TUN(&d, .name = "active open, simultaneous close",
		   .chain = "CLOSED>SYN_SEND>ESTABLISHED" BOTH_CLOSE, .open = "active",
		   .close = "simultaneous", .dwell = DWELL_CLOSE);
	drive_close(&d);
	end_close(&d);
}

static void accepted_both_close(int tun, const struct fam *f)
{
	struct drive d;

	drive_accepted(&d, tun, f);
	EXPECT_TUN(&d, .name = "passive open, simultaneous close",
		   .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED" BOTH_CLOSE, .open = "passive",
		   .close = "simultaneous", .dwell = DWELL_CLOSE);
	drive_close(&d);
	end_close(&d);
}

/* With the descriptor still open. */
static void both_shut(int tun, const struct fam *f)
{
	struct drive d;

	drive_closing(&d, tun, f);
	EXPECT_TUN(&d, .name = "active open, simultaneous shutdown",
		   .chain = "CLOSED>SYN_SEND>ESTABLISHED" BOTH_CLOSE, .open = "active",
		   .close = "simultaneous", .dwell = {{"CLOSING", STAY_MS, 0}});
	sleep_ms(STAY_MS);
	peer_send(&d.p, TH_ACK);
	sock_await(d.fd, TCP_CLOSE);
	close(d.fd);
}

static void both_all(int tun, const struct fam *f)
{
	struct drive d;

	drive_syn_recv(&d, tun, f);
	EXPECT_TUN(&d, .name = "simultaneous open and close", .chain = BOTH_OPEN BOTH_CLOSE,
		   .open = "simultaneous", .close = "simultaneous", .dwell = DWELL_CLOSE);
	end_open(&d);
	drive_close(&d);
	end_close(&d);
}

static void to_itself(const struct fam *f)
{
	uint16_t port = sock_fresh_port();
	int fd = sock_new(f);

	EXPECT(.name = "a socket connected to itself", .fam = f, .lport = port, .rport = port,
	       .chain = BOTH_OPEN BOTH_CLOSE, .open = "simultaneous", .close = "simultaneous",
	       .owner = ME);
	sock_bind(fd, f, f->lo, port);
	if (sock_connect_on(fd, f, f->lo, port))
		tap_die("%s: no connection to itself", f->name);
	sock_transfer(fd, fd, 3);
	close(fd);
}

int main(void)
{
	static void (*const scenarios[])(int, const struct fam *) = {
		both_open, both_open_passive_close, both_close, accepted_both_close, both_shut,
		both_all,
	};
	struct tracer t = TRACER_INIT;
	int tun;

	netns_new();
	tun = tun_open("tun0");
	tracer_start(&t, NULL);
	if (tun < 0)
		tap_skip(strerror(-tun), "what needs a raw peer");
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		to_itself(f);
		for (size_t i = 0; tun >= 0 && i < sizeof(scenarios) / sizeof(*scenarios); i++)
			scenarios[i](tun, f);
	}
	expect_finish(&t);
	tracer_free(&t);
	return tap_done();
}
