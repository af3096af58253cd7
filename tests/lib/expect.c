// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "expect.h"
#include "netns.h"
#include "tap.h"

#define MAX_EXPECT 256

/* Where the kernel's timers tell the moment, they tell it in ticks. */
#define TICK_MS 20

/*
 * In a guest whose host is busy they come late, and all that the kernel's timers
 * measure may be as much too short: TEST_TICK_MS.
 */
static bool late_ticks(void)
{
	return getenv("TEST_TICK_MS");
}

static int64_t tick_ns(void)
{
	const char *ms = getenv("TEST_TICK_MS");

	return (ms ? strtol(ms, NULL, 10) : TICK_MS) * NS_PER_MS;
}

/* The kernel keeps a small socket for a minute, a tick more or less. */
#define SMALL_END_NS (59 * NS_PER_S)

static struct expect all[MAX_EXPECT];
static int n_all;

/* What is wrong with the connection that is looked at, a line each. */
static char wrong[4096];
static size_t wrong_len;

static void complain(const char *fmt, ...) PRINTF(1, 2);

static void complain(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(wrong + wrong_len, sizeof(wrong) - wrong_len, fmt, ap);
	va_end(ap);
	if (n > 0 && wrong_len + n + 1 < sizeof(wrong)) {
		wrong_len += n;
		wrong[wrong_len++] = '\n';
		wrong[wrong_len] = '\0';
	}
}

void expect_add(const struct expect *e)
{
	struct expect *copy = &all[n_all];

	if (n_all++ >= MAX_EXPECT)
		tap_die("too many expectations");
	*copy = *e;
	copy->name = strdup(e->name);
	if (!e->proto)
		copy->proto = "tcp";
	if (!e->netns)
		copy->netns = netns_inode();
	if (e->owner.comm)
		copy->owner.comm = strdup(e->owner.comm);
}

void expect_retransmits(uint16_t lport, uint16_t rport, unsigned int n)
{
	for (struct expect *e = all; e < all + n_all; e++) {
		if (e->lport != lport || e->rport != rport)
			continue;
		e->counted = true;
		e->retransmits = n;
	}
}

static void want_str(const json_t *line, const char *field, const char *want)
{
	const char *got = line_str(line, field);

	if (want && strcmp(got, want))
		complain("%s>%s: %s is '%s', want '%s'", line_str(line, "from"),
			 line_str(line, "to"), field, got, want);
}

static void want_int(const json_t *line, const char *field, int64_t want)
{
	int64_t got = line_int(line, field);

	if (got != want)
		complain("%s>%s: %s is %lld, want %lld", line_str(line, "from"),
			 line_str(line, "to"), field, (long long)got, (long long)want);
}

static bool to_is(const json_t *line, const char *state)
{
	return !strcmp(line_str(line, "to"), state);
}

static bool from_is(const json_t *line, const char *state)
{
	return !strcmp(line_str(line, "from"), state);
}

static bool via_is(const json_t *line, const char *via)
{
	return !strcmp(line_str(line, "via"), via);
}

/* Before SYN_SEND there is no local port; on older kernels a child has no remote one at first. */
static void check_ends(const struct expect *e, const json_t *line)
{
	const struct fam *f = e->fam;

	/* an MPTCP socket has no ends before its first subflow has */
	if (to_is(line, "SYN_SEND") && !strcmp(e->proto, "mptcp"))
		return;
	if (!to_is(line, "SYN_SEND"))
		want_int(line, "lport", e->lport);
	if (!to_is(line, "SYN_RECEIVED"))
		want_int(line, "rport", e->rport);
	want_str(line, "laddr", e->laddr ? e->laddr : f ? f->lo_json : NULL);
	if (e->rport)
		want_str(line, "raddr", e->raddr ? e->raddr : f ? f->lo_json : NULL);
}

/* A wrong owner is worse than none: none is wrong only on the last line. */
static void check_owner(const struct expect *e, const json_t *line, bool last)
{
	const struct expect_owner *o = &e->owner;

	if (!o->pid || (!last && (o->at_last || line_int(line, "owner.pid") <= 0)))
		return;
	want_int(line, "owner.pid", o->pid);
	want_int(line, "owner.tid", o->tid ? o->tid : o->pid);
	want_int(line, "owner.uid", o->uid);
	want_str(line, "owner.comm", o->comm);
}

static void check_line(const struct expect *e, const json_t *line, bool last)
{
	want_str(line, "proto", e->proto);
	want_int(line, "netns", e->netns);
	if (e->fam)
		want_int(line, "family", e->fam->family);
	if (!strlen(line_str(line, "time")) || !strlen(line_str(line, "via")))
		complain("a line without time or via");
	check_ends(e, line);
	check_owner(e, line, last);
	/* that a SYN will come from the other side is not known when this one is sent */
	if (line_get(line, "open") && (last || !to_is(line, "SYN_SEND")))
		want_str(line, "open", e->open);
}

static int64_t slack_ns(const json_t *line)
{
	return via_is(line, "tracepoint") ? NS_PER_MS : tick_ns();
}

