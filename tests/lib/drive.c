// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include <sys/socket.h>

#include "drive.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

void drive_syn_sent(struct drive *d, int tun, const struct fam *f)
{
	peer_init(&d->p, tun, f);
	d->fd = sock_start(f, f->peer, d->p.port);
	d->port = sock_lport(d->fd);
	peer_expect(&d->p, TH_SYN, NULL);
}

void drive_syn_recv(struct drive *d, int tun, const struct fam *f)
{
	drive_syn_sent(d, tun, f);
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
	sock_await(d->fd, TCP_SYN_RECV);
}

void drive_established(struct drive *d, int tun, const struct fam *f)
{
	drive_syn_sent(d, tun, f);
	peer_send(&d->p, TH_SYN | TH_ACK);
	peer_expect(&d->p, TH_ACK, NULL);
	sock_await(d->fd, TCP_ESTABLISHED);
}

void drive_fin_wait_1(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	shutdown(d->fd, SHUT_WR);
	peer_expect(&d->p, TH_FIN, NULL);
	sock_await(d->fd, TCP_FIN_WAIT1);
}

void drive_fin_wait_2(struct drive *d, int tun, const struct fam *f)
{
	drive_fin_wait_1(d, tun, f);
	peer_send(&d->p, TH_ACK);
	sock_await(d->fd, TCP_FIN_WAIT2);
}

void drive_crossing_fin(struct drive *d)
{
	d->p.ack--;
	peer_send(&d->p, TH_FIN | TH_ACK);
	d->p.ack++;
}

void drive_closing(struct drive *d, int tun, const struct fam *f)
{
	drive_fin_wait_1(d, tun, f);
	drive_crossing_fin(d);
	sock_await(d->fd, TCP_CLOSING);
}

void drive_close_wait(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
}

void drive_last_ack(struct drive *d, int tun, const struct fam *f)
{
	drive_close_wait(d, tun, f);
	shutdown(d->fd, SHUT_WR);
	peer_expect(&d->p, TH_FIN, NULL);
	sock_await(d->fd, TCP_LAST_ACK);
}

void drive_accepted(struct drive *d, int tun, const struct fam *f)
{
	int l = sock_listen(f, f->tun);

	peer_init(&d->p, tun, f);
	d->port = sock_lport(l);
	peer_connect(&d->p, d->port);
	d->fd = sock_accept(l);
	fd_close(&l);
}

void drive_allow_fast(void)
{
	/* client and server, data without a cookie both ways, each listener */
	sysctl_set("net.ipv4.tcp_fastopen", "0x607");
}

void drive_fast_syn(struct drive *d, int tun, const struct fam *f)
{
	d->fd = sock_listen(f, f->tun);
	peer_init(&d->p, tun, f);
	d->port = d->p.kport = sock_lport(d->fd);
	peer_send_data(&d->p, TH_SYN, "fast");
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
}

void drive_fast_child(struct drive *d, int tun, const struct fam *f)
{
	int l;

	drive_fast_syn(d, tun, f);
	l = d->fd;
	d->fd = sock_accept(l);
	fd_close(&l);
	if (sock_state(d->fd) != TCP_SYN_RECV)
		tap_die("no TCP Fast Open");
}

void drive_close(struct drive *d)
{
	fd_close(&d->fd);
	peer_expect(&d->p, TH_FIN, NULL);
}

#define TIMESTAMP_LEN 8

void drive_send_stamped(struct drive *d, uint8_t flags)
{
	struct segment s = {.flags = flags, .win = d->p.win, .seq = d->p.seq};
	uint8_t stamps[TIMESTAMP_LEN] = {0, 0, 0, 1};

	if (flags & TH_ACK)
		s.ack = d->p.ack;
	memcpy(stamps + 4, d->echo, 4);
	segment_opt(&s, TCPOPT_TIMESTAMP, stamps, sizeof(stamps));
	peer_send_segment(&d->p, &s);
	d->p.seq += !!(flags & (TH_SYN | TH_FIN));
}

void drive_take_stamped(struct drive *d, uint8_t flags)
{
	const uint8_t *stamps;
	struct segment s;
	size_t len;

	peer_expect(&d->p, flags, &s);
	stamps = segment_find(&s, TCPOPT_TIMESTAMP, &len);
	if (!stamps || len != TIMESTAMP_LEN)
		tap_die("no time stamps");
	memcpy(d->echo, stamps, 4);
}
