// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What happens to connections before they are accepted. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "diag.h"
#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

#define STAY_MS 1500
#define PASSIVE "LISTEN>SYN_RECEIVED>ESTABLISHED"
#define FAILED "LISTEN>SYN_RECEIVED>CLOSED"

static void listen_at(struct drive *d, int tun, const struct fam *f)
{
	d->fd = sock_listen(f, f->tun);
	peer_init(&d->p, tun, f);
	d->port = d->p.kport = sock_lport(d->fd);
}

static void half_open(struct drive *d, int tun, const struct fam *f)
{
	listen_at(d, tun, f);
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
}

/* `ss -K` of a request socket. */
static void killed(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "SOCK_DESTROY of a half-open connection", .chain = FAILED,
		   .open = "passive", .reason = "aborted", .guess = "unknown");
}

static void kill_it(struct drive *d)
{
	int err = diag_destroy_drive(d);

	if (err)
		tap_die("SOCK_DESTROY: %s", strerror(-err));
}

static void reset_established(struct drive *d)
{
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_ESTABLISHED);
	peer_send(&d->p, TH_RST | TH_ACK);
	procnet_await(d->port, d->p.port, -1);
	fd_close(&d->fd);
}

/* The peer's SYN once more: it counts from the first. */
static void syn_again(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "a SYN sent twice", .chain = PASSIVE ">CLOSED", .open = "passive",
		   .reason = "reset_received", .swept = "SYN_RECEIVED",
		   .dwell = {{"SYN_RECEIVED", STAY_MS, 0}});
}

static void go_on(struct drive *d)
{
	peer_resend(&d->p, TH_SYN, 1);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	reset_established(d);
}

/* An ACK that acknowledges something else is reset, and the handshake goes on. */
static void wrong_ack(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "a wrong ACK for the SYN-ACK", .chain = PASSIVE ">CLOSED",
		   .open = "passive", .reason = "reset_received", .swept = "SYN_RECEIVED");
}

static void send_wrong_ack(struct drive *d)
{
	struct segment ack = {.flags = TH_ACK, .seq = d->p.seq, .win = 1000};

	ack.ack = d->p.ack + 1000;
	peer_send_segment(&d->p, &ack);
	peer_expect(&d->p, TH_RST, NULL);
	reset_established(d);
}

/* Reset in the queue: accept() hands out what is dead. */
static void reset_in_queue(struct drive *d, int tun, const struct fam *f)
{
	int fd;

	listen_at(d, tun, f);
	peer_connect(&d->p, d->port);
	procnet_await(d->port, d->p.port, TCP_ESTABLISHED);
	EXPECT_TUN(d, .name = "reset before it is accepted", .chain = PASSIVE ">CLOSED",
		   .open = "passive", .reason = "reset_received");
	peer_send(&d->p, TH_RST | TH_ACK);
	procnet_await(d->port, d->p.port, -1);
	fd = sock_accept(d->fd);
	close(fd);
	fd_close(&d->fd);
}

/* Data and FIN in the queue, and then the listener is closed. */
static void closed_in_queue(struct drive *d, int tun, const struct fam *f)
{
	listen_at(d, tun, f);
	peer_connect(&d->p, d->port);
	peer_send_data(&d->p, TH_FIN | TH_ACK | TH_PUSH, "all");
	procnet_await(d->port, d->p.port, TCP_CLOSE_WAIT);
	EXPECT_TUN(d, .name = "CLOSE_WAIT when its listener is closed",
		   .chain = PASSIVE ">CLOSE_WAIT>CLOSED", .open = "passive", .close = "passive",
		   .reason = "reset_sent");
	fd_close(&d->fd);
	peer_expect(&d->p, TH_RST, NULL);
}

static void fast_queue(struct drive *d, int tun, const struct fam *f)
{
	drive_fast_syn(d, tun, f);
	EXPECT_TUN(d, .name = "TCP Fast Open, its listener is closed", .chain = FAILED,
		   .open = "passive", .reason = "reset_sent");
	fd_close(&d->fd);
	peer_expect(&d->p, TH_RST, NULL);
}

