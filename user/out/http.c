// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>

#ifndef TCPDWELL_STATIC

#include "out/mhd.h"

#define SECOND_NS 1000000000ULL
#define CLIENTS_OF_AN_ADDRESS 192
#define IDLE_S 10
#define HEADERS_MAX (16U << 10)
/* A page stays good for so long, and for so many times as it took to make. */
#define FRESH_NS 100000000ULL
#define FRESH_TIMES 20
/* Pages, old ones that slow clients still read included. */
#define PAGES_BYTES_MAX (32U << 20)
/* Rounds of the library for one of ours. */
#define RUNS_MAX 4

struct client {
	struct MHD_Connection *connection; /* NULL: the place is free */
	int fd;
	__u64 since_ns; /* when it connected, or was answered last */
};

struct made {
	struct MHD_Response *response;
	unsigned int status;
	__u64 fresh_until_ns;
};

struct http {
	struct MHD_Daemon *daemon;
	const struct http_page *pages;
	size_t n_pages;
	void *ctx;
	struct made *made; /* by page */
	struct MHD_Response *not_found, *not_allowed, *too_much;
	struct client client[HTTP_CLIENTS];
	unsigned int n_clients;
	__u64 now_ns;
	__u64 looked_ns; /* for those that are too slow */
	size_t bytes;	 /* of all pages that are still there */
	struct http_counts counts;
	int epoll;
	__u16 port;
};

/*
 * Pages
 */

/* A page and whose memory it counts to. */
struct body {
	struct http *http;
	size_t len;
	char *text;
};

static void free_body(void *cls)
{
	struct body *b = cls;

	b->http->bytes -= b->len;
	free(b->text);
	free(b);
}

static struct MHD_Response *text_response(const char *text, const char *header, const char *value)
{
	struct MHD_Response *r =
		mhd.create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);

	if (r) {
		mhd.add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
		if (header)
			mhd.add_response_header(r, header, value);
	}
	return r;
}

static struct MHD_Response *body_response(struct http *h, struct body *b, const char *type)
{
	struct MHD_Response *r = mhd.create_response_from_buffer_with_free_callback_cls(
		b->len, b->text, free_body, b);

	if (!r)
		return NULL;
	h->bytes += b->len;
	mhd.add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	mhd.add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	mhd.add_response_header(r, "X-Content-Type-Options", "nosniff");
	return r;
}

static struct MHD_Response *make(struct http *h, const struct http_page *page, unsigned int *status)
{
	struct body *b = calloc(1, sizeof(*b));
	struct MHD_Response *r = NULL;
	FILE *f;

	if (!b)
		return NULL;
	b->http = h;
	f = open_memstream(&b->text, &b->len);
	if (f) {
		*status = page->render(h->ctx, f, h->now_ns);
		if (!fclose(f))
			r = body_response(h, b, page->type);
	}
	if (!r) {
		free(b->text);
		free(b);
	}
	return r;
}

static __u64 clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

static void drop(struct made *m)
{
	if (m->response)
		mhd.destroy_response(m->response);
	m->response = NULL;
}

/* However often they ask, the pages take 1/FRESH_TIMES of the time at most. */
static struct made *fresh_page(struct http *h, size_t i)
{
	struct made *m = &h->made[i];
	__u64 began_ns, took_ns;

	if (m->response && h->now_ns < m->fresh_until_ns)
		return m;
	drop(m);
	if (h->bytes > PAGES_BYTES_MAX)
		return NULL;
	began_ns = clock_ns();
	m->response = make(h, &h->pages[i], &m->status);
	took_ns = clock_ns() - began_ns;
	m->fresh_until_ns = h->now_ns + FRESH_NS;
	if (took_ns * FRESH_TIMES > FRESH_NS)
		m->fresh_until_ns = h->now_ns + took_ns * FRESH_TIMES;
	return m->response ? m : NULL;
}

/*
 * Requests
 */

static enum MHD_Result refuse(struct http *h, struct MHD_Connection *c, unsigned int status,
			      struct MHD_Response *r)
{
	h->counts.refused++;
	return mhd.queue_response(c, status, r);
}

static enum MHD_Result unable(struct http *h, struct MHD_Connection *c)
{
	h->counts.failed++;
	return mhd.queue_response(c, MHD_HTTP_SERVICE_UNAVAILABLE, h->too_much);
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	struct http *h = cls;
	struct made *m;
	size_t i = 0;

	(void)version;
	(void)upload;
	while (i < h->n_pages && strcmp(url, h->pages[i].path))
		i++;
	if (i == h->n_pages)
		return refuse(h, c, MHD_HTTP_NOT_FOUND, h->not_found);
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return refuse(h, c, MHD_HTTP_METHOD_NOT_ALLOWED, h->not_allowed);
	/* answered at its first call, the library would close the connection after it */
	if (!*request || *upload_size) {
		*request = h;
		*upload_size = 0;
		return MHD_YES;
	}
	m = fresh_page(h, i);
	if (!m)
		return unable(h, c);
	if (m->status == MHD_HTTP_OK)
		h->counts.ok++;
	else
		h->counts.failed++;
	return mhd.queue_response(c, m->status, m->response);
}

static struct client *client_of(struct http *h, const struct MHD_Connection *c)
{
	for (int i = 0; i < HTTP_CLIENTS; i++)
		if (h->client[i].connection == c)
			return &h->client[i];
	return NULL;
}

