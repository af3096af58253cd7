// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "packet.h"
#include "peer.h"
#include "sock.h"
#include "tap.h"

/* Those that make a segment another kind of segment. */
#define KIND (TH_SYN | TH_FIN | TH_RST)

void peer_init(struct peer *p, int tun, const struct fam *f)
{
	memset(p, 0, sizeof(*p));
	p->tun = tun;
	p->fam = f;
	p->port = sock_fresh_port();
	p->seq = 1000000u * p->port; /* of no meaning, but not the same twice */
	p->win = 65535;
}

/* The packets of an IPv4-mapped socket are IPv4. */
static const struct fam *wire_fam(const struct peer *p)
{
	return &fams[p->fam->wire == AF_INET ? FAM_V4 : FAM_V6];
}

static void outward(const struct peer *p, struct ends *e)
{
	const struct fam *f = wire_fam(p);

	memset(e, 0, sizeof(*e));
	e->wire = f->wire;
	inet_pton(f->wire, f->peer, e->src);
	inet_pton(f->wire, f->tun, e->dst);
	e->sport = p->port;
	e->dport = p->kport;
}

static bool is_ours(const struct peer *p, const struct ends *got)
{
	struct ends e;

	outward(p, &e);
	return got->wire == e.wire && got->dport == p->port &&
	       (!p->kport || got->sport == p->kport) && !memcmp(got->dst, e.src, sizeof(e.src));
}

static void put(struct peer *p, const uint8_t *packet, size_t len)
{
	if (write(p->tun, packet, len) != (ssize_t)len)
		tap_die("write to TUN: %s", strerror(errno));
}

void peer_send_segment(struct peer *p, const struct segment *s)
{
	uint8_t packet[2048];
	struct ends e;

	outward(p, &e);
	put(p, packet, packet_tcp(packet, &e, s));
}

static uint32_t space(const struct segment *s)
{
	return s->len + !!(s->flags & TH_SYN) + !!(s->flags & TH_FIN);
}

void peer_send_data(struct peer *p, uint8_t flags, const char *text)
{
	struct segment s = {.flags = flags, .win = p->win, .seq = p->seq};

	if (flags & TH_ACK)
		s.ack = p->ack;
	s.len = strlen(text);
	memcpy(s.data, text, s.len);
	peer_send_segment(p, &s);
	p->seq += space(&s);
}

void peer_send(struct peer *p, uint8_t flags)
{
	peer_send_data(p, flags, "");
}

void peer_resend(struct peer *p, uint8_t flags, uint32_t taken)
{
	struct segment s = {
		.flags = flags,
		.win = p->win,
		.seq = p->seq - taken,
		.ack = p->ack,
	};

	peer_send_segment(p, &s);
}

/* One packet from the device, if it is for this peer. */
static bool receive(struct peer *p, struct segment *s)
{
	struct ends e = {0};
	ssize_t n = read(p->tun, p->packet, sizeof(p->packet));

	if (n < 0 || packet_tcp_parse(p->packet, n, &e, s) < 0 || !is_ours(p, &e))
		return false;
	p->packet_len = n;
	if (!p->kport)
		p->kport = e.sport;
	if (s->flags & TH_SYN)
		p->ack = s->seq;
	if (s->seq == p->ack)
		p->ack += space(s);
	return true;
}

static bool is_wanted(const struct segment *s, uint8_t flags)
{
	return (s->flags & KIND) == (flags & KIND) && (s->flags & flags) == flags;
}

bool peer_comes(struct peer *p, uint8_t flags, struct segment *got, long ms)
{
	int64_t until = clock_ms() + ms, left;
	struct pollfd pfd = {.fd = p->tun, .events = POLLIN};
	struct segment unused;

	if (!got)
		got = &unused;
	while ((left = until - clock_ms()) >= 0) {
		if (poll(&pfd, 1, left) > 0 && receive(p, got) && is_wanted(got, flags))
			return true;
	}
	return false;
}

void peer_expect(struct peer *p, uint8_t flags, struct segment *got)
{
	if (!peer_comes(p, flags, got, PATIENCE_MS))
		tap_die("%s: no segment with flags %#x from port %d", p->fam->name, flags,
			p->kport);
}

void peer_flush(struct peer *p)
{
	struct pollfd pfd = {.fd = p->tun, .events = POLLIN};
	struct segment s;

	while (poll(&pfd, 1, 0) > 0)
		receive(p, &s);
}

void peer_accept(struct peer *p)
{
	peer_expect(p, TH_SYN, NULL);
	peer_send(p, TH_SYN | TH_ACK);
	peer_expect(p, TH_ACK, NULL);
}

void peer_connect(struct peer *p, uint16_t port)
{
	p->kport = port;
	peer_send(p, TH_SYN);
	peer_expect(p, TH_SYN | TH_ACK, NULL);
	peer_send(p, TH_ACK);
}

void peer_unreach(struct peer *p, enum peer_unreach why)
{
	static const uint8_t code4[] = {ICMP_HOST_UNREACH, ICMP_NET_UNREACH, ICMP_PORT_UNREACH};
	static const uint8_t code6[] = {ICMP6_DST_UNREACH_ADDR, ICMP6_DST_UNREACH_NOROUTE,
					ICMP6_DST_UNREACH_NOPORT};
	bool v4 = p->fam->wire == AF_INET;
	uint8_t packet[4096];
	struct ends e;

	outward(p, &e);
	put(p, packet,
	    packet_icmp(packet, &e, v4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH,
			v4 ? code4[why] : code6[why], p->packet, p->packet_len));
}

void segment_opt(struct segment *s, uint8_t kind, const void *data, size_t len)
{
	uint8_t *o = s->opt + s->opt_len;

	o[0] = kind;
	o[1] = 2 + len;
	if (len)
		memcpy(o + 2, data, len);
	s->opt_len += 2 + len;
	while (s->opt_len % 4)
		s->opt[s->opt_len++] = TCPOPT_NOP;
}

const uint8_t *segment_find(const struct segment *s, uint8_t kind, size_t *len)
{
	size_t i = 0;

	while (i + 1 < s->opt_len && s->opt[i] != TCPOPT_EOL) {
		if (s->opt[i] == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (s->opt[i] == kind) {
			*len = s->opt[i + 1] - 2;
			return s->opt + i + 2;
		}
		i += s->opt[i + 1] > 1 ? s->opt[i + 1] : 2;
	}
	return NULL;
}
