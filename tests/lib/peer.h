/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A TCP end that does what a test tells it and nothing else, behind a TUN
 * device.  The real stack is on the other side.
 */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fam.h"

#define SEG_DATA_MAX 1400

struct segment {
	uint8_t flags;	 /* TH_SYN, ... */
	uint8_t opt_len; /* a multiple of 4 */
	uint16_t win;
	uint32_t seq, ack;
	uint8_t opt[40];
	uint16_t len;
	char data[SEG_DATA_MAX];
};

struct peer {
	int tun;
	const struct fam *fam;
	uint16_t port;	      /* its own */
	uint16_t kport;	      /* the real stack's; 0: whichever comes */
	uint32_t seq;	      /* next to send */
	uint32_t ack;	      /* next to come */
	uint16_t win;	      /* offered */
	uint8_t packet[2048]; /* the last one that came, for ICMP to quote */
	size_t packet_len;
};

void peer_init(struct peer *p, int tun, const struct fam *f);

/* Sends at p->seq, p->ack and goes on there. */
void peer_send(struct peer *p, uint8_t flags);
void peer_send_data(struct peer *p, uint8_t flags, const char *text);
/* Sends as it is. */
void peer_send_segment(struct peer *p, const struct segment *s);
/* The last segment it sent in sequence once more: one that took `space` of it. */
void peer_resend(struct peer *p, uint8_t flags, uint32_t space);

/*
 * Waits for a segment with these of SYN, FIN and RST, and at least these of
 * the others; what comes before it is skipped.  Dies when none comes.
 */
void peer_expect(struct peer *p, uint8_t flags, struct segment *got);
bool peer_comes(struct peer *p, uint8_t flags, struct segment *got, long ms);
/* Forgets what has come so far. */
void peer_flush(struct peer *p);

/* After the SYN has been sent to it: it answers, and the connection stands. */
void peer_accept(struct peer *p);
/* It connects to a listener's port. */
void peer_connect(struct peer *p, uint16_t port);

/* Says that the last packet did not arrive. */
enum peer_unreach { UNREACH_HOST, UNREACH_NET, UNREACH_PORT };
void peer_unreach(struct peer *p, enum peer_unreach why);

/* Adds an option to a segment, and padding. */
void segment_opt(struct segment *s, uint8_t kind, const void *data, size_t len);
/* The option of a segment, or NULL; *len is of its data. */
const uint8_t *segment_find(const struct segment *s, uint8_t kind, size_t *len);

#endif
