// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For instruction counts, which do not depend on how busy the machine is.
 *
 *	counts feed none|json|text CONNECTIONS   a fixed stream of records, told to the model
 *	counts programs TCPDWELL                 what the verifier and the JIT made of each program
 *
 * The first prints the transitions that were told; bench/counts.sh runs it under
 * callgrind.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/census.h"
#include "kern/holders.h"
#include "model/model.h"
#include "out/out.h"
#include "proc.h"
#include "progs.h"

#define STEP_NS 20000
#define BATCH 256	/* records, as the reader takes them */
#define SMALL_KEPT 2000 /* small sockets at a time */
#define TW_NS 60000000000LL

static struct model model;
static __u64 now_ns = 1000000000000ULL;

static void take(const void *rec, size_t size)
{
	static unsigned int n;

	if (model_record(&model, rec, size)) {
		fputs("counts: the model does not take a record\n", stderr);
		exit(1);
	}
	if (++n % BATCH == 0)
		model_flush(&model);
	now_ns += STEP_NS;
}

static struct rec_step step_of(__u64 cookie, unsigned int from, unsigned int to)
{
	return (struct rec_step){
		.from = from,
		.to = to,
		.lport = cookie & 1 ? 7411 : 10000 + cookie / 2 % 50000,
		.cookie = cookie,
		.mono_ns = now_ns,
		.dwell_ns = STEP_NS,
		.roles = ROLES(cookie & 1 ? ROLE_PASSIVE : ROLE_ACTIVE, 0),
	};
}

static void step(__u64 cookie, unsigned int from, unsigned int to)
{
	struct rec_step r = step_of(cookie, from, to);

	take(&r, sizeof(r));
}

static void opens(__u64 cookie, unsigned int from, unsigned int to)
{
	struct rec_open r = {.step = step_of(cookie, from, to)};
	struct sock_ident *id = &r.ident;

	r.step.kind = REC_OPEN;
	r.step.flags = STEP_FIRST;
	r.step.dwell_ns = 0;
	id->laddr[10] = id->laddr[11] = id->raddr[10] = id->raddr[11] = 0xff;
	id->laddr[12] = id->raddr[12] = 127;
	id->laddr[15] = id->raddr[15] = 1;
	id->lport = r.step.lport;
	id->rport = cookie & 1 ? 10000 + cookie / 2 % 50000 : 7411;
	id->netns = 4026531840U;
	id->family = 4;
	id->cgroup = 1;
	id->born_ns = now_ns;
	id->owner =
		(struct sock_owner){.pid = 4711, .tid = 4711, .how = OWNER_OPEN, .comm = "storm"};
	take(&r, sizeof(r));
}

static void ends(__u64 cookie, unsigned int from)
{
	struct rec_end r = {.step = step_of(cookie, from, ST_CLOSE),
			    .end = {.bytes_sent = 1000, .age_ns = 100000, .srtt_us = 50}};

	r.step.kind = REC_END;
	take(&r, sizeof(r));
}

static void small(__u64 cookie, unsigned int what, __s64 left_ns)
{
	struct rec_small r = {.kind = REC_SMALL,
			      .what = what,
			      .substate = ST_TIME_WAIT,
			      .via = VIA_TIMER,
			      .cookie = cookie,
			      .mono_ns = now_ns,
			      .left_ns = left_ns};

	take(&r, sizeof(r));
}

/* Both ends, and the end of a small socket from before. */
static void connection(unsigned long i)
{
	__u64 client = 1000000 + 2 * i, server = client + 1;

	opens(client, ST_CLOSE, ST_SYN_SENT);
	opens(server, ST_LISTEN, ST_SYN_RECV);
	step(client, ST_SYN_SENT, ST_ESTABLISHED);
	step(server, ST_SYN_RECV, ST_ESTABLISHED);
	step(client, ST_ESTABLISHED, ST_FIN_WAIT1);
	step(server, ST_ESTABLISHED, ST_CLOSE_WAIT);
	step(client, ST_FIN_WAIT1, ST_FIN_WAIT2);
	step(server, ST_CLOSE_WAIT, ST_LAST_ACK);
	small(client, SMALL_BORN, TW_NS);
	ends(client, ST_FIN_WAIT2);
	ends(server, ST_LAST_ACK);
	if (i >= SMALL_KEPT)
		small(client - 2ULL * SMALL_KEPT, SMALL_EXPIRED, 0);
}

static struct sink *sink_of(const char *name)
{
	struct out_options o = {.fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .talk_fd = -1};

	if (!strcmp(name, "json"))
		return json_sink_new(&o);
	if (!strcmp(name, "text"))
		return text_sink_new(&o);
	return NULL;
}

static int feed(const char *sink, unsigned long connections)
{
	struct sink *s = sink_of(sink);

	if (model_init(&model))
		return 1;
	model.small_source = SMALL_RECORDS;
	if (s)
		model_add_sink(&model, s);
	model_hello(&model, &(struct hello){.mono_ns = now_ns, .version = "0", .kernel = "0"});
	for (unsigned long i = 0; i < connections; i++)
		connection(i);
	model_flush(&model);
	printf("%llu\n", (unsigned long long)model.sum.transitions);
	return 0;
}

static unsigned int print_programs(pid_t pid)
{
	struct progs progs;

	progs_of(pid, &progs);
	for (unsigned int i = 0; i < progs.n; i++)
		printf("%s %u %u\n", progs.prog[i].name, progs.prog[i].verified,
		       progs.prog[i].jited_len);
	return progs.n;
}

/* Of a command that stays. */
static int programs_of(const char *tcpdwell, const char *command)
{
	const char *const argv[] = {tcpdwell, command, "--json", NULL};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	unsigned int n;
	struct proc p;

	if (proc_start(&p, argv, null, null))
		return 1;
	proc_settle(&p, 500, 20000);
	n = print_programs(p.pid);
	proc_stop(&p);
	close(null);
	return n ? 0 : 1;
}

static void no_row(void *ctx, const struct row_sock *row)
{
	(void)ctx;
	(void)row;
}

/* Those of list and holders, which are over at once, are loaded here. */
static int programs_here(void)
{
	struct filter none = {0};
	struct holders holders;
	struct census census;
	unsigned int n = 0;

	if (census_open(&census, &none))
		return 1;
	if (!holders_open(&holders)) {
		if (!census_read(&census, no_row, NULL))
			n = print_programs(getpid());
		holders_close(&holders);
	}
	census_close(&census);
	return n ? 0 : 1;
}

static int programs(const char *tcpdwell)
{
	return programs_of(tcpdwell, "trace") || programs_of(tcpdwell, "hist") || programs_here();
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "feed"))
		return feed(argv[2], strtoul(argv[3], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "programs"))
		return programs(argv[2]);
	fputs("usage: counts feed none|json|text CONNECTIONS | counts programs TCPDWELL\n", stderr);
	return 2;
}
