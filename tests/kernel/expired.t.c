// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* To the end of TIMED_WAIT, which is 60 s on Linux: all wait for theirs at once. */
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "drive.h"
#include "expect.h"
#include "netns.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"
#include "tiers.h"

#define ME                      \
	{                       \
		.pid = getpid() \
	}
#define STAY_MS 60
#define TIMED_WAIT_MS 60000
/* Timers expire late, later the longer they run: up to an eighth of 60 s (kernel/time/timer.c). */
#define LATE_MS 7500

#define ACTIVE_OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define PASSIVE_OPEN "LISTEN>SYN_RECEIVED>ESTABLISHED"
#define ACTIVE_CLOSE ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT>CLOSED"
#define FULL_TIME                                                    \
	{                                                            \
		"TIMED_WAIT", TIMED_WAIT_MS, TIMED_WAIT_MS + LATE_MS \
	}

static void client_closes(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "the client closed first", .fam = f, .lport = p.cport, .rport = p.sport,
	       .chain = ACTIVE_OPEN ACTIVE_CLOSE, .open = "active", .close = "active",
	       .reason = "expired", .owner = ME, .totals = true, .sent = 12345, .received = 54321,
	       .age_ms = TIMED_WAIT_MS, .dwell = {{"FIN_WAIT_2", STAY_MS, 0}, FULL_TIME});
	sock_transfer(p.c, p.s, 12345);
	sock_transfer(p.s, p.c, 54321);
	fd_close(&p.c);
	procnet_await(p.cport, p.sport, TCP_FIN_WAIT2);
	sleep_ms(STAY_MS);
	pair_close(&p);
}

static void server_closes(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "the server closed first", .fam = f, .lport = p.sport, .rport = p.cport,
	       .chain = PASSIVE_OPEN ACTIVE_CLOSE, .open = "passive", .close = "active",
	       .reason = "expired", .owner = ME, .totals = true, .sent = 0, .received = 1,
	       .age_ms = TIMED_WAIT_MS, .dwell = {FULL_TIME});
	sock_transfer(p.c, p.s, 1);
	fd_close(&p.s);
	sock_await(p.c, TCP_CLOSE_WAIT);
	pair_close(&p);
}

/* The descriptor outlives the connection: the socket is done, TIMED_WAIT is not. */
static void half_close(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "half-closed, its descriptor still open", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = ACTIVE_OPEN ACTIVE_CLOSE, .open = "active",
	       .close = "active", .reason = "expired", .owner = ME, .totals = true, .sent = 5,
	       .received = 100000, .dwell = {FULL_TIME});
	sock_send(p.c, "Hello");
	shutdown(p.c, SHUT_WR);
	sock_drain(p.s);
	sock_transfer(p.s, p.c, 100000);
	close(p.s);
	sock_await(p.c, TCP_CLOSE);
	close(p.l);
}

static void to_itself(const struct fam *f)
{
	uint16_t port = sock_fresh_port();
	int fd = sock_new(f);

	EXPECT(.name = "connected to itself", .fam = f, .lport = port, .rport = port,
	       .chain = "CLOSED>SYN_SEND>SYN_RECEIVED>ESTABLISHED>FIN_WAIT_1>CLOSING>TIMED_WAIT>"
			"CLOSED",
	       .open = "simultaneous", .close = "simultaneous", .reason = "expired", .owner = ME,
	       .totals = true, .sent = 3, .received = 3, .dwell = {FULL_TIME});
	sock_bind(fd, f, f->lo, port);
	if (sock_connect_on(fd, f, f->lo, port))
		tap_die("%s: no connection to itself", f->name);
	sock_transfer(fd, fd, 3);
	close(fd);
}

/* By its own option FIN_WAIT_2 ends, without a TIMED_WAIT: the peer never closes. */
static void fin_wait_2_ends(int tun, const struct fam *f)
{
	struct drive d;

	drive_established(&d, tun, f);
	EXPECT_TUN(&d, .name = "FIN_WAIT_2 times out after TCP_LINGER2",
		   .chain = ACTIVE_OPEN ">FIN_WAIT_1>FIN_WAIT_2>CLOSED", .open = "active",
		   .close = "active", .reason = "timeout", .dwell = {{"FIN_WAIT_2", 8000, 11000}});
	sock_opt(d.fd, TCP_LINGER2, 8); /* see tiers_let_sweep() */
	drive_close(&d);
	peer_send(&d.p, TH_ACK);
}

static void start_all(int tun)
{
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		client_closes(f);
		server_closes(f);
		half_close(f);
		to_itself(f);
		if (tun >= 0)
			fin_wait_2_ends(tun, f);
	}
}

/* Nothing happens here but time. */
static void wait_out(void)
{
	int64_t until = clock_ms() + TIMED_WAIT_MS + LATE_MS;

	while (sockstat_get("TCP", "tw") > 0 && clock_ms() < until)
		sleep_ms(200);
}

int main(void)
{
	static struct tiers ts;
	int tun;

	netns_new();
	tun = tun_open("tun0");
	tiers_start(&ts, NULL);
	if (tun < 0)
		tap_skip(strerror(-tun), "what needs a raw peer");
	start_all(tun);
	wait_out();
	tiers_finish(&ts);
	return tap_done();
}
