// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each filter shows exactly what it says of what a tracer without it shows.
 * All tracers run at once.
 */
#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "expect.h"
#include "lineset.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

#define TEST_COMM "filters-test"
#define MIN_DWELL_MS 150
/* What lasts shorter may be long to one tracer and not to another: a busy machine stops
 * between them. */
#define STAY_MS 1000

/* What is known of a connection by its end. */
struct facts {
	const json_t *line; /* the transition that is asked about */
	const json_t *end;  /* the last one of its socket */
};

typedef bool (*match_fn)(const struct facts *f, const char *arg);

struct filter {
	const char *name;
	match_fn match;
	const char *match_arg;
	const char *args[8];
	struct tracer t;
};

/* Filled in as the traffic is set up; the table below points here. */
static char port_a[8], port_b[8], pid_d[16], netns_here[24], netns_there[24], path_there[32];
static char cgroup_dir[256], port_e[8];
#define LONE_PORT "42000"

static long num(const char *text)
{
	return strtol(text, NULL, 10);
}

static bool family_is(const struct facts *f, const char *arg)
{
	return line_int(f->end, "family") == num(arg);
}

static bool lport_is(const struct facts *f, const char *arg)
{
	return line_int(f->end, "lport") == num(arg);
}

static bool rport_is(const struct facts *f, const char *arg)
{
	return line_int(f->end, "rport") == num(arg);
}

static bool port_is(const struct facts *f, const char *arg)
{
	return lport_is(f, arg) || rport_is(f, arg);
}

static bool either_port(const struct facts *f, const char *arg)
{
	(void)arg;
	return port_is(f, port_a) || port_is(f, port_b);
}

static bool addr_begins(const struct facts *f, const char *arg)
{
	return !strncmp(line_str(f->end, "laddr"), arg, strlen(arg)) ||
	       !strncmp(line_str(f->end, "raddr"), arg, strlen(arg));
}

static bool addr_two_or_three(const struct facts *f, const char *arg)
{
	(void)arg;
	return addr_begins(f, "127.0.0.2") || addr_begins(f, "127.0.0.3");
}

static bool addr_of_ipv6(const struct facts *f, const char *arg)
{
	(void)arg;
	return strchr(line_str(f->end, "laddr"), ':') || strchr(line_str(f->end, "raddr"), ':');
}

static bool state_is(const struct facts *f, const char *arg)
{
	return !strcmp(line_str(f->line, "from"), arg) || !strcmp(line_str(f->line, "to"), arg);
}

static bool pid_is(const struct facts *f, const char *arg)
{
	return line_int(f->end, "owner.pid") == num(arg);
}

static bool comm_is(const struct facts *f, const char *arg)
{
	return !strcmp(line_str(f->end, "owner.comm"), arg);
}

static bool netns_is(const struct facts *f, const char *arg)
{
	return line_int(f->end, "netns") == num(arg);
}

static bool lasted(const struct facts *f, const char *arg)
{
	return line_int(f->line, "dwell_ns") >= num(arg) * NS_PER_MS;
}

static bool is_sure(const json_t *line)
{
	return line_int(line, "dwell_ns") >= STAY_MS * NS_PER_MS;
}

static bool waited_in_established(const struct facts *f, const char *arg)
{
	return family_is(f, "4") && state_is(f, "ESTABLISHED") && lasted(f, arg);
}

#define BOTH_NETNS "--netns", netns_here, "--netns", netns_there

