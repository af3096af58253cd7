// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* RST received and RST sent in each state; what is sent is seen by the raw peer. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "drive.h"
#include "expect.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define ME                      \
	{                       \
		.pid = getpid() \
	}

enum { SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSING, CLOSE_WAIT, LAST_ACK };

struct state {
	const char *name;
	void (*drive)(struct drive *d, int tun, const struct fam *f);
	const char *chain;
	const char *open, *close;
};

static const struct state states[] = {
	[SYN_RECEIVED] = {"SYN_RECEIVED", drive_syn_recv, "CLOSED>SYN_SEND>SYN_RECEIVED>CLOSED",
			  "simultaneous", NULL},
	[ESTABLISHED] = {"ESTABLISHED", drive_established, OPEN ">CLOSED", "active", NULL},
	[FIN_WAIT_1] = {"FIN_WAIT_1", drive_fin_wait_1, OPEN ">FIN_WAIT_1>CLOSED", "active",
			"active"},
	[FIN_WAIT_2] = {"FIN_WAIT_2", drive_fin_wait_2, OPEN ">FIN_WAIT_1>FIN_WAIT_2>CLOSED",
			"active", "active"},
	[CLOSING] = {"CLOSING", drive_closing, OPEN ">FIN_WAIT_1>CLOSING>CLOSED", "active",
		     "simultaneous"},
	[CLOSE_WAIT] = {"CLOSE_WAIT", drive_close_wait, OPEN ">CLOSE_WAIT>CLOSED", "active",
			"passive"},
	[LAST_ACK] = {"LAST_ACK", drive_last_ack, OPEN ">CLOSE_WAIT>LAST_ACK>CLOSED", "active",
		      "passive"},
};

#define STATES_END (states + sizeof(states) / sizeof(*states))

static void expect_end(const struct drive *d, const struct state *s, const char *how,
		       const char *reason)
{
	char name[64];

	snprintf(name, sizeof(name), "%s in %s", how, s->name);
	EXPECT(.name = name, .fam = d->p.fam, .laddr = d->p.fam->tun_json,
	       .raddr = d->p.fam->peer_json, .lport = d->port, .rport = d->p.port,
	       .chain = s->chain, .open = s->open, .close = s->close, .reason = reason,
	       .owner = ME);
}

static void received(int tun, const struct fam *f, const struct state *s)
{
	struct drive d;

	s->drive(&d, tun, f);
	expect_end(&d, s, "RST received", "reset_received");
	peer_send(&d.p, TH_RST | TH_ACK);
	sock_await(d.fd, TCP_CLOSE);
	close(d.fd);
}

/* Where both FINs are on their way, close() has nothing left to reset. */
static const char *what_left(struct drive *d)
{
	return peer_comes(&d->p, TH_RST, NULL, 150) ? "reset_sent" : "aborted";
}

static void sent(int tun, const struct fam *f, const struct state *s)
{
	bool both_fins = s->drive == drive_closing || s->drive == drive_last_ack;
	const char *reason = "reset_sent";
	struct drive d;

	s->drive(&d, tun, f);
	sock_linger0(d.fd);
	close(d.fd);
	if (both_fins)
		reason = what_left(&d);
	else
		peer_expect(&d.p, TH_RST, NULL);
	expect_end(&d, s, "SO_LINGER of 0 s", reason);
}

static void unread(int tun, const struct fam *f, const struct state *s)
{
	struct drive d;
	struct pollfd pfd = {.events = POLLIN};

	s->drive(&d, tun, f);
	expect_end(&d, s, "close with unread data", "reset_sent");
	pfd.fd = d.fd;
	peer_send_data(&d.p, TH_ACK | TH_PUSH, "unread");
	poll(&pfd, 1, PATIENCE_MS);
	close(d.fd);
	peer_expect(&d.p, TH_RST, NULL);
}

/* Data and FIN come together, and only the FIN is what the program looks at. */
static void unread_close_wait(int tun, const struct fam *f)
{
	const struct state *s = &states[CLOSE_WAIT];
	struct drive d;

	drive_established(&d, tun, f);
	expect_end(&d, s, "close with unread data", "reset_sent");
	peer_send_data(&d.p, TH_FIN | TH_ACK | TH_PUSH, "unread");
	sock_await(d.fd, TCP_CLOSE_WAIT);
	close(d.fd);
	peer_expect(&d.p, TH_RST, NULL);
}

