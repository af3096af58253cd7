// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Measures what tracing costs: ours, an empty program, and the peers, under the
 * same storms of connections.  Each is run once a round, between two storms
 * without a tracer.  Prints; never fails on a figure.
 */
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/measure.h"
#include "lib/others.h"
#include "lib/result.h"
#include "lib/sweep.h"
#include "util/parse.h"

#define SCENARIOS_MAX 16
#define SWEEP_ROUNDS 7

struct options {
	struct setting set;
	const struct scenario *scenario[SCENARIOS_MAX];
	unsigned int n_scenarios;
	bool only[SUBJECTS], any_only;
	bool programs;
	const char *json, *plot;
	const char *tmp;
	unsigned long sweep_sockets;
	long patience_s;
};

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("bench: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

static bool untraced(const struct plan *plan, struct result *r, struct sample *s)
{
	int err = measure_untraced(plan, s);

	if (err) {
		say("the storm: %s", strerror(-err));
		return false;
	}
	if (r) {
		series_add(&r->rate, s->rate);
		series_add(&r->quiet_ns, s->quiet_ns);
	}
	return true;
}

/* The order turns from round to round: nothing always comes after the same one. */
static bool one_round(const struct plan *plan, struct result *r, unsigned int no)
{
	struct sample before, after, s;

	if (!untraced(plan, r, &before))
		return false;
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		struct row *row = &r->row[(i + no * 2) % SUBJECTS];

		if (!row->subject || row->skip)
			continue;
		row->skip = measure(plan, row->subject, &s);
		if (!untraced(plan, r, &after))
			return false;
		if (row->skip)
			say("%s: %s", row->subject->title, row->skip);
		else
			result_add(row, &s, &before, &after);
		before = after;
	}
	return true;
}

static void choose_rows(const struct options *o, struct result *r)
{
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		if (o->any_only && !o->only[i])
			continue;
		r->row[i].subject = &subjects[i];
		subject_find(&subjects[i], &r->row[i].skip);
		if (r->row[i].skip)
			say("%s: %s, left out", subjects[i].title, r->row[i].skip);
	}
}

static bool run_rounds(const struct options *o, const struct plan *plan, struct result *r)
{
	const char *title = r->scenario->title;
	struct sample warm_up;

	say("%s: warm-up", title);
	if (!untraced(plan, NULL, &warm_up))
		return false;
	for (unsigned int i = 0; i < o->set.rounds; i++) {
		say("%s: round %u of %u", title, i + 1, o->set.rounds);
		if (!one_round(plan, r, i))
			return false;
		r->n_rounds++;
	}
	return true;
}

static bool run_scenario(const struct options *o, const struct scenario *scenario, struct result *r)
{
	struct plan plan = {.scenario = scenario, .connections = o->set.connections, .dir = o->tmp};
	struct load held;
	int err = load_hold(&held, scenario);
	bool good;

	r->scenario = scenario;
	choose_rows(o, r);
	if (err) {
		say("connections to hold: %s", strerror(-err));
		return false;
	}
	good = run_rounds(o, &plan, r);
	load_close(&held);
	return good;
}

static void print_scenario(const struct options *o, const struct result *r)
{
	unsigned int storms, disturbed = others_disturbed(&storms);

	table_print(stdout, r);
	if (disturbed)
		printf("\n%u of %u storms so far ran beside tracers of others: the figures are not "
		       "those of an idle machine\n",
		       disturbed, storms);
	if (o->programs)
		table_programs(stdout, r);
	if (!o->any_only)
		targets_print(stdout, r);
	fflush(stdout);
}

static struct sweep *run_sweep(const struct options *o)
{
	static struct sweep sweep;
	int err;

	if (!o->sweep_sockets)
		return NULL;
	say("%lu sockets in TIMED_WAIT", o->sweep_sockets);
	err = sweep_measure(o->sweep_sockets, SWEEP_ROUNDS, &sweep);
	if (err) {
		say("the sweep: %s", strerror(-err));
		return NULL;
	}
	sweep_print(stdout, &sweep);
	return &sweep;
}

static int write_plot(const struct options *o, const struct result *r)
{
	FILE *f;

	if (!o->plot)
		return 0;
	f = fopen(o->plot, "we");
	if (!f) {
		say("%s: %s", o->plot, strerror(errno));
		return 1;
	}
	plot_print(f, r);
	return fclose(f) ? 1 : 0;
}

