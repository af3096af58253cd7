// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "sock.h"
#include "tap.h"

uint16_t sock_fresh_port(void)
{
	/* below the range of ephemeral ports (netns.c) */
	static uint16_t next = 10001;

	return next++;
}

int sock_new(const struct fam *f)
{
	int fd = socket(f->af, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		tap_die("socket: %s", strerror(errno));
	return fd;
}

void sock_bind(int fd, const struct fam *f, const char *addr, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = fam_sockaddr(f, addr, port, &ss);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&ss, len))
		tap_die("bind %s %d: %s", addr, port, strerror(errno));
}

static void sock_do_listen(int fd)
{
	if (listen(fd, 4096))
		tap_die("listen: %s", strerror(errno));
}

int sock_listen_at(const struct fam *f, const char *addr, uint16_t port)
{
	int fd = sock_new(f);

	sock_bind(fd, f, addr, port);
	sock_do_listen(fd);
	return fd;
}

int sock_listen(const struct fam *f, const char *addr)
{
	return sock_listen_at(f, addr, sock_fresh_port());
}

int sock_listen_opt(const struct fam *f, const char *addr, int tcp_opt, int value)
{
	int fd = sock_new(f);

	sock_opt(fd, tcp_opt, value);
	sock_bind(fd, f, addr, sock_fresh_port());
	sock_do_listen(fd);
	return fd;
}

int sock_connect_on(int fd, const struct fam *f, const char *addr, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = fam_sockaddr(f, addr, port, &ss);

	return connect(fd, (void *)&ss, len) ? -errno : 0;
}

int sock_connect(const struct fam *f, const char *addr, uint16_t port)
{
	int fd = sock_new(f);
	int err = sock_connect_on(fd, f, addr, port);

	if (!err)
		return fd;
	close(fd);
	return err;
}

int sock_start_on(int fd, const struct fam *f, const char *addr, uint16_t port)
{
	int err;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	err = sock_connect_on(fd, f, addr, port);
	if (err && err != -EINPROGRESS)
		tap_die("connect %s %d: %s", addr, port, strerror(-err));
	fcntl(fd, F_SETFL, 0);
	return fd;
}

int sock_start(const struct fam *f, const char *addr, uint16_t port)
{
	return sock_start_on(sock_new(f), f, addr, port);
}

int sock_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		tap_die("accept: %s", strerror(errno));
	return fd;
}

static uint16_t port_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_in6 sa = {0};
	socklen_t len = sizeof(sa);

	if (get(fd, (struct sockaddr *)&sa, &len))
		return 0;
	return ntohs(sa.sin6_port); /* sin_port lies there too */
}

static int get_name(int fd, struct sockaddr *sa, socklen_t *len)
{
	return getsockname(fd, sa, len);
}

static int get_peer(int fd, struct sockaddr *sa, socklen_t *len)
{
	return getpeername(fd, sa, len);
}

uint16_t sock_lport(int fd)
{
	return port_of(fd, get_name);
}

uint16_t sock_rport(int fd)
{
	return port_of(fd, get_peer);
}

void sock_opt(int fd, int tcp_opt, int value)
{
	if (setsockopt(fd, IPPROTO_TCP, tcp_opt, &value, sizeof(value)))
		tap_die("TCP option %d: %s", tcp_opt, strerror(errno));
}

void sock_linger0(int fd)
{
	struct linger l = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

void sock_disconnect(int fd)
{
	struct sockaddr sa = {.sa_family = AF_UNSPEC};

	if (connect(fd, &sa, sizeof(sa)))
		tap_die("disconnect: %s", strerror(errno));
}

static void read_all(int fd, size_t len)
{
	char buf[16384];

	while (len) {
		ssize_t n = read(fd, buf, len < sizeof(buf) ? len : sizeof(buf));

		if (n <= 0)
			tap_die("read: %s", n ? strerror(errno) : "end of file");
		len -= n;
	}
}

/* In pieces that the buffers hold: one process is on both ends. */
void sock_transfer(int from, int to, size_t len)
{
	static const char zeros[4096];

	while (len) {
		size_t want = len < sizeof(zeros) ? len : sizeof(zeros);
		ssize_t n = send(from, zeros, want, MSG_NOSIGNAL);

		if (n < 0)
			tap_die("send: %s", strerror(errno));
		read_all(to, n);
		len -= n;
	}
}

void sock_send(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		tap_die("send: %s", strerror(errno));
}

int sock_drain(int fd)
{
	char buf[16384];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	return n ? -errno : 0;
}

int sock_state(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return -errno;
	return info.tcpi_state;
}

unsigned int sock_retransmits(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		tap_die("TCP_INFO: %s", strerror(errno));
	return info.tcpi_total_retrans;
}

void sock_await(int fd, int state)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	while (sock_state(fd) != state) {
		if (clock_ms() > until)
			tap_die("a socket is in state %d, not %d", sock_state(fd), state);
		sleep_ms(2);
	}
}

void pair_open_at(struct pair *p, const struct fam *f, const char *addr, int listener)
{
	p->l = listener;
	p->sport = sock_lport(listener);
	p->c = sock_connect(f, addr, p->sport);
	if (p->c < 0)
		tap_die("connect %s %d: %s", addr, p->sport, strerror(-p->c));
	p->cport = sock_lport(p->c);
	p->s = sock_accept(listener);
}

void pair_open(struct pair *p, const struct fam *f)
{
	pair_open_at(p, f, f->lo, sock_listen(f, f->lo));
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void pair_close(struct pair *p)
{
	fd_close(&p->c);
	fd_close(&p->s);
	fd_close(&p->l);
}
