// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An MPTCP socket and its subflow are two sockets with one pair of ports, told apart by name. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "expect.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define STAY_MS 60
#define ME                      \
	{                       \
		.pid = getpid() \
	}

static int mptcp_socket(const struct fam *f)
{
	int fd = socket(f->af, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);

	if (fd < 0)
		tap_skip_all("no MPTCP here: %s", strerror(errno));
	return fd;
}

/* As an earlier look at all sockets does: what the listener accepts from here on has the same. */
static void ask_for_cookie(int fd)
{
	uint64_t cookie;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len))
		tap_die("SO_COOKIE: %s", strerror(errno));
}

static void open_pair(struct pair *p, const struct fam *f)
{
	p->sport = sock_fresh_port();
	p->l = mptcp_socket(f);
	sock_bind(p->l, f, f->lo, p->sport);
	if (listen(p->l, 8))
		tap_die("listen: %s", strerror(errno));
	ask_for_cookie(p->l);
	p->c = mptcp_socket(f);
	if (sock_connect_on(p->c, f, f->lo, p->sport))
		tap_die("connect: %s", strerror(errno));
	p->cport = sock_lport(p->c);
	p->s = sock_accept(p->l);
}

static void expect_client(const struct fam *f, const struct pair *p)
{
	EXPECT(.name = "the client's MPTCP socket", .fam = f, .proto = "mptcp", .lport = p->cport,
	       .rport = p->sport,
	       .chain = "CLOSED>SYN_SEND>ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>CLOSED",
	       .open = "active", .close = "active", .reason = "fin", .owner = ME,
	       .dwell = {{"ESTABLISHED", STAY_MS, 0}});
	EXPECT(.name = "the client's subflow", .fam = f, .lport = p->cport, .rport = p->sport,
	       .chain = "CLOSED>SYN_SEND>ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT",
	       .open = "active", .close = "active", .owner = ME);
}

static void expect_server(const struct fam *f, const struct pair *p)
{
	EXPECT(.name = "the server's subflow", .fam = f, .lport = p->sport, .rport = p->cport,
	       .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSED",
	       .open = "passive", .close = "passive", .reason = "fin", .owner = ME);
}

/* In no table that the kernel shows: found by its descriptor. */
static void end_old(const struct fam *f, struct pair *p)
{
	EXPECT(.name = "an MPTCP socket from before", .fam = f, .proto = "mptcp", .lport = p->cport,
	       .rport = p->sport, .chain = "ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>CLOSED",
	       .close = "active", .reason = "fin", .owner = ME);
	fd_close(&p->c);
	sock_drain(p->s);
	sleep_ms(STAY_MS);
	pair_close(p);
}

static void connection(const struct fam *f)
{
	struct pair p;

	open_pair(&p, f);
	expect_client(f, &p);
	expect_server(f, &p);
	sleep_ms(STAY_MS);
	fd_close(&p.c);
	sock_drain(p.s);
	sleep_ms(STAY_MS);
	pair_close(&p);
}

/* What is known of the accepted one by its first line depends on the kernel; its end doesn't. */
static void check_accepted(const struct tracer *t, const char *from, const char *to)
{
	const json_t *line;
	int n = 0;

	for (size_t i = 0; (line = tracer_line(t, i)); i++)
		n += line_is(line, "transition") && !strcmp(line_str(line, "proto"), "mptcp") &&
		     !strcmp(line_str(line, "from"), from) && !strcmp(line_str(line, "to"), to) &&
		     line_int(line, "lport") < 20000 && line_int(line, "rport") > 20000;
	tap_is(n, 2 * FAM_COUNT, "the servers' MPTCP sockets: %s to %s", from, to);
}

/* The sockets from before, of which a listener and what it accepted have one cookie. */
static void check_before(const struct tracer *t, const char *state, int want)
{
	const json_t *line;
	int n = 0;

	for (size_t i = 0; (line = tracer_line(t, i)); i++)
		n += line_is(line, "socket") && !strcmp(line_str(line, "proto"), "mptcp") &&
		     !strcmp(line_str(line, "state"), state);
	tap_is(n, want, "MPTCP sockets from before: %s", state);
}

int main(void)
{
	struct tracer t = TRACER_INIT;
	struct pair old[FAM_COUNT];

	netns_new();
	close(mptcp_socket(&fams[FAM_V4]));
	for (const struct fam *f = fams; f < FAMS_END; f++)
		open_pair(&old[f - fams], f);
	tracer_start(&t, NULL);
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		connection(f);
		end_old(f, &old[f - fams]);
	}
	expect_finish(&t);
	check_accepted(&t, "ESTABLISHED", "CLOSE_WAIT");
	check_accepted(&t, "CLOSE_WAIT", "LAST_ACK");
	check_accepted(&t, "LAST_ACK", "CLOSED");
	check_before(&t, "LISTEN", FAM_COUNT);
	check_before(&t, "ESTABLISHED", 2 * FAM_COUNT);
	tracer_free(&t);
	return tap_done();
}
