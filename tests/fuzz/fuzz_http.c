// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests, by the library and by what is done with them: over a real connection, one each. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "out/http.h"

#define ROUNDS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int render(void *ctx, FILE *f, __u64 now_ns)
{
	(void)ctx;
	(void)now_ns;
	fputs("a page\n", f);
	return 200;
}

static const struct http_page pages[] = {{"/metrics", "text/plain", render}};

static struct http *open_once(struct sockaddr_in *to)
{
	static struct http *h;
	struct sockaddr_storage addr;
	socklen_t len;

	if (!h &&
	    (http_address("127.0.0.1:0", &addr, &len) || http_open(&h, &addr, len, pages, 1, NULL)))
		abort();
	*to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(http_port(h))};
	to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return h;
}

/* A reply, if there is one, has to begin as one does. */
static void look_at(int fd)
{
	char text[64];
	ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

	if (n >= 9 && memcmp(text, "HTTP/1.", 7) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct linger reset = {.l_onoff = 1};
	struct sockaddr_in to;
	struct http *h = open_once(&to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timespec ts;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		abort();
	if (size && send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		abort();
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < ROUNDS; i++) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		http_run(h, ts.tv_sec * 1000000000ULL + ts.tv_nsec);
	}
	look_at(fd);
	/* no TIMED_WAIT for each input */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	return 0;
}
