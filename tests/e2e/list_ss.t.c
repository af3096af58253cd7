// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `tcpdwell list` and `ss -tan` on sockets in every state that can be made: the
 * same set, with the same queues and cookies.  And what ss does not say: since
 * when, until when, whose.
 */
#include <errno.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "drive.h"
#include "netns.h"
#include "peer.h"
#include "procnet.h"
#include "sock.h"
#include "tap.h"
#include "tracer.h"

#define KEY_LEN 192
#define KEYS_MAX 512
/* The kernel keeps moments in ticks or ms. */
#define COARSE_NS (15 * NS_PER_MS)
#define MINUTE_NS (60 * NS_PER_S)

/* One moment in the making of the sockets. */
static int64_t made_from, made_to;

/* A socket whose line is looked at more closely. */
static struct {
	const char *name;
	uint16_t lport, rport;
} kept[64];
static int n_kept;

static void keep(const char *name, uint16_t lport, uint16_t rport)
{
	kept[n_kept].name = name;
	kept[n_kept].lport = lport;
	kept[n_kept++].rport = rport;
}

/*
 * Sockets
 */

static void make_full(int tun, const struct fam *f)
{
	static void (*const drives[])(struct drive *, int, const struct fam *) = {
		drive_syn_recv,	  drive_established, drive_fin_wait_1, drive_fin_wait_2,
		drive_close_wait, drive_closing,     drive_last_ack,
	};
	struct drive d;

	for (size_t i = 0; i < sizeof(drives) / sizeof(*drives); i++) {
		drives[i](&d, tun, f);
		if (drives[i] == drive_closing)
			keep("CLOSING", d.port, d.p.port);
	}
	drive_syn_sent(&d, tun, f);
	keep("SYN_SEND", d.port, d.p.port);
}

/* close() in FIN_WAIT_2: the rest is the kernel's. */
static void make_small(int tun, const struct fam *f)
{
	struct drive d;

	drive_fin_wait_2(&d, tun, f);
	fd_close(&d.fd);
	procnet_await(d.port, d.p.port, TCP_FIN_WAIT2);
	keep("FIN_WAIT_2", d.port, d.p.port);
	drive_fin_wait_2(&d, tun, f);
	fd_close(&d.fd);
	peer_send(&d.p, TH_FIN | TH_ACK);
	procnet_await(d.port, d.p.port, TCP_TIME_WAIT);
	keep("TIMED_WAIT", d.port, d.p.port);
}

static void make_half_open(int tun, const struct fam *f)
{
	int l = sock_listen(f, f->tun);
	struct peer p;

	peer_init(&p, tun, f);
	p.kport = sock_lport(l);
	peer_send(&p, TH_SYN);
	peer_expect(&p, TH_SYN | TH_ACK, NULL);
	keep("SYN_RECEIVED", p.kport, p.port);
	keep("LISTEN", p.kport, 0);
}

/* Unread data, an unread end of file, and a listener whose backlog has one in it. */
static void make_queues(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	sock_send(p.c, "not read");
	pair_open(&p, f);
	sock_send(p.c, "not read either");
	fd_close(&p.c);
	sock_await(p.s, TCP_CLOSE_WAIT);
	keep("CLOSE_WAIT", p.sport, p.cport);
	pair_open(&p, f);
	sock_connect(f, f->lo, p.sport);
}

/*
 * Two lists
 */

struct keys {
	char key[KEYS_MAX][KEY_LEN];
	int n;
};

static struct keys ours, theirs;
static json_t *rows;