static int fd_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		mhd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void connection_changed(void *cls, struct MHD_Connection *c, void **unused,
			       enum MHD_ConnectionNotificationCode what)
{
	struct http *h = cls;
	struct client *client;

	(void)unused;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		client = client_of(h, NULL);
		if (client) {
			*client = (struct client){c, fd_of(c), h->now_ns};
			h->n_clients++;
		}
		return;
	}
	client = client_of(h, c);
	if (client) {
		client->connection = NULL;
		h->n_clients--;
	}
}

static void request_done(void *cls, struct MHD_Connection *c, void **request,
			 enum MHD_RequestTerminationCode why)
{
	struct http *h = cls;
	struct client *client = client_of(h, c);

	(void)request;
	(void)why;
	if (client)
		client->since_ns = h->now_ns;
}

/*
 * The library's time limit counts from the last byte that moved: a client that
 * sends or takes one every few seconds would stay for ever.
 */
static void cut_slow(struct http *h)
{
	if (h->now_ns < h->looked_ns + SECOND_NS)
		return;
	h->looked_ns = h->now_ns;
	for (int i = 0; i < HTTP_CLIENTS; i++) {
		struct client *c = &h->client[i];

		if (!c->connection || h->now_ns < c->since_ns + HTTP_REQUEST_S * SECOND_NS)
			continue;
		shutdown(c->fd, SHUT_RDWR);
		c->since_ns = h->now_ns;
		h->counts.cut++;
	}
}

/*
 * Around it
 */

static int listen_on(const struct sockaddr_storage *addr, socklen_t len, __u16 *port)
{
	int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} bound = {.v6 = {0}};
	socklen_t bound_len = sizeof(bound);
	int one = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)addr, len) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, &bound.any, &bound_len)) {
		err = -errno;
		close(fd);
		return err;
	}
	*port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
	return fd;
}

static struct MHD_Daemon *start(struct http *h, int listen_fd)
{
	return mhd.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, h, MHD_OPTION_LISTEN_SOCKET,
				listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)HTTP_CLIENTS,
				MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				(unsigned int)CLIENTS_OF_AN_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned int)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_NOTIFY_CONNECTION, connection_changed, h,
				MHD_OPTION_NOTIFY_COMPLETED, request_done, h, MHD_OPTION_END);
}

static int make_answers(struct http *h)
{
	h->made = calloc(h->n_pages, sizeof(*h->made));
	h->not_found = text_response("not found\n", NULL, NULL);
	h->not_allowed = text_response("not allowed\n", MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	h->too_much = text_response("too much to do\n", MHD_HTTP_HEADER_RETRY_AFTER, "1");
	return h->made && h->not_found && h->not_allowed && h->too_much ? 0 : -ENOMEM;
}

int http_open(struct http **out, const struct sockaddr_storage *addr, socklen_t len,
	      const struct http_page *pages, size_t n, void *ctx)
{
	struct http *h = calloc(1, sizeof(*h));
	const union MHD_DaemonInfo *info;
	int fd, err;

	if (!h)
		return -ENOMEM;
	h->pages = pages;
	h->n_pages = n;
	h->ctx = ctx;
	h->now_ns = clock_ns();
	err = mhd_load();
	if (!err)
		err = make_answers(h);
	fd = err ? err : listen_on(addr, len, &h->port);
	if (fd < 0) {
		http_close(h);
		return fd;
	}
	h->daemon = start(h, fd);
	info = h->daemon ? mhd.get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		if (!h->daemon)
			close(fd);
		http_close(h);
		return -ENOMEM;
	}
	h->epoll = info->epoll_fd;
	*out = h;
	return 0;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	if (h->daemon)
		mhd.stop_daemon(h->daemon);
	for (size_t i = 0; h->made && i < h->n_pages; i++)
		drop(&h->made[i]);
	free(h->made);
	if (h->not_found)
		mhd.destroy_response(h->not_found);
	if (h->not_allowed)
		mhd.destroy_response(h->not_allowed);
	if (h->too_much)
		mhd.destroy_response(h->too_much);
	free(h);
}

int http_fd(const struct http *h)
{
	return h->epoll;
}

__u64 http_run(struct http *h, __u64 now_ns)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;
	bool timed = true;

	h->now_ns = now_ns;
	for (int i = 0; i < RUNS_MAX && timed && !wait_ms; i++) {
		mhd.run(h->daemon);
		timed = mhd.get_timeout(h->daemon, &wait_ms) == MHD_YES;
	}
	cut_slow(h);
	if (!timed && !h->n_clients)
		return UINT64_MAX;
	if (!timed || wait_ms > 1000)
		wait_ms = 1000;
	return now_ns + wait_ms * 1000000;
}

#else /* the libraries that libmicrohttpd wants are not there in a static form */

int http_open(struct http **out, const struct sockaddr_storage *addr, socklen_t len,
	      const struct http_page *pages, size_t n, void *ctx)
{
	(void)out;
	(void)addr;
	(void)len;
	(void)pages;
	(void)n;
	(void)ctx;
	return -EOPNOTSUPP;
}

struct http {
	__u16 port;
	struct http_counts counts;
};

void http_close(struct http *h)
{
	(void)h;
}

int http_fd(const struct http *h)
{
	(void)h;
	return -1;
}

__u64 http_run(struct http *h, __u64 now_ns)
{
	(void)h;
	(void)now_ns;
	return UINT64_MAX;
}

#endif

__u16 http_port(const struct http *h)
{
	return h->port;
}

struct http_counts http_counts(const struct http *h)
{
	return h->counts;
}
