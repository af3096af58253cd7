// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * SYN_RECEIVED, most of which is spent in a request_sock: how long it lasted,
 * also where the handshake is not the usual one.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

#define STAY_MS 80
#define PASSIVE "LISTEN>SYN_RECEIVED>ESTABLISHED"

#define DWELL(ms)                             \
	{                                     \
		{                             \
			"SYN_RECEIVED", ms, 0 \
		}                             \
	}

static void listen_opt(struct drive *d, int tun, const struct fam *f, int opt, int value)
{
	d->fd = opt ? sock_listen_opt(f, f->tun, opt, value) : sock_listen(f, f->tun);
	peer_init(&d->p, tun, f);
	d->port = d->p.kport = sock_lport(d->fd);
}

/* The listener's descriptor becomes its child's. */
static void accept_child(struct drive *d)
{
	int fd = sock_accept(d->fd);

	fd_close(&d->fd);
	d->fd = fd;
}

static void close_second(struct drive *d)
{
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_drain(d->fd);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
}

#define EXPECT_PASSIVE(d, ...)                                                           \
	EXPECT_TUN(d, .chain = PASSIVE ">CLOSE_WAIT>LAST_ACK>CLOSED", .open = "passive", \
		   .close = "passive", .reason = "fin", __VA_ARGS__)

static void late_ack(struct drive *d, int tun, const struct fam *f)
{
	listen_opt(d, tun, f, 0, 0);
	EXPECT_PASSIVE(d, .name = "the last ACK comes late", .dwell = DWELL(STAY_MS),
		       .age_ms = STAY_MS);
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	sleep_ms(STAY_MS);
	peer_send(&d->p, TH_ACK);
	accept_child(d);
	close_second(d);
}

/* Data that comes with the last ACK. */
static void late_data(struct drive *d, int tun, const struct fam *f)
{
	listen_opt(d, tun, f, 0, 0);
	EXPECT_PASSIVE(d, .name = "the last ACK comes late, with data", .dwell = DWELL(STAY_MS),
		       .totals = true, .received = 5);
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	sleep_ms(STAY_MS);
	peer_send_data(&d->p, TH_ACK | TH_PUSH, "Hello");
	accept_child(d);
	close_second(d);
}

/* The SYN-ACK once more, after a second: which one was acknowledged, sweeps can't tell. */
static void repeated(struct drive *d, int tun, const struct fam *f)
{
	listen_opt(d, tun, f, 0, 0);
	EXPECT_PASSIVE(d, .name = "the SYN-ACK was sent twice", .swept = "SYN_RECEIVED",
		       .dwell = DWELL(900));
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	peer_send(&d->p, TH_ACK);
	accept_child(d);
	close_second(d);
}

/* With time stamps the kernel can: its round trip time is that of the last SYN-ACK, the stay's end.
 */
static void repeated_stamped(struct drive *d, int tun, const struct fam *f)
{
	listen_opt(d, tun, f, 0, 0);
	EXPECT_PASSIVE(d, .name = "the SYN-ACK was sent twice, with time stamps",
		       .swept = "SYN_RECEIVED", .dwell = DWELL(900));
	drive_send_stamped(d, TH_SYN);
	drive_take_stamped(d, TH_SYN | TH_ACK);
	drive_take_stamped(d, TH_SYN | TH_ACK);
	drive_send_stamped(d, TH_ACK);
	accept_child(d);
	drive_send_stamped(d, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
	fd_close(&d->fd);
	drive_take_stamped(d, TH_FIN);
	drive_send_stamped(d, TH_ACK);
}

/* The ACK alone is not enough: SYN_RECEIVED until data comes. */
static void deferred(struct drive *d, int tun, const struct fam *f)
{
	listen_opt(d, tun, f, TCP_DEFER_ACCEPT, 3);
	EXPECT_PASSIVE(d, .name = "TCP_DEFER_ACCEPT", .dwell = DWELL(2L * STAY_MS), .totals = true,
		       .received = 4);
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	sleep_ms(STAY_MS);
	peer_send(&d->p, TH_ACK);
	sleep_ms(STAY_MS);
	peer_send_data(&d->p, TH_ACK | TH_PUSH, "data");
	accept_child(d);
	close_second(d);
}

static void fast_server(struct drive *d, int tun, const struct fam *f)
{
	drive_fast_child(d, tun, f);
	EXPECT_PASSIVE(d, .name = "TCP Fast Open, server", .dwell = DWELL(STAY_MS), .totals = true,
		       .received = 4);
	sleep_ms(STAY_MS);
	peer_send(&d->p, TH_ACK);
	sock_await(d->fd, TCP_ESTABLISHED);
	close_second(d);
}

static void fast_server_reset(struct drive *d, int tun, const struct fam *f)
{
	drive_fast_child(d, tun, f);
	EXPECT_TUN(d, .name = "TCP Fast Open, server, reset", .chain = "LISTEN>SYN_RECEIVED>CLOSED",
		   .open = "passive", .reason = "reset_received", .dwell = DWELL(STAY_MS));
	sleep_ms(STAY_MS);
	peer_send(&d->p, TH_RST | TH_ACK);
	sock_await(d->fd, TCP_CLOSE);
	fd_close(&d->fd);
}

static void fast_client(struct drive *d, int tun, const struct fam *f)
{
	struct sockaddr_storage ss;
	socklen_t len;
	struct segment syn;

	peer_init(&d->p, tun, f);
	len = fam_sockaddr(f, f->peer, d->p.port, &ss);
	d->fd = sock_new(f);
	if (sendto(d->fd, "fast", 4, MSG_FASTOPEN | MSG_DONTWAIT, (void *)&ss, len) != 4)
		tap_die("no TCP Fast Open");
	peer_expect(&d->p, TH_SYN, &syn);
	d->port = sock_lport(d->fd);
	EXPECT_TUN(d, .name = "TCP Fast Open, client",
		   .chain = "CLOSED>SYN_SEND>ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSED",
		   .open = "active", .close = "passive", .reason = "fin", .totals = true, .sent = 4,
		   .dwell = {{"SYN_SEND", STAY_MS, 0}});
	if (syn.len != 4)
		tap_die("the SYN has %d bytes of data", syn.len);
	sleep_ms(STAY_MS);
	peer_send(&d->p, TH_SYN | TH_ACK);
	sock_await(d->fd, TCP_ESTABLISHED);
	close_second(d);
}

int main(void)
{
	static const struct scenario scenarios[] = {
		{late_ack, NULL},	   {late_data, NULL},	{repeated, NULL},
		{repeated_stamped, NULL},  {deferred, NULL},	{fast_server, NULL},
		{fast_server_reset, NULL}, {fast_client, NULL},
	};
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, sizeof(scenarios) / sizeof(*scenarios));
	drive_allow_fast();
	tiers_start(&ts, NULL);
	play_begin(&p);
	tiers_finish(&ts);
	return tap_done();
}
