// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Orderly connections over loopback, seen from both ends.  The totals of the
 * end that closes first come when TIMED_WAIT is over: expired.t.c.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "expect.h"
#include "netns.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"

#define STAY_MS 60

#define ACTIVE_OPEN "CLOSED>SYN_SEND>ESTABLISHED"
#define PASSIVE_OPEN "LISTEN>SYN_RECEIVED>ESTABLISHED"
#define ACTIVE_CLOSE ">FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT"
#define PASSIVE_CLOSE ">CLOSE_WAIT>LAST_ACK>CLOSED"

#define ME                      \
	{                       \
		.pid = getpid() \
	}

static void listener(const struct fam *f)
{
	int fd = sock_listen(f, f->lo);

	EXPECT(.name = "a listener, opened and closed", .fam = f, .lport = sock_lport(fd),
	       .chain = "CLOSED>LISTEN>CLOSED", .owner = ME, .dwell = {{"LISTEN", STAY_MS, 0}});
	sleep_ms(STAY_MS);
	close(fd);
}

/* One end closes, STAY_MS later the other. */
static void orderly(int first, int second)
{
	uint16_t lport = sock_lport(first), rport = sock_rport(first);

	sleep_ms(STAY_MS);
	close(first);
	procnet_await(lport, rport, TCP_FIN_WAIT2); /* the acknowledgement may be delayed */
	sleep_ms(STAY_MS);
	close(second);
}

static void client_closes(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "the client closes first: client", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = ACTIVE_OPEN ACTIVE_CLOSE, .open = "active",
	       .close = "active", .owner = ME,
	       .dwell = {{"ESTABLISHED", STAY_MS, 0}, {"FIN_WAIT_2", STAY_MS, 0}});
	EXPECT(.name = "the client closes first: server", .fam = f, .lport = p.sport,
	       .rport = p.cport, .chain = PASSIVE_OPEN PASSIVE_CLOSE, .open = "passive",
	       .close = "passive", .reason = "fin", .owner = ME, .totals = true, .sent = 54321,
	       .received = 12345, .age_ms = 2 * STAY_MS,
	       .dwell = {{"ESTABLISHED", STAY_MS, 0}, {"CLOSE_WAIT", STAY_MS, 0}});
	sock_transfer(p.c, p.s, 12345);
	sock_transfer(p.s, p.c, 54321);
	orderly(p.c, p.s);
	close(p.l);
}

static void server_closes(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "the server closes first: server", .fam = f, .lport = p.sport,
	       .rport = p.cport, .chain = PASSIVE_OPEN ACTIVE_CLOSE, .open = "passive",
	       .close = "active", .owner = ME, .dwell = {{"FIN_WAIT_2", STAY_MS, 0}});
	EXPECT(.name = "the server closes first: client", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = ACTIVE_OPEN PASSIVE_CLOSE, .open = "active",
	       .close = "passive", .reason = "fin", .owner = ME, .totals = true, .sent = 1,
	       .received = 0, .age_ms = 2 * STAY_MS, .dwell = {{"CLOSE_WAIT", STAY_MS, 0}});
	sock_transfer(p.c, p.s, 1);
	orderly(p.s, p.c);
	close(p.l);
}

/* The half-closed end still has its descriptor in FIN_WAIT_2, and receives there. */
static void half_close(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "half-close: the half-closed end", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = ACTIVE_OPEN ACTIVE_CLOSE, .open = "active",
	       .close = "active", .owner = ME, .dwell = {{"FIN_WAIT_2", STAY_MS, 0}});
	EXPECT(.name = "half-close: the sending end", .fam = f, .lport = p.sport, .rport = p.cport,
	       .chain = PASSIVE_OPEN PASSIVE_CLOSE, .open = "passive", .close = "passive",
	       .reason = "fin", .owner = ME, .totals = true, .sent = 100000, .received = 5,
	       .dwell = {{"CLOSE_WAIT", STAY_MS, 0}});
	sock_send(p.c, "Hello");
	shutdown(p.c, SHUT_WR);
	sock_drain(p.s);
	sock_await(p.c, TCP_FIN_WAIT2); /* the acknowledgement may be delayed */
	sleep_ms(STAY_MS);
	sock_transfer(p.s, p.c, 100000);
	close(p.s);
	sock_drain(p.c);
	pair_close(&p);
}

