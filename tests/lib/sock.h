/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets of the real stack.  What can only fail on a broken machine bails
 * out, so that the scenarios read as what they do.
 */
#ifndef TEST_SOCK_H
#define TEST_SOCK_H

#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fam.h"

/* A listener on a fresh port, never used before in this test. */
int sock_listen(const struct fam *f, const char *addr);
/* A listener with an option set before listen(). */
int sock_listen_opt(const struct fam *f, const char *addr, int tcp_opt, int value);
int sock_listen_at(const struct fam *f, const char *addr, uint16_t port);
uint16_t sock_fresh_port(void);

int sock_new(const struct fam *f);
/* Blocking; a descriptor or -errno */
int sock_connect(const struct fam *f, const char *addr, uint16_t port);
/* On a socket that is there: 0 or -errno */
int sock_connect_on(int fd, const struct fam *f, const char *addr, uint16_t port);
/* Sends the SYN and returns at once. */
int sock_start(const struct fam *f, const char *addr, uint16_t port);
int sock_start_on(int fd, const struct fam *f, const char *addr, uint16_t port);
void sock_bind(int fd, const struct fam *f, const char *addr, uint16_t port);
int sock_accept(int listener);

uint16_t sock_lport(int fd);
uint16_t sock_rport(int fd);

void sock_opt(int fd, int tcp_opt, int value);
void sock_linger0(int fd);
/* connect(AF_UNSPEC) */
void sock_disconnect(int fd);

/* Sends len bytes on one end and reads them all on the other. */
void sock_transfer(int from, int to, size_t len);
void sock_send(int fd, const char *text);
/* Reads up to the end of file or an error, which is returned as -errno. */
int sock_drain(int fd);

int sock_state(int fd);
/* Waits for a state of the kernel's (TCP_ESTABLISHED, ...); bails out if it never comes. */
/* How often the kernel sent something again, as TCP_INFO has it. */
unsigned int sock_retransmits(int fd);
void sock_await(int fd, int state);

/* A connection over loopback: both ends and the listener. */
struct pair {
	int c, s, l;
	uint16_t cport, sport;
};

void pair_open(struct pair *p, const struct fam *f);
void pair_open_at(struct pair *p, const struct fam *f, const char *addr, int listener);
/* Closes what is still open. */
void pair_close(struct pair *p);
void fd_close(int *fd);

#endif
