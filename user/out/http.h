/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A few pages over HTTP, from inside the loop of a program that has better
 * things to do: no thread, nothing that waits.  A page is made at most once
 * for all that ask within a moment; clients are bounded in number, in time
 * (a request that is not answered within HTTP_REQUEST_S is cut off) and in memory.
 */
#ifndef TCPDWELL_OUT_HTTP_H
#define TCPDWELL_OUT_HTTP_H

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <linux/types.h>

#define HTTP_CLIENTS 256
#define HTTP_REQUEST_S 15

struct http;

struct http_page {
	const char *path;
	const char *type;
	/* Writes the page; gives the status, 200 or 503. */
	int (*render)(void *ctx, FILE *f, __u64 now_ns);
};

struct http_counts {
	__u64 ok, refused; /* 200; 4xx */
	__u64 failed;	   /* 503 */
	__u64 cut;	   /* too slow */
};

/*
 * "127.0.0.1:9464", "[::1]:9464", "0.0.0.0:9464"; ":9464" and "9464" are of
 * the loopback address.  Port 0: any.  0 or -EINVAL.
 */
int http_address(const char *text, struct sockaddr_storage *addr, socklen_t *len);

/*
 * Listens.  The pages (n of them, which must stay) are also answered to HEAD;
 * other methods and paths are refused.  Loads the library that it takes, so not after
 * rights_limit() and rights_filter().  0 or -errno; -EOPNOTSUPP in a program that was built without
 * HTTP, -ELIBACC without the library, which is said.
 */
int http_open(struct http **h, const struct sockaddr_storage *addr, socklen_t len,
	      const struct http_page *pages, size_t n, void *ctx);
void http_close(struct http *h);

/* Readable when http_run() has something to do. */
int http_fd(const struct http *h);

/* Does what can be done without waiting; gives when it wants to be called next (CLOCK_MONOTONIC,
 * ns; UINT64_MAX: when http_fd() is readable). */
__u64 http_run(struct http *h, __u64 now_ns);

/* The port that it listens on. */
__u16 http_port(const struct http *h);
struct http_counts http_counts(const struct http *h);

#endif
