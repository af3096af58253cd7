// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Many connections as fast as they come.  What is shown agrees exactly with
 * the kernel's own counters of the namespace, and each socket's chain is
 * unbroken.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"
#include "tracer.h"

#define CONNECTIONS 20000
#define LISTENERS 4
/* Between two looks at the output, which would fill a small machine's memory. */
#define BURST 1000

#define TIMED_WAIT_MS 60000

#define SLOTS (1 << 18)
#define NAME_LEN 16

static const char *const steps[] = {
	"CLOSED>LISTEN",	  "LISTEN>CLOSED",	    "CLOSED>SYN_SEND",
	"SYN_SEND>ESTABLISHED",	  "LISTEN>SYN_RECEIVED",    "SYN_RECEIVED>ESTABLISHED",
	"ESTABLISHED>FIN_WAIT_1", "ESTABLISHED>CLOSE_WAIT", "FIN_WAIT_1>FIN_WAIT_2",
	"FIN_WAIT_1>CLOSING",	  "FIN_WAIT_2>TIMED_WAIT",  "CLOSING>TIMED_WAIT",
	"CLOSE_WAIT>LAST_ACK",	  "LAST_ACK>CLOSED",	    "TIMED_WAIT>CLOSED",
};

#define STEPS (sizeof(steps) / sizeof(*steps))

/* Where each socket is; hashed by cookie, never removed. */
struct slot {
	uint64_t sk;
	char state[NAME_LEN];
};

struct storm {
	struct slot *slots;
	long count[STEPS];
	long illegal, broken, lost;
};

static struct storm storm;

static struct slot *slot_of(uint64_t sk)
{
	uint64_t i = sk * 0x9e3779b97f4a7c15ULL >> 46;

	while (storm.slots[i].sk && storm.slots[i].sk != sk)
		i = (i + 1) % SLOTS;
	storm.slots[i].sk = sk;
	return &storm.slots[i];
}

static void count_step(const char *from, const char *to)
{
	size_t len = strlen(from);

	for (size_t i = 0; i < STEPS; i++) {
		if (strncmp(steps[i], from, len) || steps[i][len] != '>' ||
		    strcmp(steps[i] + len + 1, to))
			continue;
		storm.count[i]++;
		return;
	}
	if (storm.illegal++ < 5)
		tap_diag("no such transition: %s>%s", from, to);
}

static void follow(uint64_t sk, const char *from, const char *to)
{
	struct slot *s = slot_of(sk);
	bool begins = !strcmp(from, "CLOSED") || !strcmp(to, "SYN_RECEIVED");

	if ((s->state[0] ? strcmp(s->state, from) : !begins) && storm.broken++ < 5)
		tap_diag("%llx: in %s, but it leaves %s for %s", (unsigned long long)sk,
			 s->state[0] ? s->state : "nothing", from, to);
	memset(s->state, 0, sizeof(s->state));
	strncpy(s->state, to, sizeof(s->state) - 1);
}

/* Looks at each line and keeps none. */
static bool look(struct tracer *t, json_t *line, void *arg)
{
	(void)t;
	(void)arg;
	storm.lost += line_is(line, "lost");
	if (!line_is(line, "transition"))
		return false;
	count_step(line_str(line, "from"), line_str(line, "to"));
	follow(strtoull(line_str(line, "sk"), NULL, 16), line_str(line, "from"),
	       line_str(line, "to"));
	return false;
}

static long shown(const char *step)
{
	for (size_t i = 0; i < STEPS; i++)
		if (!strcmp(steps[i], step))
			return storm.count[i];
	return -1;
}

static long entered_timed_wait(void)
{
	return shown("FIN_WAIT_2>TIMED_WAIT") + shown("CLOSING>TIMED_WAIT");
}

static long ended(void)
{
	return entered_timed_wait() + shown("LAST_ACK>CLOSED");
}

/* Every second one is closed by the server first. */
static void one(const struct fam *f, int l, int i)
{
	struct pair p;

	pair_open_at(&p, f, f->lo, l);
	close(i % 2 ? p.c : p.s);
	close(i % 2 ? p.s : p.c);
}