/* Sweeps see that a small socket has gone before its time, not when. */
static bool went_unseen(const json_t *line)
{
	static const char *const known[] = {"", "expired", "timeout", "reused"};
	bool unseen = via_is(line, "sweep");

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		unseen &= strcmp(line_str(line, "reason"), known[i]) != 0;
	return unseen;
}

static bool sweeps(const struct tracer *t)
{
	return !strcmp(line_str(t->hello, "tier"), "sweep");
}

/* Not to be expected of a sweep. */
static bool is_swept(const struct expect *e, const struct tracer *t, const char *state)
{
	return e->swept && sweeps(t) && !strcmp(e->swept, state);
}

static const char *dwell_word(const struct expect *e, const struct tracer *t, const json_t *before,
			      const json_t *line)
{
	bool known = before && !(e->at_least && from_is(line, e->at_least));

	if (is_swept(e, t, line_str(line, "from")))
		return NULL;
	known |= e->exact && from_is(line, e->exact);
	return known && !went_unseen(line) ? "exact" : "at_least";
}

/* A stay lasts from one line to the next; of one that began unseen, a part is known. */
static void check_stay(const struct expect *e, const struct tracer *t, const json_t *before,
		       const json_t *line)
{
	bool first = from_is(line, "CLOSED") || to_is(line, "SYN_RECEIVED");
	int64_t dwell = line_int(line, "dwell_ns"), stay;

	if (!before && first)
		return;
	want_str(line, "dwell", dwell_word(e, t, before, line));
	if (!before)
		return;
	stay = line_int(line, "mono_ns") - line_int(before, "mono_ns");
	if (stay < 0 || llabs(stay - dwell) > slack_ns(line) + slack_ns(before))
		complain("%s: dwell_ns is %lld, but its lines are %lld apart",
			 line_str(line, "from"), (long long)dwell, (long long)stay);
}

static void check_dwell(const struct expect_dwell *d, const struct conn *c)
{
	for (int i = 0; i < c->n; i++) {
		int64_t dwell = line_int(c->line[i], "dwell_ns");
		int64_t slack = slack_ns(c->line[i]);

		/* counted from a moment that the kernel keeps in ticks */
		if (late_ticks() || !strcmp(line_str(c->line[i], "dwell"), "at_least"))
			slack = tick_ns();
		if (!from_is(c->line[i], d->state))
			continue;
		if (dwell + slack < d->ms * NS_PER_MS && !went_unseen(c->line[i]))
			complain("%s: dwell_ns is %lld, want at least %ld ms", d->state,
				 (long long)dwell, d->ms);
		if (d->max_ms && dwell - slack > d->max_ms * NS_PER_MS)
			complain("%s: dwell_ns is %lld, want at most %ld ms", d->state,
				 (long long)dwell, d->max_ms);
	}
}

static void check_totals(const struct expect *e, const struct conn *c)
{
	const json_t *line = c->line[c->n - 1];

	if (e->age_ms && line_int(line, "age_ns") < e->age_ms * NS_PER_MS)
		complain("age_ns is %lld, want at least %ld ms",
			 (long long)line_int(line, "age_ns"), e->age_ms);
	if (e->age_max_ms && line_int(line, "age_ns") > e->age_max_ms * NS_PER_MS)
		complain("age_ns is %lld, want at most %ld ms", (long long)line_int(line, "age_ns"),
			 e->age_max_ms);
	if (e->counted)
		want_int(line, "retransmits", e->retransmits);
	if (!e->totals)
		return;
	want_int(line, "bytes_sent", e->sent);
	want_int(line, "bytes_received", e->received);
	/* a machine that is slow enough makes the kernel retransmit, which counts that */
	if (line_int(line, "retransmits") > snmp_get("Tcp", "RetransSegs"))
		complain("retransmits is %lld", (long long)line_int(line, "retransmits"));
	if (line_int(line, "srtt_us") <= 0)
		complain("srtt_us is %lld", (long long)line_int(line, "srtt_us"));
}

static bool guesses(const struct expect *e, const struct tracer *t)
{
	bool timer = !strcmp(line_str(t->hello, "tier"), "timer");

	/* an id of our own (before Linux 5.12) takes the request_socks' timers in each tier */
	bool told =
		*line_str(t->hello, "sk_ids") && !strcmp(e->chain, "LISTEN>SYN_RECEIVED>CLOSED");

	return e->guess && ((sweeps(t) && !told) || (e->timer_guesses && timer));
}

static void check_reuse(const struct expect *e, const struct tracer *t, const json_t *last)
{
	struct conn next;

	if (!conn_find(t, e->proto, e->lport, e->rport, e->nth + 1, &next))
		complain("nothing has taken its place");
	else
		want_str(last, "reused_by", line_str(next.line[0], "sk"));
}