static void add_key(struct keys *k, const char *state, long recv_q, long send_q, const char *local,
		    const char *remote, const char *sk)
{
	if (k->n == KEYS_MAX)
		tap_die("more than %d sockets", KEYS_MAX);
	snprintf(k->key[k->n++], KEY_LEN, "%s %ld %ld %s %s sk:%s", state, recv_q, send_q, local,
		 remote, sk);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static FILE *output_of(const char *command)
{
	FILE *f = popen(command, "re");

	if (!f)
		tap_die("%s does not start", command);
	return f;
}

static void our_end(char *text, const json_t *row, const char *addr, const char *port)
{
	int64_t number = line_int(row, port);

	snprintf(text, 64, number ? "%s:%lld" : "%s:*", line_str(row, addr), (long long)number);
}

static void our_row(json_t *row)
{
	char local[64], remote[64];

	our_end(local, row, "laddr", "lport");
	our_end(remote, row, "raddr", "rport");
	add_key(&ours, line_str(row, "state"), line_int(row, "recv_q"), line_int(row, "send_q"),
		local, remote, line_str(row, "sk"));
	json_array_append_new(rows, row);
}

static void read_ours(void)
{
	char command[512], line[8192];
	FILE *f;

	snprintf(command, sizeof(command), "\"$TCPDWELL\" list --json --netns %lu", netns_inode());
	rows = json_array();
	f = output_of(command);
	while (fgets(line, sizeof(line), f)) {
		json_t *row = json_loads(line, 0, NULL);

		if (!row)
			tap_die("not JSON: %s", line);
		if (line_is(row, "socket"))
			our_row(row);
		else
			json_decref(row);
	}
	tap_is(pclose(f), 0, "exit status of the list");
	qsort(ours.key, ours.n, KEY_LEN, by_text);
}

static const char *article_name(const char *state)
{
	static const char *const names[][2] = {
		{"LISTEN", "LISTEN"},	      {"SYN-SENT", "SYN_SEND"},
		{"SYN-RECV", "SYN_RECEIVED"}, {"ESTAB", "ESTABLISHED"},
		{"FIN-WAIT-1", "FIN_WAIT_1"}, {"FIN-WAIT-2", "FIN_WAIT_2"},
		{"TIME-WAIT", "TIMED_WAIT"},  {"CLOSE-WAIT", "CLOSE_WAIT"},
		{"LAST-ACK", "LAST_ACK"},     {"CLOSING", "CLOSING"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i][0], state))
			return names[i][1];
	return state;
}

/* ss has brackets around IPv6, "*" for its wildcard, and IPv4-mapped addresses in full. */
static void plain_end(char *to, char *from)
{
	char *port = strrchr(from, ':'), *addr = from;

	*port++ = '\0';
	if (*addr == '[') {
		addr[strlen(addr) - 1] = '\0';
		addr++;
	}
	if (!strncmp(addr, "::ffff:", 7))
		addr += 7;
	snprintf(to, 64, "%s:%s", !strcmp(addr, "*") ? "::" : addr, port);
}

static void read_theirs(void)
{
	char line[1024], state[32], local[64], remote[64], ends[2][64];
	long recv_q, send_q;
	FILE *f = output_of("ss -tanHOe");

	while (fgets(line, sizeof(line), f)) {
		const char *sk = strstr(line, " sk:");
		char cookie[32] = "";

		if (sscanf(line, "%31s %ld %ld %63s %63s", state, &recv_q, &send_q, local,
			   remote) != 5)
			tap_die("ss says: %s", line);
		if (sk)
			sscanf(sk, " sk:%31[0-9a-f]", cookie);
		plain_end(ends[0], local);
		plain_end(ends[1], remote);
		add_key(&theirs, article_name(state), recv_q, send_q, ends[0], ends[1], cookie);
	}
	if (pclose(f))
		tap_skip_all("ss does not work here");
	qsort(theirs.key, theirs.n, KEY_LEN, by_text);
}

static void compare(void)
{
	int i = 0, j = 0, same = 0;

	while (i < ours.n || j < theirs.n) {
		int order = i == ours.n	    ? 1
			    : j == theirs.n ? -1
					    : strcmp(ours.key[i], theirs.key[j]);

		if (!order)
			same++;
		else
			tap_diag("only %s: %s", order < 0 ? "the list" : "ss",
				 order < 0 ? ours.key[i] : theirs.key[j]);
		i += order <= 0;
		j += order >= 0;
	}
	tap_is(ours.n, theirs.n, "as many sockets as ss shows");
	tap_is(same, theirs.n, "each of them as ss shows it");
}

static void all_states(void)
{
	static const char *const states[] = {
		"LISTEN",     "SYN_SEND",   "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1",
		"FIN_WAIT_2", "TIMED_WAIT", "CLOSE_WAIT",   "LAST_ACK",	   "CLOSING",
	};

	for (size_t s = 0; s < sizeof(states) / sizeof(*states); s++) {
		bool found = false;

		for (int i = 0; i < ours.n; i++)
			found |= !strncmp(ours.key[i], states[s], strlen(states[s]));
		tap_ok(found, "%s is among them", states[s]);
	}
}

