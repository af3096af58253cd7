// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A storm of TCP connections in network namespaces of its own.  Each thread
 * holds both ends of its connections and does one step after the other, so that
 * the rate is that of the kernel's work and not of the scheduler's.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "netns.h"
#include "storm.h"
#include "util/parse.h"

#define THREADS_MAX 64
/*
 * A port stays taken in TIMED_WAIT for each address that it was used towards:
 * with so many addresses a storm of a million finds a free port at once.
 */
#define ADDRS 64
/* Connections that are timed together: some 20 ms of work, less than most disturbances last. */
#define SLICE 500

struct options {
	unsigned long conns; /* of all threads */
	unsigned int threads;
	unsigned int port;
	unsigned int idle; /* connections that are only held */
	unsigned int keep; /* ... beside the storm */
	bool v6, rst, veth, pin, pause;
};

struct worker {
	pthread_t thread;
	const struct options *o;
	unsigned int no;
	unsigned long conns;
	int listener;
	int err;
	long cpu_ns;
	long long *slice_ns; /* CPU time */
	unsigned long n_slices;
};

/* Passed twice by all: when they are there, and when they may begin. */
static pthread_barrier_t gate;

static void die(const char *what, int err)
{
	fprintf(stderr, "storm: %s: %s\n", what, strerror(err));
	exit(1);
}

static long long now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/*
 * The namespaces
 */

static void sysctls(void)
{
	/* what a kernel does not have, or not per namespace, it keeps as it is */
	sysctl_set("net.ipv4.ip_local_port_range", "10000 65000");
	sysctl_set("net.ipv4.tcp_max_tw_buckets", "4000000");
	sysctl_set("net.ipv4.tcp_tw_reuse", "0");
	sysctl_set("net.ipv4.tcp_max_syn_backlog", "4096");
	sysctl_set("net.core.somaxconn", "4096");
	sysctl_set("net.ipv6.conf.all.accept_dad", "0");
	sysctl_set("net.ipv6.conf.default.accept_dad", "0");
}

static void new_netns(void)
{
	int err;

	if (unshare(CLONE_NEWNET))
		die("a network namespace", errno);
	err = link_up("lo");
	if (err)
		die("lo", -err);
	sysctls();
}

static void server_addr(const struct options *o, unsigned int no, char *text, size_t size)
{
	if (o->v6)
		snprintf(text, size, "fd00::1:%x", no + 1);
	else if (o->veth)
		snprintf(text, size, "10.77.1.%u", no + 1);
	else
		snprintf(text, size, "127.0.1.%u", no + 1);
}

static void add_addr(const char *dev, const char *addr, int prefix)
{
	int err = addr_add(dev, addr, prefix);

	if (err)
		die(addr, -err);
}

/* All of 127/8 is there already. */
static void add_server_addrs(const struct options *o, const char *dev)
{
	char addr[INET6_ADDRSTRLEN];

	if (!o->v6 && !o->veth)
		return;
	for (unsigned int i = 0; i < ADDRS; i++) {
		server_addr(o, i, addr, sizeof(addr));
		add_addr(dev, addr, o->v6 ? 64 : 16);
	}
}

static int open_netns(void)
{
	int fd = netns_fd();

	if (fd < 0)
		die("the network namespace", errno);
	return fd;
}

/* The far end goes to a namespace of its own, where the listeners are.  Its descriptor. */
static int make_veth(const struct options *o)
{
	int near, far, err;

	new_netns();
	far = open_netns();
	new_netns();
	near = open_netns();
	err = veth_add("near", "far");
	if (!err)
		err = link_to_netns("far", far);
	if (!err)
		err = link_up("near");
	if (err)
		die("veth", -err);
	add_addr("near", o->v6 ? "fd00::2:1" : "10.77.2.1", o->v6 ? 64 : 16);
	netns_enter(far);
	link_up("far");
	add_server_addrs(o, "far");
	close(far);
	return near;
}

/*
 * The sockets
 */

static socklen_t fill_addr(const struct options *o, unsigned int no, unsigned int port,
			   struct sockaddr_storage *sa)
{
	char text[INET6_ADDRSTRLEN];

	memset(sa, 0, sizeof(*sa));
	server_addr(o, no, text, sizeof(text));
	if (o->v6) {
		struct sockaddr_in6 *sin6 = (void *)sa;

		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		inet_pton(AF_INET6, text, &sin6->sin6_addr);
		return sizeof(*sin6);
	}
	struct sockaddr_in *sin = (void *)sa;

	sin->sin_family = AF_INET;
	sin->sin_port = htons(port);
	inet_pton(AF_INET, text, &sin->sin_addr);
	return sizeof(*sin);
}