static void fast_killed(struct drive *d, int tun, const struct fam *f)
{
	int fd, err;

	drive_fast_syn(d, tun, f);
	fd = sock_accept(d->fd);
	EXPECT_TUN(d, .name = "TCP Fast Open, SOCK_DESTROY", .chain = FAILED, .open = "passive",
		   .reason = "aborted");
	err = diag_destroy(fd);
	if (err)
		tap_die("SOCK_DESTROY: %s", strerror(-err));
	close(fd);
	fd_close(&d->fd);
}

static int listen_reuseport(const struct fam *f, uint16_t port)
{
	int fd = sock_new(f), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	sock_bind(fd, f, f->tun, port);
	if (listen(fd, 8))
		tap_die("listen: %s", strerror(errno));
	return fd;
}

/* The one whose queue is not empty; the other one stays. */
static int close_owner(const int fd[2])
{
	struct tcp_info ti = {0};
	socklen_t len = sizeof(ti);
	int has;

	/* of a listener: how many wait to be accepted */
	getsockopt(fd[0], IPPROTO_TCP, TCP_INFO, &ti, &len);
	has = ti.tcpi_unacked ? 0 : 1;
	close(fd[has]);
	return fd[!has];
}

/* The listener whose queue it is in goes: another one of its port takes it over. */
static void migrate_queued(struct drive *d, int tun, const struct fam *f)
{
	int fd[2], l;

	peer_init(&d->p, tun, f);
	d->port = d->p.kport = sock_fresh_port();
	for (int i = 0; i < 2; i++)
		fd[i] = listen_reuseport(f, d->port);
	peer_connect(&d->p, d->port);
	procnet_await(d->port, d->p.port, TCP_ESTABLISHED);
	EXPECT_TUN(d, .name = "taken over from another listener's queue",
		   .chain = PASSIVE ">CLOSE_WAIT>LAST_ACK>CLOSED", .open = "passive",
		   .close = "passive", .reason = "fin");
	l = close_owner(fd);
	d->fd = sock_accept(l);
	close(l);
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
}

/* ... half-open, by the ACK or by its timer, whichever comes first. */
static void migrate_half_open(struct drive *d, int tun, const struct fam *f)
{
	int first = sock_fresh_port();

	peer_init(&d->p, tun, f);
	d->port = d->p.kport = first;
	first = listen_reuseport(f, d->port);
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	EXPECT_TUN(d, .name = "taken over half-open", .chain = PASSIVE ">CLOSED", .open = "passive",
		   .reason = "reset_received", .swept = "SYN_RECEIVED");
	d->fd = listen_reuseport(f, d->port);
	close(first);
}

static void migrate_by_ack(struct drive *d, int tun, const struct fam *f)
{
	migrate_half_open(d, tun, f);
	reset_established(d);
}

int main(void)
{
	/* the last ones need tcp_migrate_req (Linux 5.14) */
	static const struct scenario scenarios[] = {
		{killed, kill_it},	     {syn_again, go_on},
		{wrong_ack, send_wrong_ack}, {reset_in_queue, NULL},
		{closed_in_queue, NULL},     {fast_queue, NULL},
		{fast_killed, NULL},	     {migrate_queued, NULL},
		{migrate_by_ack, NULL},	     {migrate_half_open, reset_established},
	};
	int n = sizeof(scenarios) / sizeof(*scenarios);
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, kernel_since(5, 14) ? n : n - 3);
	drive_allow_fast();
	sysctl_set("net.ipv4.tcp_migrate_req", "1");
	tiers_start(&ts, "--half-open", NULL);
	play_begin(&p);
	sleep_ms(STAY_MS);
	play_act(&p);
	tiers_let_sweep();
	tiers_finish(&ts);
	return tap_done();
}
