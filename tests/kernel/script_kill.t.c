// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Ends from outside of the connection, in each state: `ss -K`, and a disconnect,
 * after which the same socket connects again.
 */
#include <errno.h>
#include <stdio.h>
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

#define OPEN "CLOSED>SYN_SEND>ESTABLISHED"

struct state {
	const char *name;
	void (*drive)(struct drive *d, int tun, const struct fam *f);
	const char *chain;
	const char *open, *close;
};

static const struct state states[] = {
	{"SYN_SEND", drive_syn_sent, "CLOSED>SYN_SEND>CLOSED", "active", NULL},
	{"SYN_RECEIVED", drive_syn_recv, "CLOSED>SYN_SEND>SYN_RECEIVED>CLOSED", "simultaneous",
	 NULL},
	{"ESTABLISHED", drive_established, OPEN ">CLOSED", "active", NULL},
	{"ESTABLISHED, accepted", drive_accepted, "LISTEN>SYN_RECEIVED>ESTABLISHED>CLOSED",
	 "passive", NULL},
	{"FIN_WAIT_1", drive_fin_wait_1, OPEN ">FIN_WAIT_1>CLOSED", "active", "active"},
	{"FIN_WAIT_2", drive_fin_wait_2, OPEN ">FIN_WAIT_1>FIN_WAIT_2>CLOSED", "active", "active"},
	{"CLOSING", drive_closing, OPEN ">FIN_WAIT_1>CLOSING>CLOSED", "active", "simultaneous"},
	{"CLOSE_WAIT", drive_close_wait, OPEN ">CLOSE_WAIT>CLOSED", "active", "passive"},
	{"LAST_ACK", drive_last_ack, OPEN ">CLOSE_WAIT>LAST_ACK>CLOSED", "active", "passive"},
};

#define STATES_END (states + sizeof(states) / sizeof(*states))

static void expect_end(const struct drive *d, const struct state *s, const char *how,
		       const char *reason)
{
	char name[64];

	snprintf(name, sizeof(name), "%s in %s", how, s->name);
	EXPECT_TUN(d, .name = name, .chain = s->chain, .open = s->open, .close = s->close,
		   .reason = reason);
}

static void kill_drive(const struct drive *d)
{
	int err = diag_destroy_drive(d);

	if (err)
		tap_die("%s: SOCK_DESTROY: %s", d->p.fam->name, strerror(-err));
}

static void killed(int tun, const struct fam *f, const struct state *s)
{
	struct drive d;

	s->drive(&d, tun, f);
	expect_end(&d, s, "SOCK_DESTROY", "aborted");
	kill_drive(&d);
	sock_await(d.fd, TCP_CLOSE);
	close(d.fd);
}

/* No descriptor any more: tcp_abort() leaves such a one until kernel commit bac76cf89816. */
static void killed_orphan(int tun, const struct fam *f, const struct state *s)
{
	struct drive d;

	s->drive(&d, tun, f);
	close(d.fd);
	kill_drive(&d);
	if (procnet_state(d.port, d.p.port) == -1) {
		expect_end(&d, s, "SOCK_DESTROY after close()", "aborted");
		return;
	}
	tap_skip("this kernel leaves it", "%s: SOCK_DESTROY after close() in %s", f->name, s->name);
	expect_end(&d, s, "RST after SOCK_DESTROY after close()", "reset_received");
	peer_send(&d.p, TH_RST | TH_ACK);
	procnet_await(d.port, d.p.port, -1);
}

static void expect_small_end(const struct drive *d, bool timed, const char *how, const char *reason)
{
	char name[64];

	snprintf(name, sizeof(name), "%s in %s", how, timed ? "TIMED_WAIT" : "a small FIN_WAIT_2");
	if (timed)
		EXPECT_TUN(d, .name = name,
			   .chain = OPEN ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT>CLOSED",
			   .open = "active", .close = "active", .reason = "killed", .rearms = -1);
	else
		EXPECT_TUN(d, .name = name, .chain = OPEN ">FIN_WAIT_1>FIN_WAIT_2>CLOSED",
			   .open = "active", .close = "active", .reason = reason,
			   .guess = "reset_received");
}

/* The tcp_abort() of Linux 5.10 does not know small sockets. */
static void killed_small(int tun, const struct fam *f, bool timed)
{
	struct drive d;
	int err;

	(timed ? drive_timed_wait : drive_small_fin_wait_2)(&d, tun, f);
	tiers_let_sweep();
	err = diag_destroy_drive(&d);
	if (err == -EOPNOTSUPP) {
		tap_skip("not on this kernel", "%s: SOCK_DESTROY of a small socket", f->name);
		expect_small_end(&d, timed, "RST after SOCK_DESTROY", "reset_received");
		peer_send(&d.p, TH_RST | TH_ACK);
	} else if (err) {
		tap_die("%s: SOCK_DESTROY: %s", f->name, strerror(-err));
	} else {
		expect_small_end(&d, timed, "SOCK_DESTROY", "aborted");
	}
	procnet_await(d.port, d.p.port, -1);
}

static void again(struct drive *d)
{
	struct peer *p = &d->p;

	p->port = sock_fresh_port();
	p->kport = 0;
	sock_start_on(d->fd, p->fam, p->fam->peer, p->port);
	d->port = sock_lport(d->fd);
	peer_accept(p);
	sock_await(d->fd, TCP_ESTABLISHED);
	EXPECT_TUN(d, .name = "connected again", .chain = OPEN ">CLOSE_WAIT>LAST_ACK>CLOSED",
		   .open = "active", .close = "passive", .reason = "fin");
	peer_send(p, TH_FIN | TH_ACK);
	sock_await(d->fd, TCP_CLOSE_WAIT);
	drive_close(d);
	peer_send(p, TH_ACK);
}

static void disconnected(int tun, const struct fam *f, const struct state *s)
{
	bool silent = s->drive == drive_syn_sent || s->drive == drive_closing ||
		      s->drive == drive_last_ack;
	struct drive d;

	s->drive(&d, tun, f);
	expect_end(&d, s, "disconnect", silent ? "aborted" : "reset_sent");
	sock_disconnect(d.fd);
	again(&d);
}

int main(void)
{
	static struct tiers ts;
	int tun;

	netns_new();
	tun = tun_open("tun0");
	if (tun < 0)
		tap_skip_all("no raw peer: %s", strerror(-tun));
	tiers_start(&ts, NULL);
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		for (const struct state *s = states; s < STATES_END; s++) {
			killed(tun, f, s);
			disconnected(tun, f, s);
		}
		killed_orphan(tun, f, &states[4]);
		killed_orphan(tun, f, &states[6]);
		killed_orphan(tun, f, &states[8]);
		killed_small(tun, f, false);
		killed_small(tun, f, true);
	}
	tiers_finish(&ts);
	return tap_done();
}