static void run(struct tracer *t)
{
	int l[LISTENERS];

	for (int i = 0; i < LISTENERS; i++)
		l[i] = sock_listen(&fams[i % FAM_COUNT], fams[i % FAM_COUNT].lo);
	for (int i = 0; i < CONNECTIONS; i++) {
		one(&fams[i % LISTENERS % FAM_COUNT], l[i % LISTENERS], i);
		if (i % BURST == BURST - 1)
			tracer_poll(t);
	}
	for (int i = 0; i < LISTENERS; i++)
		close(l[i]);
}

/* Linux 5.10 counts a TIMED_WAIT when its time is up, and not at all when it ends earlier. */
static bool counted_at_its_end(void)
{
	return snmp_get("TcpExt", "TW") < sockstat_get("TCP", "tw");
}

/* The small sockets that were and are no more. */
static long long left_timed_wait(void)
{
	long long there = sockstat_get("TCP", "tw");

	return (counted_at_its_end() ? entered_timed_wait() : snmp_get("TcpExt", "TW")) - there;
}

static bool all_ended(struct tracer *t, void *arg)
{
	(void)t;
	(void)arg;
	return ended() >= 2 * CONNECTIONS && shown("LISTEN>CLOSED") == LISTENERS &&
	       shown("TIMED_WAIT>CLOSED") >= left_timed_wait();
}

static void check_kernel(void)
{
	tap_is(snmp_get("Tcp", "ActiveOpens"), CONNECTIONS, "the kernel counts all active opens");
	tap_is(snmp_get("Tcp", "PassiveOpens"), CONNECTIONS, "the kernel counts all passive opens");
	tap_is(snmp_get("Tcp", "EstabResets"), 0, "the kernel counts no reset");
	tap_is(snmp_get("TcpExt", "TCPTimeWaitOverflow"), 0, "there was room for each TIMED_WAIT");
}

/* A server's TIMED_WAIT ends early when a client comes from the same port again. */
static void check_reused(int64_t start_ms, long long left)
{
	if (clock_ms() - start_ms > TIMED_WAIT_MS)
		tap_skip("it took too long: some have expired", "TIMED_WAIT left");
	else
		tap_is(shown("TIMED_WAIT>CLOSED"), left,
		       "TIMED_WAIT left, as the kernel counts it");
}

static void check_shown(void)
{
	tap_is(shown("CLOSED>SYN_SEND"), snmp_get("Tcp", "ActiveOpens"), "active opens");
	tap_is(shown("SYN_SEND>ESTABLISHED"), CONNECTIONS, "active opens completed");
	tap_is(shown("LISTEN>SYN_RECEIVED"), snmp_get("Tcp", "PassiveOpens"), "passive opens");
	tap_is(shown("SYN_RECEIVED>ESTABLISHED"), CONNECTIONS, "passive opens completed");
	tap_is(shown("ESTABLISHED>FIN_WAIT_1") + shown("ESTABLISHED>CLOSE_WAIT"), 2 * CONNECTIONS,
	       "each end has been closed");
	tap_is(shown("CLOSE_WAIT>LAST_ACK"), shown("LAST_ACK>CLOSED"), "passive closes completed");
	if (counted_at_its_end())
		tap_skip("this kernel counts its end", "TIMED_WAIT entered");
	else
		tap_is(entered_timed_wait(), snmp_get("TcpExt", "TW"),
		       "TIMED_WAIT entered, as the kernel counts it");
	tap_is(ended(), 2 * CONNECTIONS, "each connection ended");
	tap_is(shown("CLOSED>LISTEN"), LISTENERS, "listeners opened");
	tap_is(shown("LISTEN>CLOSED"), LISTENERS, "listeners closed");
	tap_is(storm.illegal, 0, "only transitions of an orderly connection");
	tap_is(storm.broken, 0, "each transition leaves the state that the one before entered");
	tap_is(storm.lost, 0, "no word of a loss");
}

int main(void)
{
	struct tracer t = TRACER_INIT;
	long long left;
	int64_t start;

	storm.slots = calloc(SLOTS, sizeof(*storm.slots));
	netns_new();
	t.sink = look;
	tracer_start(&t, NULL);
	start = clock_ms();
	run(&t);
	tap_diag("%d connections in %lld ms", CONNECTIONS, (long long)(clock_ms() - start));
	tracer_wait(&t, all_ended, NULL);
	left = left_timed_wait();
	tracer_end(&t);
	check_kernel();
	check_shown();
	check_reused(start, left);
	tracer_free(&t);
	free(storm.slots);
	return tap_done();
}
