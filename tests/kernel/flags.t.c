// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Alerts: raised while a socket is still stuck, resolved when it moves on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "expect.h"
#include "netns.h"
#include "sock.h"
#include "tap.h"

#define CLOSE_WAIT_MS 300
#define ESTABLISHED_MS 700
/* Well within either. */
#define SHORT_MS 50
/* Beyond either. */
#define LONG_MS 1000

#define ME                      \
	{                       \
		.pid = getpid() \
	}

static struct tracer t = TRACER_INIT;

/* What to look for. */
struct alert {
	uint16_t lport, rport;
	const char *state;
	const char *status;
};

static const json_t *find_alert(const struct alert *a, int nth)
{
	const json_t *line;

	for (size_t i = 0; (line = tracer_line(&t, i)); i++)
		if (line_is(line, "alert") && line_int(line, "lport") == a->lport &&
		    line_int(line, "rport") == a->rport &&
		    !strcmp(line_str(line, "state"), a->state) &&
		    !strcmp(line_str(line, "status"), a->status) && nth-- == 0)
			return line;
	return NULL;
}

static bool has_alert(struct tracer *unused, void *arg)
{
	(void)unused;
	return find_alert(arg, 0);
}

static void show_alerts(const struct alert *a)
{
	const json_t *line;

	for (size_t i = 0; (line = tracer_line(&t, i)); i++) {
		char *text;

		if (!line_is(line, "alert") || line_int(line, "lport") != a->lport)
			continue;
		text = json_dumps(line, JSON_COMPACT);
		tap_diag("  %s", text);
		free(text);
	}
}

/* It comes while the socket is still there, and says how long it has been. */
static void check_raised(const struct fam *f, const struct alert *a, long threshold_ms)
{
	const json_t *line;
	bool good;

	tracer_wait(&t, has_alert, (void *)a);
	line = find_alert(a, 0);
	good = line && line_int(line, "threshold_ns") == threshold_ms * NS_PER_MS &&
	       line_int(line, "dwell_ns") >= threshold_ms * NS_PER_MS &&
	       line_int(line, "owner.pid") == getpid() && strlen(line_str(line, "rule")) &&
	       !strcmp(line_str(line, "laddr"), f->lo_json) && strlen(line_str(line, "sk"));
	if (!tap_ok(good, "%s: %s is too long: %s", f->name, a->state, a->status))
		show_alerts(a);
}

static void check_count(const struct fam *f, const struct alert *a, int want, const char *why)
{
	int n = 0;

	while (find_alert(a, n))
		n++;
	if (!tap_is(n, want, "%s: %s, %s: %s", f->name, a->state, a->status, why))
		show_alerts(a);
}

static struct alert as(const struct alert *a, const char *status)
{
	struct alert other = *a;

	other.status = status;
	return other;
}

static void check_firing_then_resolved(const struct fam *f, const struct alert *a, long ms)
{
	struct alert firing = as(a, "firing"), resolved = as(a, "resolved");

	check_raised(f, &resolved, ms);
	check_count(f, &firing, 1, "once");
	check_count(f, &resolved, 1, "once");
}

/* The alert is waited for with the socket still open: it can't be told from its end. */
static void stuck(const struct fam *f, struct pair *p, const char *why)
{
	struct alert a = {p->sport, p->cport, "CLOSE_WAIT", "firing"};

	tap_diag("%s: %s", f->name, why);
	check_raised(f, &a, CLOSE_WAIT_MS);
	sleep_ms(SHORT_MS);
	close(p->s);
	check_firing_then_resolved(f, &a, CLOSE_WAIT_MS);
}

static void idle(const struct fam *f)
{
	struct alert a = {.state = "ESTABLISHED", .status = "firing"};
	struct pair p;

	pair_open(&p, f);
	a.lport = p.cport;
	a.rport = p.sport;
	check_raised(f, &a, ESTABLISHED_MS);
	pair_close(&p);
	check_firing_then_resolved(f, &a, ESTABLISHED_MS);
}

/* Not one word of a socket that leaves in time, not even later. */
static struct alert in_time(const struct fam *f)
{
	struct pair p;

	pair_open(&p, f);
	sleep_ms(SHORT_MS);
	close(p.c);
	sock_await(p.s, TCP_CLOSE_WAIT);
	sleep_ms(SHORT_MS);
	close(p.s);
	close(p.l);
	return (struct alert){p.sport, p.cport, "CLOSE_WAIT", "firing"};
}

static void check_silent(const struct fam *f, const struct alert *a)
{
	static const char *const states[] = {"CLOSE_WAIT", "ESTABLISHED"};
	static const char *const statuses[] = {"firing", "resolved"};

	for (int i = 0; i < 4; i++) {
		struct alert one = {a->lport, a->rport, states[i % 2], statuses[i / 2]};

		check_count(f, &one, 0, "not for one that left in time");
	}
}

static void leak(struct pair *p, const struct fam *f)
{
	pair_open(p, f);
	close(p->c);
	sock_await(p->s, TCP_CLOSE_WAIT);
	close(p->l);
}

/* Two stays of one socket are two alerts. */
static void twice(const struct fam *f)
{
	struct alert first = {.state = "ESTABLISHED", .status = "firing"}, second;
	int l = sock_listen(f, f->lo), fd = sock_new(f);

	first.rport = sock_lport(l);
	sock_connect_on(fd, f, f->lo, first.rport);
	first.lport = sock_lport(fd);
	check_raised(f, &first, ESTABLISHED_MS);
	sock_disconnect(fd);
	check_firing_then_resolved(f, &first, ESTABLISHED_MS);
	sock_connect_on(fd, f, f->lo, first.rport);
	second = first;
	second.lport = sock_lport(fd);
	if (second.lport != first.lport)
		check_raised(f, &second, ESTABLISHED_MS);
	close(fd);
	close(l);
}

/* The line that ends a long stay is marked; the alert's dwell grows until it is resolved. */
static void check_order(const struct fam *f, const struct alert *a)
{
	struct alert firing = as(a, "firing"), resolved = as(a, "resolved");
	const json_t *begin = find_alert(&firing, 0), *end = find_alert(&resolved, 0);

	tap_ok(begin && end && line_int(begin, "dwell_ns") < line_int(end, "dwell_ns"),
	       "%s: its dwell has grown when it is resolved", f->name);
}

int main(void)
{
	struct pair before[FAM_COUNT], now;
	struct alert quick[FAM_COUNT];

	netns_new();
	for (int i = 0; i < FAM_COUNT; i++)
		leak(&before[i], &fams[i]);
	sleep_ms(LONG_MS);
	tracer_start(&t, "--max", "CLOSE_WAIT=300ms", "--max", "established=700ms", NULL);
	for (int i = 0; i < FAM_COUNT; i++) {
		const struct fam *f = &fams[i];
		struct alert a = {.state = "CLOSE_WAIT"};

		quick[i] = in_time(f);
		stuck(f, &before[i], "a socket from before the start");
		leak(&now, f);
		stuck(f, &now, "a socket from after the start");
		a.lport = now.sport;
		a.rport = now.cport;
		check_order(f, &a);
		idle(f);
	}
	twice(&fams[FAM_V4]);
	sleep_ms(LONG_MS);
	tracer_end(&t);
	for (int i = 0; i < FAM_COUNT; i++)
		check_silent(&fams[i], &quick[i]);
	tracer_free(&t);
	return tap_done();
}
