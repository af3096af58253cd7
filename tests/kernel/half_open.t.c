// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Handshakes that never complete: shown with --half-open, counted always. */
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "play.h"
#include "sock.h"
#include "tap.h"

/* One SYN-ACK more after 1 s; 2 s later it is over. */
#define RETRIES "net.ipv4.tcp_synack_retries"
#define OVER_MS 3000
#define STAY_MS 1500 /* a sweep comes by */
#define FAILED "LISTEN>SYN_RECEIVED>CLOSED"

static int listener[FAM_COUNT][SCENARIOS_MAX];

#define DWELL(ms)                             \
	{                                     \
		{                             \
			"SYN_RECEIVED", ms, 0 \
		}                             \
	}

static int *listener_of(const struct drive *d)
{
	return &listener[d->p.fam - fams][d->p.port % SCENARIOS_MAX];
}

static void half_open(struct drive *d, int tun, const struct fam *f)
{
	int l = sock_listen(f, f->tun);

	peer_init(&d->p, tun, f);
	*listener_of(d) = l;
	d->port = d->p.kport = sock_lport(l);
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_SYN | TH_ACK, NULL);
}

static void silent(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "no ACK", .chain = FAILED, .open = "passive", .reason = "timeout",
		   .guess = "unknown", .dwell = DWELL(OVER_MS));
}

static void reset(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "RST for the SYN-ACK", .chain = FAILED, .open = "passive",
		   .reason = "reset_received", .guess = "unknown", .dwell = DWELL(STAY_MS));
}

static void send_reset(struct drive *d)
{
	peer_send(&d->p, TH_RST | TH_ACK);
}

static void syn(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "another SYN, in the window", .chain = FAILED, .open = "passive",
		   .reason = "reset_sent", .guess = "unknown", .dwell = DWELL(STAY_MS));
}

static void send_syn(struct drive *d)
{
	peer_send(&d->p, TH_SYN);
	peer_expect(&d->p, TH_RST, NULL);
}

/* Its timer finds that there is no listener any more. */
static void abandoned(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "the listener is closed", .chain = FAILED, .open = "passive",
		   .reason = "aborted", .guess = "unknown");
}

/* ... or the ACK does. */
static void abandoned_ack(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "the listener is closed before the ACK comes", .chain = FAILED,
		   .open = "passive", .reason = "reset_sent", .guess = "unknown");
}

static void close_listener(struct drive *d)
{
	fd_close(listener_of(d));
}

static void close_and_ack(struct drive *d)
{
	close_listener(d);
	peer_send(&d->p, TH_ACK);
	peer_expect(&d->p, TH_RST, NULL);
}

/* Half-open for longer than all of these, and then a connection. */
static void completed(struct drive *d, int tun, const struct fam *f)
{
	half_open(d, tun, f);
	EXPECT_TUN(d, .name = "the ACK comes at last", .open = "passive",
		   .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED>CLOSED", .reason = "reset_received",
		   .dwell = DWELL(STAY_MS), .age_ms = STAY_MS);
}

static void complete(struct drive *d)
{
	peer_send(&d->p, TH_ACK);
	d->fd = sock_accept(*listener_of(d));
	peer_send(&d->p, TH_RST | TH_ACK);
	sock_await(d->fd, TCP_CLOSE);
	fd_close(&d->fd);
}

/* From before the tracer, which no record tells of until a SYN-ACK is sent again. */
static struct drive early[FAM_COUNT];

static void begin_early(int tun)
{
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		struct drive *d = &early[f - fams];

		half_open(d, tun, f);
		EXPECT_TUN(d, .name = "from before, reset", .chain = FAILED, .open = "passive",
			   .reason = "unknown|reset_received");
	}
}

static void reset_early(void)
{
	for (int f = 0; f < FAM_COUNT; f++)
		send_reset(&early[f]);
}

static const struct scenario scenarios[] = {
	{silent, NULL},
	{reset, send_reset},
	{syn, send_syn},
	{abandoned, close_listener},
	{abandoned_ack, close_and_ack},
	{completed, complete},
};

#define N_SCENARIOS ((int)(sizeof(scenarios) / sizeof(*scenarios)))
#define N_FAILED (FAM_COUNT * (N_SCENARIOS - 1))

static void play(struct play *p)
{
	play_begin(p);
	sleep_ms(STAY_MS);
	play_act(p);
}

/* Sweeps don't see those that come and go between two of them, and look for none that is not shown.
 */
static void check_count(struct tracer *t, const char *label, bool shown)
{
	const char *tier = line_str(t->hello, "tier");

	if (strcmp(tier, "sweep"))
		tap_is(line_int(t->last, "half_open"), N_FAILED, "%ssummary.half_open", label);
	else if (!shown)
		tap_ok(!line_get(t->last, "half_open"), "%sno summary.half_open: not counted",
		       label);
}

/* Without the option: counted, not shown. */
static void check_silent(struct tiers *ts)
{
	for (int i = 0; i < ts->n; i++) {
		struct tracer *t = &ts->t[i];
		long failed = 0;

		tracer_end(t);
		for (size_t k = 0; k < json_array_size(t->lines); k++) {
			const json_t *line = tracer_line(t, k);

			failed += !strcmp(line_str(line, "from"), "SYN_RECEIVED") &&
				  !strcmp(line_str(line, "to"), "CLOSED");
		}
		tap_is(failed, 0, "%snone of them is shown without --half-open", ts->label[i]);
		check_count(t, ts->label[i], false);
	}
	tiers_free(ts);
}

int main(void)
{
	static struct tiers shown, silent_ones;
	static struct play p;

	play_init(&p, scenarios, N_SCENARIOS);
	begin_early(p.tun);
	tiers_start(&shown, "--half-open", NULL);
	tiers_start(&silent_ones, NULL);
	reset_early();
	sysctl_set(RETRIES, "1");
	play(&p);
	tiers_end(&shown);
	for (int i = 0; i < shown.n; i++)
		check_count(&shown.t[i], shown.label[i], true);
	tiers_free(&shown);
	check_silent(&silent_ones);
	return tap_done();
}