static struct filter filters[] = {
	{"-4", family_is, "4", {BOTH_NETNS, "-4"}, TRACER_INIT},
	{"-6", family_is, "6", {BOTH_NETNS, "-6"}, TRACER_INIT},
	{"--port", port_is, port_a, {BOTH_NETNS, "--port", port_a}, TRACER_INIT},
	{"--lport", lport_is, port_a, {BOTH_NETNS, "--lport", port_a}, TRACER_INIT},
	{"--rport", rport_is, port_a, {BOTH_NETNS, "--rport", port_a}, TRACER_INIT},
	{"--lport of a client, SYN_SEND included",
	 lport_is,
	 LONE_PORT,
	 {BOTH_NETNS, "--lport", LONE_PORT},
	 TRACER_INIT},
	{"--addr of one",
	 addr_begins,
	 "127.0.0.2",
	 {BOTH_NETNS, "--addr", "127.0.0.2"},
	 TRACER_INIT},
	{"--addr of two",
	 addr_two_or_three,
	 NULL,
	 {BOTH_NETNS, "--addr", "127.0.0.2/31"},
	 TRACER_INIT},
	{"--addr, IPv6", addr_begins, "fd88:", {BOTH_NETNS, "--addr", "fd00::/8"}, TRACER_INIT},
	{"--addr of all IPv6", addr_of_ipv6, NULL, {BOTH_NETNS, "--addr", "::/0"}, TRACER_INIT},
	{"--addr of all IPv4",
	 addr_begins,
	 "127.",
	 {BOTH_NETNS, "--addr", "::ffff:0:0/96"},
	 TRACER_INIT},
	{"--state CLOSE_WAIT",
	 state_is,
	 "CLOSE_WAIT",
	 {BOTH_NETNS, "--state", "CLOSE_WAIT"},
	 TRACER_INIT},
	{"--state syn-sent",
	 state_is,
	 "SYN_SEND",
	 {BOTH_NETNS, "--state", "syn-sent"},
	 TRACER_INIT},
	{"--state TCP_LAST_ACK",
	 state_is,
	 "LAST_ACK",
	 {BOTH_NETNS, "--state", "TCP_LAST_ACK"},
	 TRACER_INIT},
	{"--pid", pid_is, pid_d, {BOTH_NETNS, "--pid", pid_d}, TRACER_INIT},
	{"--comm", comm_is, "other-comm", {BOTH_NETNS, "--comm", "other-comm"}, TRACER_INIT},
	{"--netns", netns_is, netns_there, {"--netns", netns_there}, TRACER_INIT},
	{"--netns, a path", netns_is, netns_there, {"--netns", path_there}, TRACER_INIT},
	{"--min-dwell", lasted, "150", {BOTH_NETNS, "--min-dwell", "150ms"}, TRACER_INIT},
	{"-4 --state --min-dwell",
	 waited_in_established,
	 "150",
	 {"--netns", netns_here, "-4", "--state", "ESTABLISHED", "--min-dwell", "150ms"},
	 TRACER_INIT},
	{"--port twice",
	 either_port,
	 NULL,
	 {BOTH_NETNS, "--port", port_a, "--port", port_b},
	 TRACER_INIT},
	{"--cgroup", lport_is, port_e, {BOTH_NETNS, "--cgroup", cgroup_dir}, TRACER_INIT},
};

#define AT_ONCE 4
#define FILTERS_END (filters + sizeof(filters) / sizeof(*filters))

static struct tracer oracle = TRACER_INIT;

static void launch(struct tracer *t, const char *const *args)
{
	const char *all[16] = {"trace", "--json"};

	for (int i = 0; i < 8 && args[i]; i++)
		all[2 + i] = args[i];
	tracer_launch(t, all);
}

static bool has_cgroup(void)
{
	return cgroup_dir[0];
}

/* In a slow guest all would take longer than one may until it says hello. */
static void launch_some(struct filter *f, const struct filter *end)
{
	for (struct filter *g = f; g < end; g++)
		if (has_cgroup() || strcmp(g->name, "--cgroup"))
			launch(&g->t, g->args);
	for (struct filter *g = f; g < end; g++)
		if (g->t.pid)
			tracer_says_hello(&g->t); /* if not, check() tells */
}

static void launch_all(void)
{
	static const char *const everything[8] = {BOTH_NETNS};

	launch(&oracle, everything);
	tracer_await_hello(&oracle);
	for (struct filter *f = filters; f < FILTERS_END; f += AT_ONCE)
		launch_some(f, f + AT_ONCE < FILTERS_END ? f + AT_ONCE : FILTERS_END);
}

static struct child process, netns, cgroup;

/* However the test ends: a cgroup goes only when its processes have gone. */
static void remove_cgroup(void)
{
	if (cgroup.pid > 0)
		child_end(&cgroup);
	rmdir(cgroup_dir);
}

/* A cgroup of the test's own, where cgroups v2 are mounted. */
static void make_cgroup(void)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	while (f && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2") && !cgroup_dir[0])
			snprintf(cgroup_dir, sizeof(cgroup_dir), "%s/tcpdwell-test-%d", m->mnt_dir,
				 getpid());
	if (f)
		endmntent(f);
	if (cgroup_dir[0] && mkdir(cgroup_dir, 0755))
		cgroup_dir[0] = '\0';
	if (has_cgroup())
		atexit(remove_cgroup);
}

static void enter_cgroup(void)
{
	char path[300];
	FILE *f;

	if (!has_cgroup())
		return;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_dir);
	f = fopen(path, "we");
	if (!f || fputs("0", f) < 0 || fclose(f))
		_exit(1);
}

