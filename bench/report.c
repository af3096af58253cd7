// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * report [TRANSITIONS]: a recording of so many transitions (10 million) is made
 * up, and reports of it are timed.  Of 1000 connections at a time, from 50,000
 * addresses to 40 processes, each 20th is reset.  Prints; never fails on a figure.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/subject.h"
#include "rec/recorder.h"

#define AT_ONCE 1000
#define STEP_NS 5000
#define PEERS 50000
#define PROCESSES 40
#define GOAL_S 10
#define GOAL_OF 10000000UL
#define GOAL_MIB 512

static char dir[] = "/tmp/tcpdwell-report-XXXXXX";
static char file[sizeof(dir) + 8];

static const struct form {
	const char *title, *option;
} forms[] = {
	{"report (HTML)", "--names=article"},
	{"report --json", "--json"},
	{"report --perfetto", "--perfetto"},
};

struct maker {
	struct recorder rec;
	struct model model;
	__u64 now_ns;
	__u64 next_cookie;
	struct live {
		__u64 cookie, since_ns;
		unsigned int at; /* in the life */
	} live[AT_ONCE];
	unsigned long told;
};

static __u64 clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static struct sock_ident ident_of(__u64 cookie, __u64 now_ns)
{
	__u32 peer = (cookie * 2654435761U) % PEERS;
	struct sock_ident id = {
		.laddr = {[10] = 0xff, 0xff, 10, 0, 0, 1},
		.raddr = {[10] = 0xff, 0xff, 10, 1 + peer / 65536, peer / 256 % 256, peer % 256},
		.lport = 8080,
		.rport = 1024 + cookie % 60000,
		.netns = 4026531840U,
		.family = 4,
		.born_ns = now_ns,
		.owner = {.pid = 1000 + cookie % PROCESSES, .how = OWNER_LISTENER},
	};

	snprintf(id.owner.comm, sizeof(id.owner.comm), "server-%u",
		 (unsigned int)(cookie % PROCESSES));
	return id;
}

/* The life of what a server accepts, and a reset in its middle for some. */
static const __u8 life[] = {ST_LISTEN,	   ST_SYN_RECV, ST_ESTABLISHED,
			    ST_CLOSE_WAIT, ST_LAST_ACK, ST_CLOSE};

static struct rec_step step_of(struct maker *m, struct live *c)
{
	bool reset = c->cookie % 20 == 0 && life[c->at] == ST_ESTABLISHED;
	struct rec_step step = {
		.from = life[c->at],
		.to = reset ? ST_CLOSE : life[c->at + 1],
		.flags = c->at ? reset ? STEP_RST_IN : 0 : STEP_FIRST,
		.lport = 8080,
		.roles = ROLES(ROLE_PASSIVE, c->at > 2 ? ROLE_PASSIVE : 0),
		.cookie = c->cookie,
		.mono_ns = m->now_ns,
		.dwell_ns = c->at ? m->now_ns - c->since_ns : 0,
	};

	c->at++;
	c->since_ns = m->now_ns;
	return step;
}

static void tell(struct maker *m, struct live *c)
{
	struct rec_open open;
	struct rec_end end;

	if (!c->cookie)
		*c = (struct live){.cookie = ++m->next_cookie};
	m->now_ns += STEP_NS;
	m->told++;
	if (!c->at) {
		open = (struct rec_open){step_of(m, c), ident_of(c->cookie, m->now_ns)};
		open.step.kind = REC_OPEN;
		recorder_record(&m->rec, &open, sizeof(open));
		return;
	}
	end = (struct rec_end){.step = step_of(m, c),
			       .end = {.bytes_sent = c->cookie % 100000, .bytes_received = 300}};
	if (end.step.to == ST_CLOSE) {
		end.step.kind = REC_END;
		end.end.sk_err = end.step.flags & STEP_RST_IN ? 104 : 0; /* ECONNRESET */
		c->cookie = 0;
	}
	recorder_record(&m->rec, &end, end.step.kind == REC_END ? sizeof(end) : sizeof(end.step));
}

static bool make(struct maker *m, unsigned long transitions)
{
	struct writer_options o = {.path = file};
	struct rec_meta meta = {.jiffy_ns = 4000000, .small_source = SMALL_RECORDS};
	__u64 seed = 1;

	strcpy(meta.version, TCPDWELL_VERSION);
	strcpy(meta.kernel, "made up");
	strcpy(meta.tier, "timer");
	m->now_ns = clock_ns();
	meta.start_ns = m->now_ns;
	if (model_init(&m->model) || recorder_open(&m->rec, &o, &meta, NULL, 0, &m->model))
		return false;
	recorder_at(&m->rec, EV_HELLO, m->now_ns, 1, 0);
	while (m->told < transitions) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		tell(m, &m->live[(seed >> 33) % AT_ONCE]);
	}
	recorder_at(&m->rec, EV_SETTLE, m->now_ns, 0, 0);
	recorder_at(&m->rec, EV_SUMMARY, m->now_ns, m->now_ns - meta.start_ns, 0);
	model_free(&m->model);
	return !recorder_close(&m->rec);
}

static bool measure(const struct form *f, double *seconds, double *cpu, double *mib)
{
	const char *argv[] = {beside("../tcpdwell"), "report", f->option, file, NULL};
	__u64 began_ns = clock_ns();
	struct rusage use;
	int status, null;
	pid_t pid = fork();

	if (!pid) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, STDOUT_FILENO);
		execv(argv[0], (char **)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid || status)
		return false;
	*seconds = (clock_ns() - began_ns) / 1e9;
	*cpu = use.ru_utime.tv_sec + use.ru_utime.tv_usec / 1e6 + use.ru_stime.tv_sec +
	       use.ru_stime.tv_usec / 1e6;
	*mib = use.ru_maxrss / 1024.0;
	return true;
}

static void print(unsigned long transitions)
{
	double seconds, cpu, mib;
	bool met = false;

	printf("\nreports of %lu transitions\n\n%-24s %10s %14s %10s\n", transitions, "", "seconds",
	       "of CPU time", "MiB");
	for (unsigned int i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (!measure(&forms[i], &seconds, &cpu, &mib)) {
			printf("%-24s failed\n", forms[i].title);
			continue;
		}
		printf("%-24s %10.2f %14.2f %10.1f\n", forms[i].title, seconds, cpu, mib);
		if (!i)
			met = seconds < GOAL_S && mib < GOAL_MIB;
	}
	if (transitions >= GOAL_OF)
		printf("\ngoal: the page in %d s and %d MiB: %s\n", GOAL_S, GOAL_MIB,
		       met ? "met" : "not met");
}

int main(int argc, char **argv)
{
	unsigned long transitions = argc > 1 ? strtoul(argv[1], NULL, 10) : GOAL_OF;
	struct maker *m = calloc(1, sizeof(*m));

	if (!m || !mkdtemp(dir)) {
		perror(dir);
		free(m);
		return 1;
	}
	snprintf(file, sizeof(file), "%s/rec", dir);
	if (make(m, transitions))
		print(transitions);
	else
		puts("report: no recording could be made");
	unlink(file);
	rmdir(dir);
	free(m);
	return 0;
}