/* No one is left to read what comes after close(): the kernel answers with RST. */
static void data_after_close(int tun, const struct fam *f)
{
	struct drive d;

	drive_established(&d, tun, f);
	drive_close(&d);
	expect_end(&d, &states[FIN_WAIT_1], "data after close", "reset_sent");
	d.p.ack--;
	peer_send_data(&d.p, TH_ACK | TH_PUSH, "too late");
	peer_expect(&d.p, TH_RST, NULL);
}

static void data_after_close_with_ack(int tun, const struct fam *f)
{
	struct drive d;

	drive_established(&d, tun, f);
	drive_close(&d);
	expect_end(&d, &states[FIN_WAIT_2], "data after close, with the FIN's ACK,", "reset_sent");
	peer_send_data(&d.p, TH_ACK | TH_PUSH, "too late");
	peer_expect(&d.p, TH_RST, NULL);
}

static void linger2_off(int tun, const struct fam *f)
{
	struct drive d;

	drive_established(&d, tun, f);
	sock_opt(d.fd, TCP_LINGER2, -1);
	drive_close(&d);
	expect_end(&d, &states[FIN_WAIT_2], "TCP_LINGER2 of -1", "reset_sent");
	peer_send(&d.p, TH_ACK);
	peer_expect(&d.p, TH_RST, NULL);
}

/* With the window shut, data and FIN are still here when the socket is reset. */
static void stuck(int tun, const struct fam *f, bool closing)
{
	struct drive d;

	drive_established(&d, tun, f);
	expect_end(&d, closing ? &states[CLOSING] : &states[LAST_ACK],
		   "SO_LINGER of 0 s, data unsent,", "reset_sent");
	d.p.win = 0;
	peer_send(&d.p, TH_ACK);
	sock_send(d.fd, "stuck");
	if (closing)
		shutdown(d.fd, SHUT_WR);
	peer_send(&d.p, TH_FIN | TH_ACK);
	sock_await(d.fd, closing ? TCP_CLOSING : TCP_CLOSE_WAIT);
	if (!closing)
		shutdown(d.fd, SHUT_WR);
	sock_linger0(d.fd);
	close(d.fd);
	peer_expect(&d.p, TH_RST, NULL);
}

/* A listener that is closed resets what nobody accepted. */
static void accept_queue(const struct fam *f)
{
	int l = sock_listen(f, f->lo);
	int c = sock_connect(f, f->lo, sock_lport(l));

	EXPECT(.name = "listener closed before accept: client", .fam = f, .lport = sock_lport(c),
	       .rport = sock_lport(l), .chain = OPEN ">CLOSED", .open = "active",
	       .reason = "reset_received", .owner = ME);
	EXPECT(.name = "listener closed before accept: server", .fam = f, .lport = sock_lport(l),
	       .rport = sock_lport(c), .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED>CLOSED",
	       .open = "passive", .reason = "reset_sent");
	close(l);
	sock_await(c, TCP_CLOSE);
	close(c);
}

/* The same RST seen from both ends. */
static void loopback(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "RST over loopback: sent", .fam = f, .lport = p.sport, .rport = p.cport,
	       .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED>CLOSED", .open = "passive",
	       .reason = "reset_sent", .owner = ME, .totals = true, .sent = 100, .received = 200);
	EXPECT(.name = "RST over loopback: received", .fam = f, .lport = p.cport, .rport = p.sport,
	       .chain = OPEN ">CLOSED", .open = "active", .reason = "reset_received", .owner = ME,
	       .totals = true, .sent = 200, .received = 100);
	sock_transfer(p.c, p.s, 200);
	sock_transfer(p.s, p.c, 100);
	sock_linger0(p.s);
	fd_close(&p.s);
	sock_await(p.c, TCP_CLOSE);
	pair_close(&p);
}

static void over_tun(int tun, const struct fam *f)
{
	for (const struct state *s = states; s < STATES_END; s++) {
		received(tun, f, s);
		sent(tun, f, s);
	}
	unread(tun, f, &states[ESTABLISHED]);
	unread(tun, f, &states[FIN_WAIT_2]);
	unread_close_wait(tun, f);
	data_after_close(tun, f);
	data_after_close_with_ack(tun, f);
	linger2_off(tun, f);
	stuck(tun, f, true);
	stuck(tun, f, false);
}

int main(void)
{
	struct tracer t = TRACER_INIT;
	int tun;

	netns_new();
	tun = tun_open("tun0");
	tracer_start(&t, NULL);
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		accept_queue(f);
		loopback(f);
		if (tun >= 0)
			over_tun(tun, f);
		else
			tap_skip(strerror(-tun), "%s: RST in each state", f->name);
	}
	expect_finish(&t);
	tracer_free(&t);
	return tap_done();
}
