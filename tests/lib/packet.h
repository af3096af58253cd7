/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets as they are on the wire. */
#ifndef TEST_PACKET_H
#define TEST_PACKET_H

#include <netinet/in.h>

#include "peer.h"

struct ends {
	int wire;		  /* AF_INET, AF_INET6 */
	uint8_t src[16], dst[16]; /* IPv4: the first 4 */
	uint16_t sport, dport;
};

/* Both return a length; packet_tcp_parse() a negative one when it is something else. */
size_t packet_tcp(uint8_t *out, const struct ends *e, const struct segment *s);
size_t packet_icmp(uint8_t *out, const struct ends *e, uint8_t type, uint8_t code,
		   const uint8_t *quote, size_t len);
int packet_tcp_parse(const uint8_t *in, size_t len, struct ends *e, struct segment *s);

#endif