/*
 * More than ss says
 */

static const json_t *row_of(uint16_t lport, uint16_t rport)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) if (line_int(row, "lport") == lport &&
					     line_int(row, "rport") == rport) return row;
	return NULL;
}

/* It was made between made_from and made_to. */
static bool stay_fits(const json_t *row, bool exact)
{
	int64_t dwell = line_int(row, "dwell_ns"), now = line_int(row, "mono_ns");
	bool good = dwell <= now - made_from + COARSE_NS;

	if (exact)
		good &= dwell >= now - made_to - COARSE_NS;
	if (!good)
		tap_diag("dwell %lld, made %lld to %lld ago", (long long)dwell,
			 (long long)(now - made_to), (long long)(now - made_from));
	return good;
}

static void check_kept(const char *name, uint16_t lport, uint16_t rport)
{
	const json_t *row = row_of(lport, rport);
	bool small = !strcmp(name, "TIMED_WAIT") || !strcmp(name, "FIN_WAIT_2");
	bool exact = !strcmp(name, "TIMED_WAIT") || !strncmp(name, "SYN_", 4);
	bool stamped = !strcmp(name, "FIN_WAIT_2") && kernel_since(6, 14);
	bool segment = !strcmp(name, "CLOSING"); /* the last one that came led there */

	if (!tap_ok(row && !strcmp(line_str(row, "state"), name), "%s is there", name))
		return;
	/* when the small socket was made the kernel may know; the tracer may conclude more of it */
	tap_ok(stamped || !strcmp(line_str(row, "dwell"), exact ? "exact" : "at_least"),
	       "%s: how exact", name);
	tap_ok(stay_fits(row, exact || stamped || segment), "%s: for how long", name);
	tap_is(line_int(row, "owner.pid"), small ? -1 : getpid(), "%s: whose", name);
	tap_ok((line_get(row, "remaining_ns") != NULL) == small, "%s: whether it has an end", name);
	if (!strcmp(name, "TIMED_WAIT"))
		tap_is(line_int(row, "dwell_ns") + line_int(row, "remaining_ns"), MINUTE_NS,
		       "TIMED_WAIT: a minute in all");
}

static void look(const char *how)
{
	tap_diag("%s", how);
	ours.n = theirs.n = 0;
	read_ours();
	read_theirs();
	compare();
	all_states();
	for (int i = 0; i < n_kept; i++)
		check_kept(kept[i].name, kept[i].lport, kept[i].rport);
	json_decref(rows);
}

/*
 * Kernels before 5.17 do not run the program that loads the list's own programs;
 * then the tracer's do as well.  Here that program is refused, and how often is counted.
 */
static atomic_int refused;

static void *refuse_each(void *listener)
{
	int fd = *(int *)listener;

	for (;;) {
		struct seccomp_notif req = {0};
		struct seccomp_notif_resp resp = {.error = -EINVAL};

		if (!ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req)) {
			resp.id = req.id;
			refused++;
			ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
		} else if (errno != EINTR && errno != ENOENT) {
			return NULL;
		}
	}
}

/* 0 or -errno. */
static int refuse_loader(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_PROG_TEST_RUN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = sizeof(code) / sizeof(*code), .filter = code};
	static int listener;
	pthread_t thread;

	listener = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			   &prog);
	if (listener < 0)
		return -errno;
	return -pthread_create(&thread, NULL, refuse_each, &listener);
}

static void look_without_loader(void)
{
	int err = refuse_loader();

	if (err) {
		tap_skip(strerror(-err), "the tracer's programs, as before Linux 5.17");
		return;
	}
	look("the tracer's programs, as before Linux 5.17");
	tap_ok(refused > 0, "the list's own programs were tried, and refused");
}

int main(void)
{
	int tun;

	netns_new();
	tun = tun_open("tun0");
	if (tun < 0)
		tap_skip_all("no TUN device");
	made_from = clock_ns();
	for (const struct fam *f = fams; f < FAMS_END; f++) {
		make_full(tun, f);
		make_small(tun, f);
		make_half_open(tun, f);
		make_queues(f);
	}
	made_to = clock_ns();
	sleep_ms(300);
	look("the list's own programs");
	look_without_loader();
	return tap_done();
}
