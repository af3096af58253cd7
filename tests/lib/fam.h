/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ways in which a socket can come by its addresses: tests are tables over
 * them.  An IPv4-mapped one is an IPv6 socket whose packets are IPv4.
 */
#ifndef TEST_FAM_H
#define TEST_FAM_H

#include <stdint.h>
#include <sys/socket.h>

enum { FAM_V4, FAM_V6, FAM_MAPPED, FAM_COUNT };

struct fam {
	const char *name;
	int af;	    /* of the socket */
	int wire;   /* of its packets */
	int family; /* in JSON */
	/* As the socket is told, and as JSON prints it. */
	const char *lo, *lo_json;
	const char *tun, *tun_json;   /* own address on the TUN device */
	const char *peer, *peer_json; /* the test's raw peer behind it */
	/* The device's address, once per family of packets: 0 for none. */
	const char *tun_laddr;
	int tun_prefix;
};

extern const struct fam fams[FAM_COUNT];

#define FAMS_END (fams + FAM_COUNT)

socklen_t fam_sockaddr(const struct fam *f, const char *addr, uint16_t port,
		       struct sockaddr_storage *ss);

#endif
