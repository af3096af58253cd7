// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A SYN flood: what is shown of it is limited, and the tracer says so; all of
 * it is counted, and the connections made meanwhile are complete.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "packet.h"
#include "sock.h"
#include "tap.h"
#include "tiers.h"

#define SYNS 10000 /* of each family */
#define PER_PAIR 500
/* No SYN-ACK is sent twice: a half-open connection lasts a second. */
#define OVER_MS 3000
#define ROOM "65535"
#define SAID "half-open connections came too fast to show them all"

#define ME                      \
	{                       \
		.pid = getpid() \
	}

static void settings(void)
{
	sysctl_set("net.ipv4.tcp_syncookies", "0");
	sysctl_set("net.ipv4.tcp_synack_retries", "0");
	sysctl_set("net.ipv4.tcp_max_syn_backlog", ROOM);
	sysctl_set("net.core.somaxconn", ROOM);
}

/* The n-th client that does not exist: of its address and port, no two are the same. */
static void send_syn(int tun, const struct fam *f, uint16_t port, int n)
{
	struct segment s = {.flags = TH_SYN, .win = 1000, .seq = n};
	struct ends e = {.wire = f->wire, .dport = port};
	uint8_t packet[256];
	size_t len;

	inet_pton(f->wire, f->peer, e.src);
	inet_pton(f->wire, f->tun, e.dst);
	e.sport = 1024 + n;
	len = packet_tcp(packet, &e, &s);
	if (write(tun, packet, len) != (ssize_t)len)
		tap_die("write to TUN");
}

static void connection(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	EXPECT(.name = "a connection during the flood: client", .fam = f, .lport = p.cport,
	       .rport = p.sport, .chain = "CLOSED>SYN_SEND>ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSED",
	       .open = "active", .close = "passive", .reason = "fin", .owner = ME);
	EXPECT(.name = "a connection during the flood: server", .fam = f, .lport = p.sport,
	       .rport = p.cport,
	       .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT",
	       .open = "passive", .close = "active", .owner = ME);
	fd_close(&p.s);
	sock_await(p.c, TCP_CLOSE_WAIT);
	pair_close(&p);
}

/* How many of them the kernel took. */
static long flood(int tun, const struct fam *f)
{
	long long dropped = snmp_get("TcpExt", "ListenDrops");
	int l = sock_listen(f, f->tun);

	listen(l, atoi(ROOM));
	for (int n = 0; n < SYNS; n++) {
		send_syn(tun, f, sock_lport(l), n);
		if (n % PER_PAIR == 0)
			connection(&fams[n / PER_PAIR % FAM_COUNT]);
	}
	sleep_ms(OVER_MS);
	close(l);
	return SYNS - (snmp_get("TcpExt", "ListenDrops") - dropped);
}

static bool has(const json_t *line, const char *field, const char *value)
{
	return !strcmp(line_str(line, field), value);
}

static bool is_failure(const json_t *line)
{
	return has(line, "from", "SYN_RECEIVED") && has(line, "to", "CLOSED");
}

/* The tracer has ended. */
static long count_failures(const struct tracer *t)
{
	long n = 0;

	for (size_t i = 0; i < json_array_size(t->lines); i++)
		n += is_failure(tracer_line(t, i));
	return n;
}

/*
 * Of those that are shown, nothing is made up: why one ended that only sweeps met is
 * not known.  Each tier sweeps when the kernel has skipped one of its programs.
 */
static void check_shown(const struct tracer *t, const char *label)
{
	const char *other = NULL;
	long failed = 0, right = 0;

	for (size_t i = 0; i < json_array_size(t->lines); i++) {
		const json_t *line = tracer_line(t, i);

		if (!is_failure(line))
			continue;
		failed++;
		if (has(line, "reason", "timeout") ||
		    (has(line, "via", "sweep") && has(line, "reason", "unknown")))
			right++;
		else
			other = line_str(line, "reason");
	}
	tap_ok(failed > 0, "%s%ld half-open connections are shown", label, failed);
	if (!tap_is(right, failed, "%seach of them has ended as it should", label))
		tap_diag("the last other one by %s", other);
}

static void end_saying_how_many(struct tracer *t, long taken)
{
	char words[128];

	tracer_stop(t);
	snprintf(words, sizeof(words), SAID ": %ld of %ld are not shown", taken - count_failures(t),
		 taken);
	tracer_end_saying(t, words);
}

static void check(struct tracer *t, const char *label, long taken, bool shown)
{
	bool sweeps = !strcmp(line_str(t->hello, "tier"), "sweep");

	if (shown && !sweeps)
		end_saying_how_many(t, taken);
	else if (shown)
		tracer_end_maybe_saying(t, SAID);
	else
		tracer_end(t);
	expect_check(t, label);
	if (shown)
		check_shown(t, label);
	if (!sweeps)
		tap_is(line_int(t->last, "half_open"), taken, "%ssummary.half_open", label);
}

static void check_all(struct tiers *ts, long taken, bool shown)
{
	tiers_await_all(ts);
	for (int i = 0; i < ts->n; i++)
		check(&ts->t[i], ts->label[i], taken, shown);
	tiers_free(ts);
}

int main(void)
{
	static struct tiers shown, counted;
	long taken;
	int tun;

	netns_new();
	settings();
	tun = tun_open("tun0");
	if (tun < 0)
		tap_skip_all("no raw peer: %s", strerror(-tun));
	tiers_start(&shown, "--half-open", NULL);
	tiers_start(&counted, NULL);
	taken = flood(tun, &fams[FAM_V4]) + flood(tun, &fams[FAM_V6]);
	tap_ok(taken > SYNS, "%ld half-open connections", taken);
	check_all(&shown, taken, true);
	check_all(&counted, taken, false);
	return tap_done();
}
