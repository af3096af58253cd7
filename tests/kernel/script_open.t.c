// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Handshakes that are not the usual one, and listeners that come and go. */
#include <errno.h>
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
#define PASSIVE "LISTEN>SYN_RECEIVED>ESTABLISHED"
#define PASSIVE_CLOSE ">CLOSE_WAIT>LAST_ACK>CLOSED"
#define ACTIVE_CLOSE ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT"

static void listen_at(struct drive *d, int tun, const struct fam *f, int backlog)
{
	d->fd = sock_new(f);
	sock_bind(d->fd, f, f->tun, sock_fresh_port());
	if (listen(d->fd, backlog))
		tap_die("listen: %s", strerror(errno));
	peer_init(&d->p, tun, f);
	d->port = d->p.kport = sock_lport(d->fd);
}

static void accept_child(struct drive *d)
{
	int fd = sock_accept(d->fd);

	fd_close(&d->fd);
	d->fd = fd;
}

static void close_second(struct drive *d)
{
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
}

/* Nothing is kept of the SYN. */
static void cookies(struct drive *d, int tun, const struct fam *f)
{
	sysctl_set("net.ipv4.tcp_syncookies", "2");
	listen_at(d, tun, f, 16);
	peer_connect(&d->p, d->port);
	accept_child(d);
	sysctl_set("net.ipv4.tcp_syncookies", "1");
	EXPECT_TUN(d, .name = "SYN cookies", .chain = PASSIVE PASSIVE_CLOSE, .open = "passive",
		   .close = "passive", .reason = "fin", .at_least = "SYN_RECEIVED");
	close_second(d);
}

/* The second ACK finds the queue full: of the two connections that are in it, and the first. */
static void two_syns(struct drive *d, struct drive *other, int fill[2], int tun,
		     const struct fam *f)
{
	listen_at(d, tun, f, 2);
	for (int i = 0; i < 2; i++)
		fill[i] = sock_connect(f, f->tun, d->port);
	*other = *d;
	other->p.port = sock_fresh_port();
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	peer_send(&other->p, TH_SYN);
	peer_expect(&other->p, TH_SYN | TH_ACK, NULL);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_ESTABLISHED);
	peer_send(&other->p, TH_ACK);
}

static void drop(int fill[2], int l)
{
	for (int i = 0; i < 2; i++) {
		close(fill[i]);
		close(sock_accept(l));
	}
}

static void overflow(struct drive *d, int tun, const struct fam *f)
{
	struct drive other;
	int fill[2], l;

	two_syns(d, &other, fill, tun, f);
	l = d->fd;
	sleep_ms(STAY_MS);
	drop(fill, l);
	d->fd = sock_accept(l);
	EXPECT_TUN(d, .name = "last that has room in the queue", .chain = PASSIVE PASSIVE_CLOSE,
		   .open = "passive", .close = "passive", .reason = "fin");
	EXPECT_TUN(&other, .name = "the queue was full, and is no more",
		   .chain = PASSIVE PASSIVE_CLOSE, .open = "passive", .close = "passive",
		   .reason = "fin", .dwell = {{"SYN_RECEIVED", STAY_MS, 0}});
	close_second(d);
	peer_send_data(&other.p, TH_ACK | TH_PUSH, "now");
	other.fd = sock_accept(l);
	close(l);
	peer_send(&other.p, TH_FIN | TH_ACK);
	sock_await(other.fd, TCP_CLOSE_WAIT);
	sock_drain(other.fd);
	drive_close(&other);
	peer_send(&other.p, TH_ACK);
}

/* ... and says so: a half-open connection, too short for sweeps to see (half_open.t.c). */
static void overflow_aborts(struct drive *d, int tun, const struct fam *f)
{
	struct drive other;
	int fill[2];

	sysctl_set("net.ipv4.tcp_abort_on_overflow", "1");
	two_syns(d, &other, fill, tun, f);
	peer_expect(&other.p, TH_RST, NULL);
	sysctl_set("net.ipv4.tcp_abort_on_overflow", "0");
	EXPECT_TUN(d, .name = "never accepted", .chain = PASSIVE ">CLOSED", .open = "passive",
		   .reason = "reset_sent");
	drop(fill, d->fd);
	fd_close(&d->fd);
	peer_expect(&d->p, TH_RST, NULL);
}

