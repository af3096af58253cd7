// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "tap.h"

void play_init(struct play *p, const struct scenario *s, int n)
{
	memset(p, 0, sizeof(*p));
	p->s = s;
	p->n = n;
	if (n > SCENARIOS_MAX)
		tap_die("too many scenarios");
	netns_new();
	p->tun = tun_open("tun0");
	if (p->tun < 0)
		tap_skip_all("no raw peer: %s", strerror(-p->tun));
}

void play_begin(struct play *p)
{
	for (const struct fam *f = fams; f < FAMS_END; f++)
		for (int i = 0; i < p->n; i++)
			p->s[i].begin(&p->d[f - fams][i], p->tun, f);
}

void play_act(struct play *p)
{
	for (const struct fam *f = fams; f < FAMS_END; f++)
		for (int i = 0; i < p->n; i++)
			if (p->s[i].act)
				p->s[i].act(&p->d[f - fams][i]);
}

void drive_small_fin_wait_2(struct drive *d, int tun, const struct fam *f)
{
	drive_established(d, tun, f);
	drive_close(d);
	peer_send(&d->p, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_FIN_WAIT2);
}

void drive_peer_fin(struct drive *d)
{
	peer_send(&d->p, TH_FIN | TH_ACK);
	peer_expect(&d->p, TH_ACK, NULL);
}

void drive_timed_wait(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	drive_peer_fin(d);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
}
