// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Clients and server in one thread, taking turns: nothing here may ever wait. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "unit.h"
#include "out/http.h"

static struct http *http;
static int rendered;
static size_t page_size;
static int page_status;

static int small_page(void *ctx, FILE *f, __u64 now_ns)
{
	(void)now_ns;
	assert_ptr_equal(ctx, &rendered);
	rendered++;
	fprintf(f, "made %d\n", rendered);
	return page_status;
}

static int large_page(void *ctx, FILE *f, __u64 now_ns)
{
	(void)ctx;
	(void)now_ns;
	rendered++;
	for (size_t i = 0; i < page_size; i++)
		fputc('x', f);
	return 200;
}

static const struct http_page pages[] = {
	{"/small", "text/plain", small_page},
	{"/large", "text/plain", large_page},
};

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec;
}

static int setup(void **unused)
{
	struct sockaddr_storage addr;
	socklen_t len;

	(void)unused;
	rendered = 0;
	page_size = 1 << 20;
	page_status = 200;
	assert_int_equal(http_address("0", &addr, &len), 0);
	assert_int_equal(http_open(&http, &addr, len, pages, N(pages), &rendered), 0);
	assert_int_not_equal(http_port(http), 0);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	http_close(http);
	return 0;
}

static int dial(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(http_port(http)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

struct answer {
	char head[2048];
	size_t total;
	bool closed;
};

static bool hear(int fd, struct answer *a)
{
	char part[65536];
	ssize_t n = recv(fd, part, sizeof(part), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		a->closed = true;
		return false;
	}
	for (ssize_t i = 0; i < n; i++, a->total++)
		if (a->total < sizeof(a->head) - 1)
			a->head[a->total] = part[i];
	return n > 0;
}

/* Lets the server work until the client has heard the end, or `until` is in what it heard. */
static void serve(int fd, struct answer *a, const char *until)
{
	__u64 end_ns = now_ns() + 30 * SEC;

	while (!a->closed && !(until && strstr(a->head, until))) {
		struct pollfd p = {.fd = http_fd(http), .events = POLLIN};

		http_run(http, now_ns());
		while (hear(fd, a))
			;
		poll(&p, 1, 1);
		if (now_ns() > end_ns)
			fail_msg("no end after: %s", a->head);
	}
}

static struct answer ask(const char *request)
{
	struct answer a = {.total = 0};
	int fd = dial();

	say(fd, request);
	serve(fd, &a, NULL);
	close(fd);
	return a;
}

#define ASK(method, path) ask(method " " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

static void answers(const struct answer *a, const char *status)
{
	if (strncmp(a->head + sizeof("HTTP/1.1"), status, 3))
		fail_msg("not %s: %s", status, a->head);
}

static void a_page(void **unused)
{
	struct answer a = ASK("GET", "/small");

	(void)unused;
	answers(&a, "200");
	assert_non_null(strstr(a.head, "\r\n\r\nmade 1\n"));
	assert_non_null(strstr(a.head, "Content-Type: text/plain\r\n"));
	a = ASK("HEAD", "/small");
	answers(&a, "200");
	assert_null(strstr(a.head, "made"));
	assert_non_null(strstr(a.head, "Content-Length: 7\r\n"));
	a = ASK("GET", "/small?x=y");
	answers(&a, "200");
}

static void not_a_page(void **unused)
{
	struct answer a = ASK("GET", "/");

	(void)unused;
	answers(&a, "404");
	a = ASK("GET", "/small/../../etc/passwd");
	answers(&a, "404");
	a = ASK("POST", "/small");
	answers(&a, "405");
	assert_non_null(strstr(a.head, "Allow: GET, HEAD\r\n"));
	a = ASK("DELETE", "/small");
	answers(&a, "405");
	a = ask("POST /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Content-Length: 5\r\n\r\nhello");
	answers(&a, "405");
	assert_int_equal(rendered, 0);
	assert_int_equal(http_counts(http).refused, 5);
}

static void garbage(void **unused)
{
	static char junk[100000];
	uint64_t seed = 3;
	struct answer a;

	(void)unused;
	ask("\r\n\r\n\r\n\x01\x02\x03\r\n\r\n");
	ask("GET\r\n\r\n");
	ask("GET / HTTP/9.9\r\n\r\n");
	for (int i = 0; i < 50; i++) {
		int fd = dial();

		a = (struct answer){.total = 0};
		for (size_t k = 0; k < 2000; k++)
			junk[k] = (char)next_random(&seed);
		assert_int_equal(send(fd, junk, 2000, MSG_NOSIGNAL), 2000);
		shutdown(fd, SHUT_WR);
		serve(fd, &a, NULL);
		close(fd);
	}
	a = ASK("GET", "/small");
	answers(&a, "200");
}

static void huge_headers(void **unused)
{
	struct answer a = {.total = 0};
	char line[1000];
	int fd = dial();

	(void)unused;
	memset(line, 'a', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 3, "\r\n", 3);
	say(fd, "GET /small HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 200 && !a.closed && !a.total; i++) {
		send(fd, line, strlen(line), MSG_NOSIGNAL);
		http_run(http, now_ns());
		hear(fd, &a);
	}
	serve(fd, &a, "\r\n\r\n");
	answers(&a, "431");
	close(fd);
	assert_int_equal(rendered, 0);
}

/* Many at once, and the page is made for all of them together. */
static void many(void **unused)
{
	struct answer a[50];
	int fd[50];

	(void)unused;
	memset(a, 0, sizeof(a));
	for (int i = 0; i < 50; i++) {
		fd[i] = dial();
		say(fd[i], "GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	}
	for (int i = 0; i < 50; i++) {
		serve(fd[i], &a[i], NULL);
		answers(&a[i], "200");
		close(fd[i]);
	}
	assert_true(rendered < 50);
	assert_int_equal(http_counts(http).ok, 50);
}

/* One that does not read its page keeps nobody from theirs. */
static void one_that_does_not_read(void **unused)
{
	struct answer a = {.total = 0};
	int fd = dial();

	(void)unused;
	page_size = 8 << 20;
	say(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 100; i++)
		http_run(http, now_ns());
	a = ASK("GET", "/small");
	answers(&a, "200");
	memset(&a, 0, sizeof(a));
	http_run(http, now_ns() + (HTTP_REQUEST_S + 1) * SEC);
	assert_int_equal(http_counts(http).cut, 1);
	serve(fd, &a, NULL);
	assert_true(a.total < page_size);
	close(fd);
}

/* It never says all of its request, but always a little more. */
static void one_that_dawdles(void **unused)
{
	struct answer a = {.total = 0};
	__u64 t = now_ns();
	int fd = dial();

	(void)unused;
	say(fd, "GET /small HTTP/1.1\r\nHost: ");
	for (int s = 0; s <= HTTP_REQUEST_S + 2; s++) {
		send(fd, "x", 1, MSG_NOSIGNAL);
		http_run(http, t + s * SEC);
	}
	assert_int_equal(http_counts(http).cut, 1);
	serve(fd, &a, NULL);
	assert_int_equal(a.total, 0);
	close(fd);
}

/* Pages that nobody takes do not add up without a limit. */
static void many_that_do_not_read(void **unused)
{
	struct answer a;
	__u64 t = now_ns();
	int fd[20];

	(void)unused;
	page_size = 8 << 20;
	for (int i = 0; i < 20; i++) {
		fd[i] = dial();
		say(fd[i], "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
		for (int k = 0; k < 20; k++)
			http_run(http, t += 10 * SEC / 1000);
		t += SEC / 2; /* the page is stale by then, whatever it took to make */
	}
	assert_true(rendered <= 5);
	for (int i = 0; i < 20; i++)
		close(fd[i]);
	for (int k = 0; k < 100; k++)
		http_run(http, t);
	a = ASK("GET", "/large");
	answers(&a, "200");
}

static void more_than_there_are_places(void **unused)
{
	int fd[HTTP_CLIENTS + 40];
	struct answer a;

	(void)unused;
	for (size_t i = 0; i < N(fd); i++) {
		fd[i] = dial();
		http_run(http, now_ns());
	}
	for (size_t i = 0; i < N(fd); i++)
		close(fd[i]);
	for (int i = 0; i < 50; i++)
		http_run(http, now_ns());
	a = ASK("GET", "/small");
	answers(&a, "200");
}

static void again_on_one_connection(void **unused)
{
	struct answer a = {.total = 0};
	int fd = dial();

	(void)unused;
	say(fd, "GET /small HTTP/1.1\r\nHost: x\r\n\r\n");
	serve(fd, &a, "made 1\n");
	memset(&a, 0, sizeof(a));
	say(fd, "GET /small HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n");
	serve(fd, &a, "not found\n");
	assert_non_null(strstr(a.head, "made "));
	close(fd);
}

static void a_page_that_is_not_well(void **unused)
{
	struct answer a;

	(void)unused;
	page_status = 503;
	a = ASK("GET", "/small");
	answers(&a, "503");
	assert_non_null(strstr(a.head, "made 1"));
	assert_int_equal(http_counts(http).failed, 1);
}

static void addresses(void **unused)
{
	static const char *const bad[] = {
		"",
		":",
		"x",
		"1.2.3.4",
		"1.2.3.4:",
		"1.2.3.4:65536",
		"[::1]",
		"[::1]:",
		"[::1:80",
		"::1:80x",
		"localhost:80",
		":-1",
		"1.2.3:80",
		"[1.2.3.4]:8",
		"0x50",
		" 80",
		"80 ",
		"]:80",
		"[:80",
		"1.2.3.4:000080",
	};
	struct sockaddr_storage s;
	const struct sockaddr_in *in = (struct sockaddr_in *)&s;
	const struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s;
	socklen_t len;

	(void)unused;
	for (size_t i = 0; i < N(bad); i++)
		if (!http_address(bad[i], &s, &len))
			fail_msg("taken: '%s'", bad[i]);
	assert_int_equal(http_address("9464", &s, &len), 0);
	assert_int_equal(in->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(in->sin_port, htons(9464));
	assert_int_equal(http_address(":9464", &s, &len), 0);
	assert_int_equal(in->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(http_address("0.0.0.0:1", &s, &len), 0);
	assert_int_equal(in->sin_addr.s_addr, 0);
	assert_int_equal(http_address("[::]:65535", &s, &len), 0);
	assert_int_equal(s.ss_family, AF_INET6);
	assert_int_equal(in6->sin6_port, htons(65535));
	assert_int_equal(len, sizeof(*in6));
}

static void an_address_in_use(void **unused)
{
	struct sockaddr_storage addr;
	struct http *second;
	char text[16];
	socklen_t len;

	(void)unused;
	snprintf(text, sizeof(text), "%u", http_port(http));
	assert_int_equal(http_address(text, &addr, &len), 0);
	assert_int_equal(http_open(&second, &addr, len, pages, N(pages), NULL), -EADDRINUSE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_page),
		TEST(not_a_page),
		TEST(garbage),
		TEST(huge_headers),
		TEST(many),
		TEST(one_that_does_not_read),
		TEST(one_that_dawdles),
		TEST(many_that_do_not_read),
		TEST(more_than_there_are_places),
		TEST(again_on_one_connection),
		TEST(a_page_that_is_not_well),
		TEST(addresses),
		TEST(an_address_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