/* Only an ACK comes, and in the end that has to do. */
static void deferred(struct drive *d, int tun, const struct fam *f)
{
	int l = sock_listen_opt(f, f->tun, TCP_DEFER_ACCEPT, 1);

	peer_init(&d->p, tun, f);
	d->fd = l;
	d->port = d->p.kport = sock_lport(l);
	peer_connect(&d->p, d->port);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	peer_send(&d->p, TH_ACK);
	accept_child(d);
	EXPECT_TUN(d, .name = "TCP_DEFER_ACCEPT, without data", .chain = PASSIVE PASSIVE_CLOSE,
		   .open = "passive", .close = "passive", .reason = "fin", .swept = "SYN_RECEIVED",
		   .dwell = {{"SYN_RECEIVED", 900, 0}});
	close_second(d);
}

/* The FIN comes with the last ACK. */
static void at_once(struct drive *d, int tun, const struct fam *f)
{
	listen_at(d, tun, f, 16);
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	peer_send_data(&d->p, TH_FIN | TH_ACK | TH_PUSH, "all");
	accept_child(d);
	EXPECT_TUN(d, .name = "data and FIN with the last ACK", .chain = PASSIVE PASSIVE_CLOSE,
		   .open = "passive", .close = "passive", .reason = "fin");
	sock_await(d->fd, TCP_CLOSE_WAIT);
	sock_drain(d->fd);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
}

/* The SYN gets lost, and the next one is refused. */
static void refused(struct drive *d, int tun, const struct fam *f)
{
	drive_syn_sent(d, tun, f);
	EXPECT_TUN(d, .name = "a second SYN, refused", .chain = "CLOSED>SYN_SEND>CLOSED",
		   .open = "active", .reason = "refused", .dwell = {{"SYN_SEND", 900, 0}});
	peer_expect(&d->p, TH_SYN, NULL);
	peer_send(&d->p, TH_RST | TH_ACK);
	sock_await(d->fd, TCP_CLOSE);
	fd_close(&d->fd);
}

/* Something else answers: a stray ACK is reset, and the handshake goes on. */
static void stray_ack(struct drive *d, int tun, const struct fam *f)
{
	struct segment ack = {.flags = TH_ACK, .seq = 5, .win = 1000};

	drive_syn_sent(d, tun, f);
	EXPECT_TUN(d, .name = "a stray ACK for the SYN", .chain = OPEN PASSIVE_CLOSE,
		   .open = "active", .close = "passive", .reason = "fin");
	ack.ack = d->p.ack + 1000;
	peer_send_segment(&d->p, &ack);
	peer_expect(&d->p, TH_RST, NULL);
	peer_send(&d->p, TH_SYN | TH_ACK);
	peer_expect(&d->p, TH_ACK, NULL);
	sock_await(d->fd, TCP_ESTABLISHED);
	close_second(d);
}

static void repaired(struct drive *d, int tun, const struct fam *f)
{
	struct drive silent;

	peer_init(&d->p, tun, f);
	d->fd = sock_new(f);
	sock_bind(d->fd, f, f->tun, sock_fresh_port());
	d->port = d->p.kport = sock_lport(d->fd);
	sock_opt(d->fd, TCP_REPAIR, 1);
	if (sock_connect_on(d->fd, f, f->peer, d->p.port))
		tap_die("no repaired connection");
	silent = *d;
	EXPECT_TUN(&silent, .name = "TCP_REPAIR, from begin to end", .chain = OPEN ">CLOSED",
		   .open = "active", .reason = "aborted");
	fd_close(&d->fd);
}

