// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Traffic that the filter leaves out, of which something is met by the sweeps all
 * the same: nothing of it is shown, and nothing of it is missed.
 */
#include <unistd.h>

#include "child.h"
#include "expect.h"
#include "netns.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"
#include "tiers.h"

/* Keeps the sweeps going. */
static void half_close(const struct fam *f, struct pair *p)
{
	pair_open(p, f);
	EXPECT(.name = "inside", .fam = f, .lport = p->cport, .rport = p->sport,
	       .chain = "CLOSED>SYN_SEND>ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2", .open = "active",
	       .close = "active");
	fd_close(&p->c);
	procnet_await(p->cport, p->sport, TCP_FIN_WAIT2);
}

static void stay(struct child *self, void *arg)
{
	(void)arg;
	child_pause(self);
}

int main(void)
{
	static struct pair others[FAM_COUNT], inside[FAM_COUNT];
	int listener[FAM_COUNT], outside, here;
	static struct tiers ts;
	struct child keeper;

	netns_new();
	outside = netns_fd();
	child_start(&keeper, stay, NULL); /* one that no process is in can't be found */
	/* known since the start: their children are made with what is kept of them */
	for (const struct fam *f = fams; f < FAMS_END; f++)
		listener[f - fams] = sock_listen(f, f->lo);
	netns_new();
	here = netns_fd();
	tiers_start(&ts, NULL);
	netns_enter(outside);
	for (const struct fam *f = fams; f < FAMS_END; f++)
		pair_open_at(&others[f - fams], f, f->lo, listener[f - fams]);
	netns_enter(here);
	for (const struct fam *f = fams; f < FAMS_END; f++)
		half_close(f, &inside[f - fams]);
	tiers_let_sweep();
	tiers_finish(&ts);
	child_end(&keeper);
	return tap_done();
}
