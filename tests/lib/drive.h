/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A real socket connected to a raw peer, driven into a state.  The socket's
 * descriptor stays open, so that the kernel keeps the socket a full one.
 */
#ifndef TEST_DRIVE_H
#define TEST_DRIVE_H

#include <unistd.h>

#include "expect.h"
#include "peer.h"

struct drive {
	struct peer p;
	int fd;
	uint16_t port;	 /* the socket's */
	uint8_t echo[4]; /* for the peer's next time stamp */
};

/* What is expected of it. */
#define EXPECT_TUN(d, ...)                                                                       \
	EXPECT(.fam = (d)->p.fam, .laddr = (d)->p.fam->tun_json, .raddr = (d)->p.fam->peer_json, \
	       .lport = (d)->port, .rport = (d)->p.port, .owner = {.pid = getpid()}, __VA_ARGS__)

/* Active opens. */
void drive_syn_sent(struct drive *d, int tun, const struct fam *f);
void drive_syn_recv(struct drive *d, int tun, const struct fam *f); /* by simultaneous open */
void drive_established(struct drive *d, int tun, const struct fam *f);
void drive_fin_wait_1(struct drive *d, int tun, const struct fam *f);
void drive_fin_wait_2(struct drive *d, int tun, const struct fam *f);
void drive_closing(struct drive *d, int tun, const struct fam *f);
void drive_close_wait(struct drive *d, int tun, const struct fam *f);
void drive_last_ack(struct drive *d, int tun, const struct fam *f);

/* A passive one: the peer connects. */
void drive_accepted(struct drive *d, int tun, const struct fam *f);

/* The peer sends, or waits for, a segment with a time stamp (RFC 7323). */
void drive_send_stamped(struct drive *d, uint8_t flags);
void drive_take_stamped(struct drive *d, uint8_t flags);

/* TCP Fast Open with data and without a cookie, by client and server, in this namespace. */
void drive_allow_fast(void);
/* The peer's SYN has data; the descriptor is the listener's. */
void drive_fast_syn(struct drive *d, int tun, const struct fam *f);
/* Accepted in SYN_RECV, with "fast" to read. */
void drive_fast_child(struct drive *d, int tun, const struct fam *f);

/* The peer's FIN, without the acknowledgement of the FIN that it has seen. */
void drive_crossing_fin(struct drive *d);
/* close(), and the FIN has come. */
void drive_close(struct drive *d);

#endif