/* Twice the same ends: the second one has no place. */
static void taken(struct drive *d, int tun, const struct fam *f)
{
	int fd = sock_new(f), err;

	peer_init(&d->p, tun, f);
	d->fd = sock_new(f);
	d->port = sock_fresh_port();
	sock_bind(d->fd, f, f->tun, d->port);
	sock_bind(fd, f, f->tun, d->port);
	sock_start_on(d->fd, f, f->peer, d->p.port);
	peer_accept(&d->p);
	sock_await(d->fd, TCP_ESTABLISHED);
	err = sock_connect_on(fd, f, f->peer, d->p.port);
	if (err != -EADDRNOTAVAIL)
		tap_die("connected twice: %s", strerror(-err));
	close(fd);
	EXPECT_TUN(d, .name = "its ends are asked for again", .chain = OPEN ACTIVE_CLOSE,
		   .open = "active", .close = "active");
	EXPECT_TUN(d, .name = "... in vain", .nth = 1, .chain = "CLOSED>SYN_SEND>CLOSED",
		   .open = "active", .reason = "aborted");
	EXPECT_TUN(d, .name = "... and while it is in TIMED_WAIT", .nth = 2,
		   .chain = "CLOSED>SYN_SEND>CLOSED", .open = "active", .reason = "aborted");
	drive_close(d);
	peer_send(&d->p, TH_FIN | TH_ACK);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

static void ask_again(struct drive *d)
{
	const struct fam *f = d->p.fam;
	int fd = sock_new(f), err;

	sock_bind(fd, f, f->tun, d->port);
	err = sock_connect_on(fd, f, f->peer, d->p.port);
	if (err != -EADDRNOTAVAIL)
		tap_die("connected in TIMED_WAIT: %s", strerror(-err));
	close(fd);
}

/* A listener that is shut down, and listens again; what it accepted; then it connects. */
static void listens_again(struct drive *d, int tun, const struct fam *f)
{
	struct drive own;

	listen_at(d, tun, f, 16);
	own = *d;
	EXPECT(.name = "a listener that is shut down", .fam = f, .laddr = f->tun_json,
	       .lport = d->port, .chain = "CLOSED>LISTEN>CLOSED", .owner = {.pid = getpid()});
	EXPECT(.name = "... and listens again", .fam = f, .laddr = f->tun_json, .lport = d->port,
	       .nth = 1, .chain = "CLOSED>LISTEN>CLOSED", .owner = {.pid = getpid()});
	shutdown(d->fd, SHUT_RDWR);
	if (listen(d->fd, 16))
		tap_die("no second listen()");
	peer_connect(&d->p, d->port);
	own.fd = d->fd;
	d->fd = sock_accept(own.fd);
	EXPECT_TUN(d, .name = "accepted after that", .chain = PASSIVE PASSIVE_CLOSE,
		   .open = "passive", .close = "passive", .reason = "fin");
	close_second(d);
	sock_disconnect(own.fd);
	peer_init(&own.p, tun, f);
	sock_start_on(own.fd, f, f->peer, own.p.port);
	own.port = sock_lport(own.fd);
	EXPECT_TUN(&own, .name = "a listener that connects", .chain = OPEN PASSIVE_CLOSE,
		   .open = "active", .close = "passive", .reason = "fin");
	peer_accept(&own.p);
	sock_await(own.fd, TCP_ESTABLISHED);
	close_second(&own);
}

/* What was accepted connects, of its own accord. */
static void child_connects(struct drive *d, int tun, const struct fam *f)
{
	struct drive own;

	drive_accepted(d, tun, f);
	EXPECT_TUN(d, .name = "accepted, and disconnected", .chain = PASSIVE ">CLOSED",
		   .open = "passive", .reason = "reset_sent");
	own = *d;
	sock_disconnect(own.fd);
	peer_init(&own.p, tun, f);
	sock_start_on(own.fd, f, f->peer, own.p.port);
	own.port = sock_lport(own.fd);
	EXPECT_TUN(&own, .name = "... and connected", .chain = OPEN PASSIVE_CLOSE, .open = "active",
		   .close = "passive", .reason = "fin");
	peer_accept(&own.p);
	sock_await(own.fd, TCP_ESTABLISHED);
	close_second(&own);
}

int main(void)
{
	static const struct scenario scenarios[] = {
		{taken, ask_again},	 {cookies, NULL},	 {overflow, NULL},
		{overflow_aborts, NULL}, {deferred, NULL},	 {at_once, NULL},
		{refused, NULL},	 {stray_ack, NULL},	 {listens_again, NULL},
		{repaired, NULL},	 {child_connects, NULL},
	};
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, sizeof(scenarios) / sizeof(*scenarios));
	tiers_start(&ts, "--half-open", NULL);
	play_begin(&p);
	tiers_await(&ts, "TIMED_WAIT");
	play_act(&p);
	tiers_let_sweep();
	tiers_finish(&ts);
	return tap_done();
}
