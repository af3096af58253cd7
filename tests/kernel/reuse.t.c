// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One socket, one cookie, several connections: connect(AF_UNSPEC) in between. */
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "expect.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define ME                      \
	{                       \
		.pid = getpid() \
	}
#define STAY_MS 80

static uint16_t connect_again(int fd, const struct fam *f, uint16_t port)
{
	if (sock_connect_on(fd, f, f->lo, port))
		tap_die("%s: no second connection", f->name);
	return sock_lport(fd);
}

/* The first: passively closed and then cut; what it did must not stick to the second. */
static void first(int fd, const struct fam *f, int l)
{
	uint16_t sport = sock_lport(l);
	uint16_t cport = connect_again(fd, f, sport);
	int s = sock_accept(l);

	EXPECT(.name = "the first connection of a socket", .fam = f, .lport = cport, .rport = sport,
	       .chain = OPEN ">CLOSE_WAIT>CLOSED", .open = "active", .close = "passive",
	       .reason = "reset_sent", .owner = ME, .totals = true, .sent = 700, .received = 0,
	       .dwell = {{"CLOSE_WAIT", STAY_MS, 0}});
	sock_transfer(fd, s, 700);
	close(s);
	sock_await(fd, TCP_CLOSE_WAIT);
	sleep_ms(STAY_MS);
	sock_disconnect(fd);
	close(l);
}

static void second(int fd, const struct fam *f, int l)
{
	uint16_t sport = sock_lport(l);
	uint16_t cport = connect_again(fd, f, sport);
	int s = sock_accept(l);

	EXPECT(.name = "its second one, closed", .fam = f, .lport = cport, .rport = sport,
	       .chain = OPEN ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT", .open = "active",
	       .close = "active", .owner = ME,
	       .dwell = {{"SYN_SEND", 0, STAY_MS}, {"ESTABLISHED", 0, STAY_MS}});
	close(fd);
	sock_await(s, TCP_CLOSE_WAIT);
	close(s);
	close(l);
}

static void second_reset(int fd, const struct fam *f, int l)
{
	uint16_t sport = sock_lport(l);
	uint16_t cport = connect_again(fd, f, sport);
	int s = sock_accept(l);

	EXPECT(.name = "its second one, reset", .fam = f, .lport = cport, .rport = sport,
	       .chain = OPEN ">CLOSED", .open = "active", .reason = "reset_sent", .owner = ME,
	       .totals = true, .sent = 5, .received = 30, .age_max_ms = STAY_MS);
	sock_transfer(fd, s, 5);
	sock_transfer(s, fd, 30);
	sock_linger0(fd);
	close(fd);
	close(s);
	close(l);
}

static void twice(const struct fam *f)
{
	int fd = sock_new(f);

	first(fd, f, sock_listen(f, f->lo));
	second(fd, f, sock_listen(f, f->lo));
}

/* Bound: the local port is known before the second SYN, and is the same. */
static void twice_from_one_port(const struct fam *f)
{
	int l1 = sock_listen(f, f->lo), l2 = sock_listen(f, f->lo);
	uint16_t port = sock_fresh_port();
	int fd = sock_new(f);

	sock_bind(fd, f, f->lo, port);
	first(fd, f, l1);
	second_reset(fd, f, l2);
}

static void refused_then_connected(const struct fam *f)
{
	uint16_t nobody = sock_fresh_port(), port = sock_fresh_port();
	int fd = sock_new(f);

	EXPECT(.name = "refused at first", .fam = f, .lport = port, .rport = nobody,
	       .chain = "CLOSED>SYN_SEND>CLOSED", .open = "active", .reason = "refused",
	       .owner = ME);
	sock_bind(fd, f, f->lo, port);
	if (!sock_connect_on(fd, f, f->lo, nobody))
		tap_die("connected to nobody");
	second_reset(fd, f, sock_listen(f, f->lo));
}

/* A socket that listened can connect. */
static void listener_then_client(const struct fam *f)
{
	int fd = sock_listen(f, f->lo);

	EXPECT(.name = "a listener at first", .fam = f, .lport = sock_lport(fd),
	       .chain = "CLOSED>LISTEN>CLOSED", .owner = ME);
	shutdown(fd, SHUT_RD);
	second(fd, f, sock_listen(f, f->lo));
}

int main(void)
{
	struct tracer t = TRACER_INIT;

	netns_new();
	tracer_start(&t, NULL);
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		twice(f);
		twice_from_one_port(f);
		refused_then_connected(f);
		listener_then_client(f);
	}
	expect_finish(&t);
	tracer_free(&t);
	return tap_done();
}