/* Is the word one of those that '|' separates? */
static bool is_one_of(const char *word, const char *words)
{
	size_t len = strlen(word);

	for (const char *w = words; w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
		if (len && !strncmp(w, word, len) && (!w[len] || w[len] == '|'))
			return true;
	return false;
}

static void check_reason(const struct expect *e, const struct tracer *t, const json_t *last)
{
	const char *want = guesses(e, t) ? e->guess : e->reason;

	if (!want || !is_one_of(line_str(last, "reason"), want))
		want_str(last, "reason", want);
}

static void check_end(const struct expect *e, const struct tracer *t, const json_t *last)
{
	check_reason(e, t, last);
	if (from_is(last, "TIMED_WAIT") && e->rearms >= 0)
		want_int(last, "rearms", e->rearms);
	if (e->reused_by_next)
		check_reuse(e, t, last);
}

static void check_conn(const struct expect *e, const struct tracer *t, const struct conn *c)
{
	const json_t *last = c->line[c->n - 1];

	if (strcmp(conn_chain(c), e->chain))
		complain("want  %s\ngot   %s", e->chain, conn_chain(c));
	for (int i = 0; i < c->n; i++) {
		check_line(e, c->line[i], i == c->n - 1);
		check_stay(e, t, i ? c->line[i - 1] : NULL, c->line[i]);
	}
	want_str(last, "open", e->open);
	want_str(last, "close", e->close);
	check_end(e, t, last);
	for (unsigned int i = 0; i < 5 && e->dwell[i].state; i++)
		if (!is_swept(e, t, e->dwell[i].state))
			check_dwell(&e->dwell[i], c);
	check_totals(e, c);
}

/*
 * On a slow machine a test may take longer than the minute after which the
 * kernel ends a small socket: a scenario that leaves one has not failed then.
 */
static bool ran_out(const struct expect *e, const struct conn *c)
{
	const json_t *last = c->n > 1 ? c->line[c->n - 1] : NULL;
	const char *end = e->chain ? strrchr(e->chain, '>') + 1 : "";

	if (!last || !to_is(last, "CLOSED") || !from_is(last, end))
		return false;
	if (strcmp(end, "TIMED_WAIT") != 0 && strcmp(end, "FIN_WAIT_2") != 0)
		return false;
	return line_int(last, "dwell_ns") >= SMALL_END_NS;
}

static bool find(const struct tracer *t, const struct expect *e, struct conn *c)
{
	bool found = conn_find(t, e->proto, e->lport, e->rport, e->nth, c);

	if (found && !e->absent && ran_out(e, c))
		c->n--;
	return found;
}

static void check(const struct tracer *t, const struct expect *e, const char *label)
{
	struct conn c;
	bool found = find(t, e, &c);

	wrong_len = 0;
	wrong[0] = '\0';
	if (found && e->absent)
		complain("want no transition");
	else if (found)
		check_conn(e, t, &c);
	else if (!e->absent)
		complain("no transition, want %s", e->chain);
	if (tap_ok(!wrong_len, "%s%s%s%s", label, e->fam ? e->fam->name : "", e->fam ? ": " : "",
		   e->name))
		return;
	tap_diag("port %d to %d:\n%s", e->lport, e->rport, wrong);
	if (found)
		conn_show(&c);
}

/* Looking at all takes time: only when there is more to look at. */
struct wanted {
	const char *state; /* NULL: each one's last */
	size_t seen;
};

static bool nothing_new(const struct tracer *t, struct wanted *w)
{
	size_t n = json_array_size(t->lines);
	bool same = n == w->seen;

	w->seen = n;
	return same && n;
}

static bool all_came(struct tracer *t, void *arg)
{
	if (nothing_new(t, arg))
		return false;
	for (int i = 0; i < n_all; i++) {
		const char *end = all[i].absent ? NULL : strrchr(all[i].chain, '>') + 1;
		struct conn c;

		if (end && (!find(t, &all[i], &c) || !to_is(c.line[c.n - 1], end)))
			return false;
	}
	return true;
}

bool expect_wait(struct tracer *t)
{
	struct wanted w = {NULL, 0};

	return tracer_wait(t, all_came, &w);
}

static bool entered(const struct conn *c, const char *state)
{
	for (int i = 0; i < c->n; i++)
		if (to_is(c->line[i], state))
			return true;
	return false;
}

static bool all_entered(struct tracer *t, void *arg)
{
	struct wanted *w = arg;

	if (nothing_new(t, w))
		return false;
	for (int i = 0; i < n_all; i++) {
		struct conn c;

		if (all[i].absent || !strstr(all[i].chain, w->state))
			continue;
		if (!find(t, &all[i], &c) || !entered(&c, w->state))
			return false;
	}
	return true;
}

bool expect_wait_state(struct tracer *t, const char *state)
{
	struct wanted w = {state, 0};

	return tracer_wait(t, all_entered, &w);
}

void expect_check(const struct tracer *t, const char *label)
{
	for (int i = 0; i < n_all; i++)
		check(t, &all[i], label);
}

void expect_forget(void)
{
	n_all = 0;
}

void expect_finish(struct tracer *t)
{
	/* on failure the checks say what is missing */
	expect_wait(t);
	tracer_end(t);
	expect_check(t, "");
	expect_forget();
}
