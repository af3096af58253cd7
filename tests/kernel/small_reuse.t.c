// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A new connection takes the place of one in TIMED_WAIT, from either side. */
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

/* Since when the time stamps were last used, in whole seconds: more than one. */
#define REUSE_MS 2200
#define ACTIVE "CLOSED>SYN_SEND>ESTABLISHED"
#define PASSIVE "LISTEN>SYN_RECEIVED>ESTABLISHED"
#define TO_TIMED_WAIT ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT"

#define ME                      \
	{                       \
		.pid = getpid() \
	}

/* The listeners stay. */
static int listener[FAM_COUNT][SCENARIOS_MAX];

static void server_closes(struct drive *d, int tun, const struct fam *f, int which)
{
	int l = sock_listen(f, f->tun);

	listener[f - fams][which] = l;
	peer_init(&d->p, tun, f);
	d->port = sock_lport(l);
	peer_connect(&d->p, d->port);
	d->fd = sock_accept(l);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
	drive_peer_fin(d);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}

static void syn(struct drive *d, int tun, const struct fam *f)
{
	server_closes(d, tun, f, 0);
	EXPECT_TUN(d, .name = "a SYN takes the place of TIMED_WAIT",
		   .chain = PASSIVE TO_TIMED_WAIT ">CLOSED", .open = "passive", .close = "active",
		   .reason = "reused", .reused_by_next = true);
	EXPECT_TUN(d, .name = "... for its connection", .nth = 1,
		   .chain = PASSIVE ">CLOSE_WAIT>LAST_ACK>CLOSED", .open = "passive",
		   .close = "passive", .reason = "fin");
}

/* Past the window of the last connection. */
static void connect_again(struct drive *d)
{
	d->p.seq += 1000000;
	peer_connect(&d->p, d->port);
	d->fd = sock_accept(listener[d->p.fam - fams][0]);
	peer_send(&d->p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
}

/* A SYN that begins where the last connection has been is answered with an ACK. */
static void old_syn(struct drive *d, int tun, const struct fam *f)
{
	server_closes(d, tun, f, 1);
	EXPECT_TUN(d, .name = "an old SYN in TIMED_WAIT", .chain = PASSIVE TO_TIMED_WAIT,
		   .open = "passive", .close = "active");
}

static void send_old_syn(struct drive *d)
{
	d->p.seq -= 1000;
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_ACK, NULL);
}

/* Nobody listens any more. */
static void refused_syn(struct drive *d, int tun, const struct fam *f)
{
	server_closes(d, tun, f, 2);
	fd_close(&listener[f - fams][2]);
	EXPECT_TUN(d, .name = "a SYN in TIMED_WAIT without a listener",
		   .chain = PASSIVE TO_TIMED_WAIT, .open = "passive", .close = "active");
}

static void send_refused_syn(struct drive *d)
{
	d->p.seq += 1000000;
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_ACK, NULL);
}

/*
 * Both ends are real here: it takes time stamps.
 */
static struct pair pairs[FAM_COUNT][2];

static void client_closes(struct pair *p)
{
	fd_close(&p->c);
	procnet_await(p->cport, p->sport, TCP_FIN_WAIT2);
	fd_close(&p->s);
	procnet_await(p->cport, p->sport, TCP_TIME_WAIT);
}

static void expect_connect(const struct fam *f, const struct pair *p, const char *name)
{
	EXPECT(.name = name, .fam = f, .lport = p->cport, .rport = p->sport,
	       .chain = ACTIVE TO_TIMED_WAIT ">CLOSED", .open = "active", .close = "active",
	       .reason = "reused", .reused_by_next = true, .owner = ME);
	EXPECT(.name = "... for the next", .fam = f, .lport = p->cport, .rport = p->sport, .nth = 1,
	       .chain = ACTIVE ">CLOSE_WAIT>LAST_ACK>CLOSED", .open = "active", .close = "passive",
	       .reason = "fin", .owner = ME);
}

/* The port is the program's choice, or the only one that there is. */
static int new_client(const struct fam *f, uint16_t port, bool bound)
{
	char range[32];
	int fd = sock_new(f);

	snprintf(range, sizeof(range), "%d %d", port, port);
	if (bound)
		sock_bind(fd, f, f->lo, port);
	else
		sysctl_set("net.ipv4.ip_local_port_range", range);
	return fd;
}

static void first(const struct fam *f, struct pair *p, bool bound)
{
	int l = sock_listen(f, f->lo), fd;

	p->cport = sock_fresh_port();
	fd = new_client(f, p->cport, bound);
	p->l = l;
	p->sport = sock_lport(l);
	if (sock_connect_on(fd, f, f->lo, p->sport))
		tap_die("%s: no connection from port %d", f->name, p->cport);
	p->c = fd;
	p->s = sock_accept(l);
	expect_connect(f, p, bound ? "connect() with its port bound" : "connect() at a free port");
	client_closes(p);
}

static void again(const struct fam *f, struct pair *p, bool bound)
{
	p->c = new_client(f, p->cport, bound);
	if (sock_connect_on(p->c, f, f->lo, p->sport))
		tap_die("%s: no second connection from port %d", f->name, p->cport);
	p->s = sock_accept(p->l);
	fd_close(&p->s);
	sock_await(p->c, TCP_CLOSE_WAIT);
	pair_close(p);
}

static void all_pairs(void (*fn)(const struct fam *, struct pair *, bool))
{
	for (const struct fam *f = fams; f < FAMS_END; f++)
		for (int i = 0; i < 2; i++)
			fn(f, &pairs[f - fams][i], i);
	sysctl_set("net.ipv4.ip_local_port_range", "32768 60999");
}

int main(void)
{
	static const struct scenario scenarios[] = {
		{syn, connect_again},
		{old_syn, send_old_syn},
		{refused_syn, send_refused_syn},
	};
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, sizeof(scenarios) / sizeof(*scenarios));
	sysctl_set("net.ipv4.tcp_tw_reuse", "1");
	tiers_start(&ts, NULL);
	play_begin(&p);
	all_pairs(first);
	tiers_await(&ts, "TIMED_WAIT");
	sleep_ms(REUSE_MS);
	play_act(&p);
	all_pairs(again);
	tiers_finish(&ts);
	return tap_done();
}