/* One connection over loopback, and what is expected of it so that its end can be waited for. */
static void traffic(const struct fam *f, const char *addr, int l, long stay_ms)
{
	struct pair p;

	pair_open_at(&p, f, addr, l);
	sleep_ms(stay_ms);
	EXPECT(.name = "the whole", .lport = p.cport, .rport = p.sport,
	       .chain = "CLOSED>SYN_SEND>ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>TIMED_WAIT");
	EXPECT(.name = "the whole", .lport = p.sport, .rport = p.cport,
	       .chain = "LISTEN>SYN_RECEIVED>ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSED");
	fd_close(&p.c);
	sock_await(p.s, TCP_CLOSE_WAIT);
	pair_close(&p);
}

static void traffic_from_lone_port(void)
{
	const struct fam *f = &fams[FAM_V4];

	sysctl_set("net.ipv4.ip_local_port_range", LONE_PORT " " LONE_PORT);
	traffic(f, f->lo, sock_listen(f, f->lo), 0);
	sysctl_set("net.ipv4.ip_local_port_range", "32768 60999");
}

/* In a child, all three of them: waits, makes one connection, waits. */
static void other_process(struct child *self, void *arg)
{
	const struct fam *f = &fams[FAM_V4];

	(void)arg;
	prctl(PR_SET_NAME, "other-comm");
	child_report(self, -1);
	child_pause(self);
	traffic(f, "127.0.0.3", sock_listen(f, "127.0.0.3"), 0);
	child_report(self, -1);
	child_pause(self);
}

static void other_netns(struct child *self, void *arg)
{
	netns_new();
	other_process(self, arg);
}

/* Its socket is its cgroup's; the other end is the listener's, outside. */
static void other_cgroup(struct child *self, void *arg)
{
	int l = sock_listen(&fams[FAM_V4], "127.0.0.1"), fd;

	(void)arg;
	enter_cgroup();
	fd = sock_new(&fams[FAM_V4]);
	sock_bind(fd, &fams[FAM_V4], "127.0.0.1", 0);
	child_report(self, fd);
	child_pause(self);
	sock_connect_on(fd, &fams[FAM_V4], "127.0.0.1", sock_lport(l));
	close(fd);
	child_report(self, -1);
	child_pause(self);
}

static void setup(void)
{
	struct report r;

	snprintf(netns_here, sizeof(netns_here), "%lu", netns_inode());
	child_start(&process, other_process, NULL);
	snprintf(pid_d, sizeof(pid_d), "%d", child_hear(&process).pid);
	child_start(&netns, other_netns, NULL);
	r = child_hear(&netns);
	snprintf(netns_there, sizeof(netns_there), "%lu", r.netns);
	snprintf(path_there, sizeof(path_there), "/proc/%d/ns/net", r.pid);
	make_cgroup();
	child_start(&cgroup, other_cgroup, NULL);
	snprintf(port_e, sizeof(port_e), "%d", child_hear(&cgroup).lport);
	addr_add("lo", "fd88::5", 128);
}

static void let_run(struct child *c)
{
	child_tell(c);
	child_hear(c);
}

static void make_traffic(int la, int lb)
{
	traffic(&fams[FAM_V4], "127.0.0.2", la, STAY_MS);
	traffic(&fams[FAM_V6], "::1", lb, 0);
	traffic(&fams[FAM_V6], "fd88::5", sock_listen(&fams[FAM_V6], "fd88::5"), 0);
	traffic(&fams[FAM_MAPPED], "::ffff:127.0.0.2",
		sock_listen(&fams[FAM_MAPPED], "::ffff:127.0.0.2"), 0);
	traffic_from_lone_port();
	let_run(&process);
	let_run(&netns);
	let_run(&cgroup);
}

static const json_t *last_of_socket(const json_t *line)
{
	const json_t *other, *last = line;
	size_t i;

	for (i = 0; (other = tracer_line(&oracle, i)); i++)
		if (line_is(other, "transition") &&
		    !strcmp(line_str(other, "sk"), line_str(line, "sk")))
			last = other;
	return last;
}

/* On a slow machine small sockets end by themselves, and not all tracers see that still. */
static bool ran_out(const json_t *line)
{
	const char *reason = line_str(line, "reason");

	return !strcmp(reason, "expired") ||
	       (!strcmp(reason, "timeout") && !strcmp(line_str(line, "from"), "FIN_WAIT_2"));
}

