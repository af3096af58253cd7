// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Small sockets from before the tracer: each is in the picture, and came into its
 * state when it really did, as far as the kernel still knows that.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "play.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

/* From the state's begin to a late segment, and from there to the start of the tracers. */
#define AGE_MS 1500
#define LATE_MS 300
/* The kernel keeps moments in ticks or ms, and ticks come late in a guest that waits for its CPU.
 */
#define COARSE_NS (150 * NS_PER_MS)

/* What is known of the entry into the state: between these. */
struct entry {
	int64_t from_ns, to_ns;
};

static struct entry entries[FAM_COUNT][SCENARIOS_MAX];

#define EXPECT_SMALL(d, ...)                                                                     \
	EXPECT(.fam = (d)->p.fam, .laddr = (d)->p.fam->tun_json, .raddr = (d)->p.fam->peer_json, \
	       .lport = (d)->port, .rport = (d)->p.port, .close = "active", __VA_ARGS__)

#define EXPECT_KILLED(d, ms, ...)                                                                \
	EXPECT_SMALL(d, .chain = "TIMED_WAIT>CLOSED", .reason = "killed", .exact = "TIMED_WAIT", \
		     .dwell = {{"TIMED_WAIT", ms, 0}}, __VA_ARGS__)

static void timed_wait(struct drive *d, int tun, const struct fam *f)
{
	drive_timed_wait(d, tun, f);
	EXPECT_KILLED(d, AGE_MS, .name = "TIMED_WAIT from before");
}

/* With time stamps the kernel knows when it began, also after its timer was set again. */
static void rearmed(struct drive *d, int tun, const struct fam *f)
{
	int l = sock_listen(f, f->tun);

	peer_init(&d->p, tun, f);
	d->port = d->p.kport = sock_lport(l);
	drive_send_stamped(d, TH_SYN);
	drive_take_stamped(d, TH_SYN | TH_ACK);
	drive_send_stamped(d, TH_ACK);
	d->fd = sock_accept(l);
	fd_close(&l);
	fd_close(&d->fd);
	drive_take_stamped(d, TH_FIN);
	drive_send_stamped(d, TH_FIN | TH_ACK);
	drive_take_stamped(d, TH_ACK);
	procnet_await(d->port, d->p.port, TCP_TIME_WAIT);
	EXPECT_KILLED(d, kernel_since(6, 14) ? AGE_MS : LATE_MS,
		      .name = "TIMED_WAIT from before, its timer set again",
		      .rearms = kernel_since(6, 14));
}

static void send_late_fin(struct drive *d)
{
	d->p.seq--;
	drive_send_stamped(d, TH_FIN | TH_ACK);
	drive_take_stamped(d, TH_ACK);
}

static void kill_it(struct drive *d)
{
	peer_send(&d->p, TH_RST);
	procnet_await(d->port, d->p.port, -1);
}

static void fin_wait_2(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	EXPECT_SMALL(d, .name = "FIN_WAIT_2 from before, then the peer's FIN",
		     .chain = "FIN_WAIT_2>TIMED_WAIT",
		     .exact = kernel_since(6, 14) ? "FIN_WAIT_2" : NULL,
		     .dwell = {{"FIN_WAIT_2", kernel_since(6, 14) ? AGE_MS : 0, 0}});
}

static void reset(struct drive *d, int tun, const struct fam *f)
{
	drive_small_fin_wait_2(d, tun, f);
	EXPECT_SMALL(d, .name = "RST in a FIN_WAIT_2 from before", .chain = "FIN_WAIT_2>CLOSED",
		     .reason = "reset_received",
		     .exact = kernel_since(6, 14) ? "FIN_WAIT_2" : NULL);
}

static void send_reset(struct drive *d)
{
	peer_send(&d->p, TH_RST | TH_ACK);
	procnet_await(d->port, d->p.port, -1);
}

enum {
	TIMED,
	REARMED,
	FIN_WAIT_2,
	OTHERS,
};

static const struct scenario scenarios[] = {
	[TIMED] = {timed_wait, kill_it},
	[REARMED] = {rearmed, kill_it},
	[FIN_WAIT_2] = {fin_wait_2, drive_peer_fin},
	[OTHERS] = {reset, send_reset},
};

#define N_SCENARIOS ((int)(sizeof(scenarios) / sizeof(*scenarios)))

/* play_begin(), and when each began. */
static void begin(struct play *p)
{
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		for (int i = 0; i < p->n; i++) {
			struct entry *e = &entries[f - fams][i];

			e->from_ns = clock_ns();
			p->s[i].begin(&p->d[f - fams][i], p->tun, f);
			e->to_ns = clock_ns();
		}
	}
}

static void set_again(struct play *p)
{
	for (int f = 0; f < FAM_COUNT; f++)
		send_late_fin(&p->d[f][REARMED]);
}

static const json_t *socket_line(const struct tracer *t, const struct drive *d)
{
	const json_t *line;

	for (size_t i = 0; (line = tracer_line(t, i)); i++)
		if (line_is(line, "socket") && line_int(line, "lport") == d->port &&
		    line_int(line, "rport") == d->p.port)
			return line;
	return NULL;
}

static void check_told(const struct tracer *t, const char *label, const struct drive *d,
		       const struct entry *e, const char *state)
{
	const json_t *line = socket_line(t, d);
	int64_t entered = line ? line_int(line, "mono_ns") - line_int(line, "dwell_ns") : 0;

	if (!tap_ok(line && !strcmp(line_str(line, "state"), state), "%s%s: %s is told", label,
		    d->p.fam->name, state))
		return;
	tap_ok(!strcmp(line_str(line, "dwell"), "exact"), "%s%s: ... as exact", label,
	       d->p.fam->name);
	if (!tap_ok(entered >= e->from_ns - COARSE_NS && entered <= e->to_ns + COARSE_NS,
		    "%s%s: ... with its begin", label, d->p.fam->name))
		tap_diag("%lld ns after it", (long long)(entered - e->to_ns));
}

/* The rows come before the tracer's first word of what happens next: all are there by now. */
static void check_all_told(const struct tiers *ts, const struct play *p)
{
	static const char *const state[OTHERS] = {"TIMED_WAIT", "TIMED_WAIT", "FIN_WAIT_2"};

	for (int i = 0; i < ts->n; i++)
		for (int f = 0; f < FAM_COUNT; f++)
			for (int s = TIMED; s < (kernel_since(6, 14) ? OTHERS : REARMED); s++)
				check_told(&ts->t[i], ts->label[i], &p->d[f][s], &entries[f][s],
					   state[s]);
}

int main(void)
{
	static struct tiers ts;
	static struct play p;

	play_init(&p, scenarios, N_SCENARIOS);
	begin(&p);
	sleep_ms(AGE_MS);
	set_again(&p);
	sleep_ms(LATE_MS);
	tiers_start(&ts, NULL);
	play_act(&p);
	tiers_await_all(&ts);
	check_all_told(&ts, &p);
	if (!kernel_since(6, 14))
		tap_skip("not before Linux 6.14",
			 "the begin of a TIMED_WAIT whose timer was set again");
	tiers_finish(&ts);
	return tap_done();
}