static int listen_any(const struct options *o, unsigned int no)
{
	struct sockaddr_storage sa;
	socklen_t len = fill_addr(o, 0, o->port + no, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (o->v6)
		((struct sockaddr_in6 *)&sa)->sin6_addr = in6addr_any;
	else
		((struct sockaddr_in *)&sa)->sin_addr.s_addr = INADDR_ANY;
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) || listen(fd, 4096))
		die("listen", errno);
	return fd;
}

struct pair {
	int client, server;
};

static int pair_connect(const struct worker *w, const struct sockaddr_storage *sa, socklen_t len,
			struct pair *p)
{
	p->client = socket(sa->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->client < 0)
		return -errno;
	if (connect(p->client, (const struct sockaddr *)sa, len))
		return -errno;
	p->server = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	return p->server < 0 ? -errno : 0;
}

/*
 * The server's end waits for the client's FIN or RST, which has been there for
 * long in most cases: an early close() would be a simultaneous one.
 */
static void pair_close(struct pair *p, bool rst)
{
	static const struct linger now = {.l_onoff = 1};
	char c;

	if (rst)
		setsockopt(p->client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p->client);
	if (recv(p->server, &c, 1, 0) > 0)
		fprintf(stderr, "storm: data from nowhere\n");
	close(p->server);
}

static int one_connection(const struct worker *w, const struct sockaddr_storage *sa, socklen_t len)
{
	struct pair p = {-1, -1};
	int err = pair_connect(w, sa, len, &p);

	if (!err)
		pair_close(&p, w->o->rst);
	return err;
}

/*
 * The load
 */

static void pin(unsigned int no)
{
	cpu_set_t all, one;
	unsigned int seen = 0;

	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && seen++ == no % (unsigned int)CPU_COUNT(&all))
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void load(struct worker *w, const struct sockaddr_storage *sa, socklen_t len)
{
	long long began = now_ns(CLOCK_THREAD_CPUTIME_ID);

	for (unsigned long i = 1; i <= w->conns && !w->err; i++) {
		w->err = one_connection(w, &sa[i % ADDRS], len);
		if (!(i % SLICE)) {
			long long now = now_ns(CLOCK_THREAD_CPUTIME_ID);

			w->slice_ns[w->n_slices++] = now - began;
			began = now;
		}
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct sockaddr_storage sa[ADDRS];
	socklen_t len = 0;
	long long cpu;

	for (unsigned int i = 0; i < ADDRS; i++)
		len = fill_addr(w->o, i, w->o->port + w->no, &sa[i]);
	if (w->o->pin)
		pin(w->no);
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
	load(w, sa, len);
	w->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	return NULL;
}

static void start_workers(struct worker *w, const struct options *o)
{
	pthread_barrier_init(&gate, NULL, o->threads + 1);
	for (unsigned int i = 0; i < o->threads; i++) {
		int err;

		w[i].o = o;
		w[i].no = i;
		w[i].conns = o->conns / o->threads + (i < o->conns % o->threads);
		w[i].slice_ns = calloc(w[i].conns / SLICE + 1, sizeof(*w[i].slice_ns));
		if (!w[i].slice_ns)
			die("memory", ENOMEM);
		err = pthread_create(&w[i].thread, NULL, work, &w[i]);
		if (err)
			die("a thread", err);
	}
}

static void open_pairs(const struct worker *w, const struct options *o, unsigned int n)
{
	struct sockaddr_storage sa;

	for (unsigned int i = 0; i < n; i++) {
		socklen_t len = fill_addr(o, i % ADDRS, o->port, &sa);
		struct pair p;
		int err = pair_connect(w, &sa, len, &p);

		if (err)
			die("a connection to keep", -err);
	}
}

/* A process that holds n connections until this one ends.  Returns when it has them. */
static void keep_in_child(const struct worker *w, const struct options *o, unsigned int n)
{
	int there[2];
	char c;

	if (pipe2(there, O_CLOEXEC))
		die("pipe", errno);
	switch (fork()) {
	case -1:
		die("fork", errno);
		break;
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		open_pairs(w, o, n);
		close(there[1]);
		for (;;)
			pause();
	}
	close(there[1]);
	while (read(there[0], &c, 1) < 0 && errno == EINTR)
		;
	close(there[0]);
}

/* What a process may hold is less than what is asked for, often. */
static void open_idle(const struct worker *w, const struct options *o, unsigned int conns)
{
	struct rlimit room;
	unsigned int most, n;

	getrlimit(RLIMIT_NOFILE, &room);
	room.rlim_cur = room.rlim_max;
	setrlimit(RLIMIT_NOFILE, &room);
	most = room.rlim_cur / 2 - 64;
	for (unsigned int left = conns; left; left -= n) {
		n = left < most ? left : most;
		keep_in_child(w, o, n);
	}
}

static void pause_here(const char *word)
{
	char c;

	if (word)
		puts(word);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) < 0 && errno == EINTR)
		;
}