/* shutdown() on both ends, then close(): close() moves nothing any more. */
static void shut_both(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "shutdown on both ends, then close: client", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = ACTIVE_OPEN ACTIVE_CLOSE, .close = "active",
	       .open = "active", .owner = ME);
	EXPECT(.name = "shutdown on both ends, then close: server", .fam = f, .lport = p.sport,
	       .rport = p.cport, .chain = PASSIVE_OPEN PASSIVE_CLOSE, .open = "passive",
	       .close = "passive", .reason = "fin", .owner = ME);
	shutdown(p.c, SHUT_WR);
	sock_await(p.s, TCP_CLOSE_WAIT);
	shutdown(p.s, SHUT_RDWR);
	sock_await(p.c, TCP_CLOSE);
	pair_close(&p);
}

/* close() in FIN_WAIT_2: the kernel then says that FIN_WAIT_2 becomes FIN_WAIT_2. */
static void half_close_then_close(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "close in FIN_WAIT_2 is not a transition", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = ACTIVE_OPEN ACTIVE_CLOSE, .close = "active",
	       .open = "active", .owner = ME, .dwell = {{"FIN_WAIT_2", 2L * STAY_MS, 0}});
	shutdown(p.c, SHUT_WR);
	sock_await(p.c, TCP_FIN_WAIT2);
	sleep_ms(STAY_MS);
	fd_close(&p.c);
	sleep_ms(STAY_MS);
	pair_close(&p);
}

static void never_accepted(const struct fam *f)
{
	int l = sock_listen(f, f->lo);
	int c = sock_connect(f, f->lo, sock_lport(l));

	EXPECT(.name = "closed by the client before it was accepted: client", .fam = f,
	       .lport = sock_lport(c), .rport = sock_lport(l), .chain = ACTIVE_OPEN ACTIVE_CLOSE,
	       .open = "active", .close = "active", .owner = ME);
	EXPECT(.name = "closed by the client before it was accepted: server", .fam = f,
	       .lport = sock_lport(l), .rport = sock_lport(c), .chain = PASSIVE_OPEN PASSIVE_CLOSE,
	       .open = "passive", .close = "passive", .reason = "fin", .owner = ME);
	close(c);
	c = sock_accept(l);
	sock_await(c, TCP_CLOSE_WAIT);
	close(c);
	close(l);
}

/* The listener of one socket has both families. */
static void dual_stack(void)
{
	const struct fam *f = &fams[FAM_MAPPED];
	int l = sock_listen(&fams[FAM_V6], "::");
	struct pair p;

	pair_open_at(&p, &fams[FAM_V4], "127.0.0.1", l);
	EXPECT(.name = "an IPv4 client of a dual-stack listener: client", .fam = &fams[FAM_V4],
	       .lport = p.cport, .rport = p.sport, .chain = ACTIVE_OPEN ACTIVE_CLOSE, .owner = ME,
	       .open = "active");
	EXPECT(.name = "an IPv4 client of a dual-stack listener: server", .fam = f,
	       .lport = p.sport, .rport = p.cport, .chain = PASSIVE_OPEN PASSIVE_CLOSE, .owner = ME,
	       .open = "passive");
	EXPECT(.name = "a dual-stack listener", .lport = p.sport,
	       .laddr = "::", .chain = "CLOSED>LISTEN>CLOSED", .owner = ME);
	orderly(p.c, p.s);
	close(p.l);
}

int main(void)
{
	static void (*const scenarios[])(const struct fam *) = {
		listener,  client_closes,	  server_closes,  half_close,
		shut_both, half_close_then_close, never_accepted,
	};
	struct tracer t = TRACER_INIT;

	netns_new();
	tracer_start(&t, NULL);
	for (const struct fam *f = fams; f < FAMS_END; f++)
		for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
			scenarios[i](f);
	dual_stack();
	expect_finish(&t);
	tracer_free(&t);
	return tap_done();
}
