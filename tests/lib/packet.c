// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>

#include "packet.h"

static uint32_t sum(const void *data, size_t len, uint32_t start)
{
	const uint8_t *b = data;

	for (size_t i = 0; i < len; i++)
		start += i & 1 ? b[i] : b[i] << 8;
	return start;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons(~total & 0xffff);
}

static size_t addr_len(const struct ends *e)
{
	return e->wire == AF_INET ? 4 : 16;
}

static uint16_t checksum(const struct ends *e, uint8_t proto, const void *body, size_t len)
{
	uint32_t pseudo = sum(e->src, addr_len(e), 0);

	pseudo = sum(e->dst, addr_len(e), pseudo);
	return fold(sum(body, len, pseudo + proto + len));
}

static size_t head4(uint8_t *out, const struct ends *e, uint8_t proto, size_t len)
{
	struct iphdr h = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(h) + len),
		.ttl = 64,
		.protocol = proto,
	};

	memcpy(&h.saddr, e->src, 4);
	memcpy(&h.daddr, e->dst, 4);
	h.check = fold(sum(&h, sizeof(h), 0));
	memcpy(out, &h, sizeof(h));
	return sizeof(h);
}

static size_t head6(uint8_t *out, const struct ends *e, uint8_t proto, size_t len)
{
	struct ip6_hdr h = {0};

	h.ip6_vfc = 6 << 4;
	h.ip6_plen = htons(len);
	h.ip6_nxt = proto;
	h.ip6_hlim = 64;
	memcpy(&h.ip6_src, e->src, 16);
	memcpy(&h.ip6_dst, e->dst, 16);
	memcpy(out, &h, sizeof(h));
	return sizeof(h);
}

static size_t head(uint8_t *out, const struct ends *e, uint8_t proto, size_t len)
{
	return e->wire == AF_INET ? head4(out, e, proto, len) : head6(out, e, proto, len);
}

size_t packet_tcp(uint8_t *out, const struct ends *e, const struct segment *s)
{
	size_t tcp_len = sizeof(struct tcphdr) + s->opt_len;
	size_t at = head(out, e, IPPROTO_TCP, tcp_len + s->len);
	struct tcphdr h = {
		.th_sport = htons(e->sport),
		.th_dport = htons(e->dport),
		.th_seq = htonl(s->seq),
		.th_ack = htonl(s->ack),
		.th_win = htons(s->win),
	};

	h.th_off = tcp_len / 4;
	h.th_flags = s->flags;
	memcpy(out + at, &h, sizeof(h));
	memcpy(out + at + sizeof(h), s->opt, s->opt_len);
	memcpy(out + at + tcp_len, s->data, s->len);
	h.th_sum = checksum(e, IPPROTO_TCP, out + at, tcp_len + s->len);
	memcpy(out + at, &h, sizeof(h));
	return at + tcp_len + s->len;
}

size_t packet_icmp(uint8_t *out, const struct ends *e, uint8_t type, uint8_t code,
		   const uint8_t *quote, size_t len)
{
	uint8_t proto = e->wire == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct icmphdr h = {.type = type, .code = code};
	size_t at = head(out, e, proto, sizeof(h) + len);

	memcpy(out + at, &h, sizeof(h));
	memcpy(out + at + sizeof(h), quote, len);
	if (e->wire == AF_INET)
		h.checksum = fold(sum(out + at, sizeof(h) + len, 0));
	else
		h.checksum = checksum(e, proto, out + at, sizeof(h) + len);
	memcpy(out + at, &h, sizeof(h));
	return at + sizeof(h) + len;
}

/* Where TCP begins, or -1. */
static int parse_head(const uint8_t *in, size_t len, struct ends *e)
{
	if (len >= 20 && in[0] >> 4 == 4 && in[9] == IPPROTO_TCP) {
		e->wire = AF_INET;
		memcpy(e->src, in + 12, 4);
		memcpy(e->dst, in + 16, 4);
		return (in[0] & 15) * 4;
	}
	if (len >= 40 && in[0] >> 4 == 6 && in[6] == IPPROTO_TCP) {
		e->wire = AF_INET6;
		memcpy(e->src, in + 8, 16);
		memcpy(e->dst, in + 24, 16);
		return 40;
	}
	return -1;
}

int packet_tcp_parse(const uint8_t *in, size_t len, struct ends *e, struct segment *s)
{
	int at = parse_head(in, len, e);
	struct tcphdr h;
	size_t data;

	if (at < 0 || at + sizeof(h) > len)
		return -1;
	memcpy(&h, in + at, sizeof(h));
	data = at + h.th_off * 4;
	if (data > len || len - data > sizeof(s->data))
		return -1;
	e->sport = ntohs(h.th_sport);
	e->dport = ntohs(h.th_dport);
	s->flags = h.th_flags;
	s->seq = ntohl(h.th_seq);
	s->ack = ntohl(h.th_ack);
	s->win = ntohs(h.th_win);
	s->opt_len = data - at - sizeof(h);
	memcpy(s->opt, in + at + sizeof(h), s->opt_len);
	s->len = len - data;
	memcpy(s->data, in + data, s->len);
	return s->len;
}