static int write_json(const struct options *o, const struct result *r, const struct sweep *sweep)
{
	FILE *f;

	if (!o->json)
		return 0;
	f = fopen(o->json, "we");
	if (!f) {
		say("%s: %s", o->json, strerror(errno));
		return 1;
	}
	json_print(f, &o->set, r, o->n_scenarios, sweep);
	return fclose(f) ? 1 : 0;
}

static const struct argp_option option_list[] = {
	{"rounds", 'r', "N", 0, "how often each is measured (default 5)", 0},
	{"connections", 'n', "N", 0, "of each storm (default 20000)", 0},
	{"scenario", 's', "NAME", 0,
	 "loop4 (the default), loop4x2, loop6, rst4, veth4, veth6, idle4, web, or all; may be repeated",
	 0},
	{"only", 'o', "ROW", 0,
	 "none, floor, hooks, record, json, text, json_sweep, drop_port, drop_owner, hist, watch, tcpstates, bpftrace, tcplife; may be repeated",
	 0},
	{"sweep", 'w', "N", 0, "sockets in TIMED_WAIT to sweep; 0: no sweep (default 50000)", 0},
	{"patience", 'P', "SECONDS", 0,
	 "how long to wait, all in all, for other work on the machine to end (default 60)", 0},
	{"programs", 'p', NULL, 0, "also show each BPF program", 0},
	{"json", 'j', "FILE", 0, "also write JSON", 0},
	{"plot", 'g', "FILE", 0, "also draw the first scenario, as SVG", 0},
	{"dir", 'd', "DIR", 0, "where the tracers write to (default $TMPDIR or /tmp)", 0},
	{0},
};

static unsigned long number(const char *text, unsigned long min, unsigned long max,
			    struct argp_state *state)
{
	__u64 n;

	if (parse_u64(text, min, max, &n))
		argp_error(state, "%s: %lu to %lu is what it takes", text, min, max);
	return n;
}

static void add_scenario(struct options *o, const char *name, struct argp_state *state)
{
	bool all = !strcmp(name, "all"), found = false;

	for (unsigned int i = 0; i < n_scenarios && o->n_scenarios < SCENARIOS_MAX; i++) {
		if (!all && strcmp(name, scenarios[i].key))
			continue;
		o->scenario[o->n_scenarios++] = &scenarios[i];
		found = true;
	}
	if (!found)
		argp_error(state, "%s: no such scenario", name);
}

static void add_only(struct options *o, const char *name, struct argp_state *state)
{
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		if (strcmp(name, subjects[i].key))
			continue;
		o->only[i] = true;
		o->any_only = true;
		return;
	}
	argp_error(state, "%s: no such row", name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'r':
		o->set.rounds = number(arg, 1, ROUNDS_MAX, state);
		break;
	case 'n':
		o->set.connections = number(arg, 100, 1000000, state);
		break;
	case 's':
		add_scenario(o, arg, state);
		break;
	case 'o':
		add_only(o, arg, state);
		break;
	case 'w':
		o->sweep_sockets = number(arg, 0, 1000000, state);
		break;
	case 'P':
		o->patience_s = (long)number(arg, 0, 100000, state);
		break;
	case 'p':
		o->programs = true;
		break;
	case 'j':
		o->json = arg;
		break;
	case 'g':
		o->plot = arg;
		break;
	case 'd':
		o->tmp = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse,
	.doc = "What tracing costs, side by side.",
};

/* The peers want tracefs, which not every system has mounted: for us and them alone. */
static void need_tracefs(void)
{
	if (!access("/sys/kernel/tracing/events", F_OK))
		return;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL))
		say("there is no tracefs: %s", strerror(errno));
	/* where older ones look for it */
	if (access("/sys/kernel/debug/tracing", F_OK))
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
}

int main(int argc, char **argv)
{
	struct options o = {.set = {.rounds = 5, .connections = 20000},
			    .sweep_sockets = 50000,
			    .patience_s = 60};
	static struct result results[SCENARIOS_MAX];
	bool good = true;

	o.tmp = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	need_tracefs();
	if (!o.n_scenarios)
		o.scenario[o.n_scenarios++] = &scenarios[0];
	if (others_note(o.patience_s))
		say("other tracing programs are there, and part of all figures");
	/* what else runs here disturbs all alike, but less is better */
	setpriority(PRIO_PROCESS, 0, -10);
	for (unsigned int i = 0; i < o.n_scenarios && good; i++) {
		good = run_scenario(&o, o.scenario[i], &results[i]);
		if (good)
			print_scenario(&o, &results[i]);
	}
	if (!good || write_plot(&o, results))
		return 1;
	return write_json(&o, results, run_sweep(&o));
}