static int by_value(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

/*
 * The rate that the load would have all by itself: by CPU time, which is not
 * spent while others run, and of the slice that a quarter of them are faster
 * than, since what runs beside it on the same host slows others down.
 */
static double quiet_rate(const struct options *o, const struct worker *w)
{
	double rate = 0;

	for (unsigned int i = 0; i < o->threads; i++) {
		unsigned long quarter = w[i].n_slices / 4;

		if (!w[i].n_slices)
			return 0;
		qsort(w[i].slice_ns, w[i].n_slices, sizeof(*w[i].slice_ns), by_value);
		rate += SLICE * 1e9 / w[i].slice_ns[quarter];
	}
	return rate;
}

static void print_result(const struct options *o, const struct worker *w, long long ns)
{
	long cpu_ns = 0;

	for (unsigned int i = 0; i < o->threads; i++) {
		if (w[i].err)
			die("connection", -w[i].err);
		cpu_ns += w[i].cpu_ns;
	}
	printf("connections=%lu seconds=%.6f rate=%.0f quiet_rate=%.0f cpu_ns=%ld transitions=%lu "
	       "time_wait=%lu\n",
	       o->conns, ns / 1e9, o->conns * 1e9 / ns, quiet_rate(o, w), cpu_ns / (long)o->conns,
	       o->conns * (o->rst ? STORM_RST_STEPS : STORM_FIN_STEPS), o->rst ? 0 : o->conns);
	fflush(stdout);
}

/* Namespaces and listeners; after it, we are where the clients belong. */
static void set_up(const struct options *o, struct worker *w)
{
	int near = -1;

	if (o->veth) {
		near = make_veth(o);
	} else {
		new_netns();
		add_server_addrs(o, "lo");
	}
	for (unsigned int i = 0; i < o->threads; i++)
		w[i].listener = listen_any(o, i);
	if (near >= 0)
		netns_enter(near);
}

static void storm(const struct options *o, struct worker *w)
{
	long long began;

	start_workers(w, o);
	pthread_barrier_wait(&gate);
	if (o->pause)
		pause_here("ready");
	pthread_barrier_wait(&gate);
	began = now_ns(CLOCK_MONOTONIC);
	for (unsigned int i = 0; i < o->threads; i++)
		pthread_join(w[i].thread, NULL);
	print_result(o, w, now_ns(CLOCK_MONOTONIC) - began);
	if (o->pause)
		pause_here(NULL);
}

static const struct argp_option option_list[] = {
	{"connections", 'n', "N", 0, "how many, of all threads (default 20000)", 0},
	{"threads", 't', "N", 0, "each with both ends of its connections (default 1)", 0},
	{"port", 'P', "PORT", 0, "of the first thread's listener (default 7411)", 0},
	{"idle", 'i', "N", 0, "no storm: hold N connections until the end of stdin", 0},
	{"keep", 'k', "N", 0, "hold N connections beside the storm", 0},
	{"ipv6", '6', NULL, 0, "IPv6 instead of IPv4", 0},
	{"rst", 'r', NULL, 0, "end by RST: 6 transitions instead of 10", 0},
	{"veth", 'v', NULL, 0, "between two namespaces instead of over loopback", 0},
	{"pin", 'p', NULL, 0, "each thread stays on a CPU of its own", 0},
	{"pause", 'w', NULL, 0, "wait for a byte on stdin before, for another or its end after", 0},
	{0},
};

static unsigned long number(const char *text, unsigned long max, struct argp_state *state)
{
	__u64 n;

	if (parse_u64(text, 1, max, &n))
		argp_error(state, "%s: 1 to %lu is what it takes", text, max);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'n':
		o->conns = number(arg, 1000000, state);
		break;
	case 't':
		o->threads = number(arg, THREADS_MAX, state);
		break;
	case 'P':
		o->port = number(arg, 9000, state);
		break;
	case 'i':
		o->idle = number(arg, 200000, state);
		break;
	case 'k':
		o->keep = number(arg, 200000, state);
		break;
	case '6':
		o->v6 = true;
		break;
	case 'r':
		o->rst = true;
		break;
	case 'v':
		o->veth = true;
		break;
	case 'p':
		o->pin = true;
		break;
	case 'w':
		o->pause = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse,
	.doc = "TCP connections, one after the other, as fast as the kernel makes them.",
};

int main(int argc, char **argv)
{
	struct options o = {.conns = 20000, .threads = 1, .port = STORM_PORT};
	struct worker w[THREADS_MAX] = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	set_up(&o, w);
	if (o.idle) {
		open_idle(w, &o, o.idle);
		pause_here("ready");
		return 0;
	}
	open_idle(w, &o, o.keep);
	storm(&o, w);
	return 0;
}
