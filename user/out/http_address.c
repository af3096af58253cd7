// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "out/http.h"

static int parse_port(const char *text, in_port_t *port)
{
	unsigned long v = 0;

	if (!*text || strlen(text) > 5)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		v = v * 10 + (unsigned long)(*text - '0');
	}
	if (v > 65535)
		return -EINVAL;
	*port = htons(v);
	return 0;
}

static int v4(const char *host, in_port_t port, struct sockaddr_storage *addr, socklen_t *len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)addr;

	in->sin_family = AF_INET;
	in->sin_port = port;
	*len = sizeof(*in);
	return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? 0 : -EINVAL;
}

static int v6(const char *host, in_port_t port, struct sockaddr_storage *addr, socklen_t *len)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = port;
	*len = sizeof(*in6);
	return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 ? 0 : -EINVAL;
}

int http_address(const char *text, struct sockaddr_storage *addr, socklen_t *len)
{
	const char *colon = strrchr(text, ':');
	char host[64] = "127.0.0.1";
	size_t n = colon ? (size_t)(colon - text) : 0;
	in_port_t port;

	memset(addr, 0, sizeof(*addr));
	if (parse_port(colon ? colon + 1 : text, &port) || n >= sizeof(host))
		return -EINVAL;
	if (n) {
		memcpy(host, text, n);
		host[n] = '\0';
	}
	if (host[0] != '[')
		return v4(host, port, addr, len);
	if (host[n - 1] != ']')
		return -EINVAL;
	host[n - 1] = '\0';
	return v6(host + 1, port, addr, len);
}