/* What the oracle has of the same transition; NULL: nothing. */
static const json_t *as_in_oracle(const json_t *line)
{
	const json_t *other;
	size_t i;

	for (i = 0; (other = tracer_line(&oracle, i)); i++)
		if (line_is(other, "transition") &&
		    !strcmp(line_str(other, "sk"), line_str(line, "sk")) &&
		    !strcmp(line_str(other, "from"), line_str(line, "from")) &&
		    !strcmp(line_str(other, "to"), line_str(line, "to")))
			return other;
	return NULL;
}

static bool by_dwell(const struct filter *f)
{
	return f->match == lasted || f->match == waited_in_established;
}

/* Long to this tracer, and not for sure to the oracle. */
static bool may_be_shown(const struct filter *f, const json_t *line)
{
	struct facts own = {.line = line, .end = line};
	const json_t *same;

	if (!by_dwell(f) || !f->match(&own, f->match_arg))
		return false;
	same = as_in_oracle(line);
	return same && !is_sure(same);
}

static void wanted_set(const struct filter *f, struct lineset *s)
{
	const json_t *line;
	size_t i;

	s->n = 0;
	for (i = 0; (line = tracer_line(&oracle, i)); i++) {
		struct facts facts = {.line = line};

		if (!line_is(line, "transition") || ran_out(line) ||
		    (by_dwell(f) && !is_sure(line)))
			continue;
		facts.end = last_of_socket(line);
		if (f->match(&facts, f->match_arg))
			lineset_add(s, line);
	}
	lineset_sort(s);
}

static void shown_set(const struct filter *f, struct lineset *s)
{
	const json_t *line;
	size_t i;

	s->n = 0;
	for (i = 0; (line = tracer_line(&f->t, i)); i++) {
		if (!line_is(line, "transition") || ran_out(line))
			continue;
		if (!may_be_shown(f, line))
			lineset_add(s, line);
	}
	lineset_sort(s);
}

static bool compare(struct filter *f, bool tell)
{
	struct lineset want, got;
	bool good;

	wanted_set(f, &want);
	shown_set(f, &got);
	good = want.n > 0 && lineset_same(&want, &got, tell);
	if (tell)
		tap_diag("%s: %d wanted, %d shown", f->name, want.n, got.n);
	lineset_free(&want);
	lineset_free(&got);
	return good;
}

/* Before Linux 5.12 each tracer makes ids of its own: those of two are not to be compared. */
static bool own_ids(void)
{
	return *line_str(oracle.hello, "sk_ids");
}

static bool is_complete(struct tracer *t, void *arg)
{
	(void)t;
	(void)arg;
	if (own_ids())
		return true;
	tracer_poll(&oracle);
	for (struct filter *f = filters; f < FILTERS_END; f++) {
		tracer_poll(&f->t);
		if (f->t.pid && !compare(f, false))
			return false;
	}
	return true;
}

static void check(struct filter *f)
{
	bool good = compare(f, false) && !f->t.status && line_is(f->t.last, "summary") &&
		    line_int(f->t.last, "transitions") == f->t.transitions;

	if (!tap_ok(good, "%s", f->name))
		compare(f, true);
	tracer_free(&f->t);
}

/* All are stopped before any is looked at: what comes late comes to all of them. */
static void check_all(void)
{
	tracer_wait(&oracle, is_complete, NULL);
	for (struct filter *f = filters; f < FILTERS_END; f++)
		tracer_stop(&f->t);
	tracer_stop(&oracle);
	for (struct filter *f = filters; f < FILTERS_END; f++) {
		if (own_ids())
			tap_skip("this kernel gives tracers no cookies", "%s", f->name);
		else if (f->t.lines)
			check(f);
		else
			tap_skip("no cgroups v2", "%s", f->name);
	}
}

static void finish(void)
{
	expect_wait(&oracle);
	check_all();
	expect_finish(&oracle);
	tracer_free(&oracle);
	child_end(&process);
	child_end(&netns);
}

int main(void)
{
	int la, lb;

	netns_new();
	prctl(PR_SET_NAME, TEST_COMM);
	setup();
	la = sock_listen(&fams[FAM_V4], "127.0.0.2");
	lb = sock_listen(&fams[FAM_V6], "::1");
	snprintf(port_a, sizeof(port_a), "%d", sock_lport(la));
	snprintf(port_b, sizeof(port_b), "%d", sock_lport(lb));
	launch_all();
	make_traffic(la, lb);
	finish();
	return tap_done();
}
