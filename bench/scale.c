// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What takes more with more sockets: 1,000 to 1,000,000 in TIMED_WAIT, in a
 * network namespace of its own.  They live for a minute, so that a slow machine
 * has fewer at the end: the figures are of those that there were.  Prints, with
 * the exponent of each; never fails on a figure.  As root.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kern/netns.h"
#include "kern/tracer.h"
#include "load.h"
#include "series.h"
#include "subject.h"
#include "svg.h"
#include "util/parse.h"

#define POINTS_MAX 7
#define EXPONENT_FROM 10000 /* below it, what does not grow is most */
#define IDLE_MS 3000

enum figure {
	FIG_LIST,
	FIG_JSON,
	FIG_SS,
	FIG_SWEEP,
	FIG_START,
	FIG_RECORD,
	FIG_WATCH_CPU,
	FIG_WATCH_MEMORY,
	FIGURES,
};

static char directory[] = "/tmp/tcpdwell-scale-XXXXXX";
static char recording[sizeof(directory) + 4];

static const struct {
	const char *title, *unit;
	const char *argv[8]; /* timed, to its end */
	bool drawn;	     /* as time */
} figures[FIGURES] = {
	[FIG_LIST] = {"list", "ms", {"tcpdwell", "list"}, true},
	[FIG_JSON] = {"list --json", "ms", {"tcpdwell", "list", "--json"}, true},
	[FIG_SS] = {"ss -tan", "ms", {"ss", "-tan"}, true},
	[FIG_SWEEP] = {"sweep", "ms", {NULL}, true},
	/* attaching, and a look at all there is, each told in a line */
	[FIG_START] = {"trace: start-up", "ms", {"tcpdwell", "trace", "--duration", "1ms"}, true},
	/* ... and written as the snapshot that a recording begins with */
	[FIG_RECORD] = {"record: with snapshot",
			"ms",
			{"tcpdwell", "record", "-o", recording, "--force", "--duration", "1ms"},
			true},
	[FIG_WATCH_CPU] = {"watch: CPU of a core", "%", {NULL}, false},
	[FIG_WATCH_MEMORY] = {"watch: memory", "MiB", {NULL}, false},
};

struct point {
	double sockets[FIGURES]; /* when it was measured */
	double value[FIGURES];
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static double sockets_now(void)
{
	FILE *f = fopen("/proc/net/sockstat", "re");
	char line[256];
	double n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		const char *tw = strncmp(line, "TCP:", 4) ? NULL : strstr(line, " tw ");

		if (tw)
			n = strtod(tw + 4, NULL);
	}
	if (f)
		fclose(f);
	return n;
}

static int start(struct proc *p, const char *const args[])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), err;
	const char *argv[12] = {args[0]};
	int n = 0;

	for (; n < 8 && args[n]; n++)
		argv[n] = args[n];
	/* ss sees the namespace that it is in; ours see all, unless they are told */
	if (n && !strcmp(argv[0], "tcpdwell")) {
		argv[0] = beside("../tcpdwell");
		argv[n++] = "--netns";
		argv[n] = "/proc/self/ns/net";
	}
	err = proc_start(p, argv, null, null);
	close(null);
	return err;
}

static double time_command(const char *const args[])
{
	double began = now_ms();
	struct proc p;
	int status;

	if (start(&p, args))
		return NAN;
	status = proc_finish(&p);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? now_ms() - began : NAN;
}

static void no_row(void *ctx, const struct row_sock *row)
{
	(void)ctx;
	(void)row;
}

static double time_sweep(void)
{
	struct tracer_options options = {.no_stream = true, .filter.n_netns = 1};
	struct tracer t;
	double began;
	int err = netns_ino("/proc/self/ns/net", &options.filter.netns[0]);

	if (!err)
		err = tracer_open(&t, &options);
	if (err)
		return NAN;
	began = now_ms();
	err = tracer_rows(&t, false, no_row, NULL);
	began = now_ms() - began;
	tracer_close(&t);
	return err ? NAN : began;
}

/* Once it has seen all, and has nothing to do. */
static void measure_watch(struct point *pt)
{
	static const char *const args[] = {"tcpdwell", "watch", "--json", NULL};
	struct proc p;
	uint64_t before;

	if (start(&p, args))
		return;
	pause_ms(500);
	proc_settle(&p, 500, 10000);
	before = proc_cpu_ns(&p);
	pt->sockets[FIG_WATCH_CPU] = pt->sockets[FIG_WATCH_MEMORY] = sockets_now();
	pause_ms(IDLE_MS);
	pt->value[FIG_WATCH_CPU] = (proc_cpu_ns(&p) - before) / (IDLE_MS * 1e4);
	pt->value[FIG_WATCH_MEMORY] = proc_peak_kb(&p) / 1024.0;
	proc_stop(&p);
}

static void measure(struct point *pt, unsigned long sockets)
{
	unsigned int rounds = sockets > 200000 ? 3 : 5; /* TIMED_WAIT lasts 60 s */

	for (int i = 0; i < FIGURES; i++) {
		struct series s = {.n = 0};

		if (i == FIG_WATCH_CPU)
			break;
		pt->sockets[i] = sockets_now();
		for (unsigned int k = 0; k < rounds; k++) {
			double v = i == FIG_SWEEP ? time_sweep() : time_command(figures[i].argv);

			if (!isnan(v))
				series_add(&s, v);
		}
		pt->value[i] = series_median(&s);
	}
	measure_watch(pt);
}

static int at(unsigned long sockets, struct point *pt)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct load l;
	int err = load_open(&l, &scenarios[1], sockets);

	if (!err)
		err = load_run(&l);
	if (!err)
		err = proc_enter_netns(&l.proc);
	if (!err)
		measure(pt, sockets);
	if (home >= 0) {
		if (setns(home, CLONE_NEWNET) && !err)
			err = -errno;
		close(home);
	}
	load_close(&l);
	return err;
}

/* Least squares of the logarithms. */
static double exponent(const struct point *pt, unsigned int n, enum figure fig)
{
	double x, y, sx = 0, sy = 0, sxx = 0, sxy = 0, k = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (pt[i].sockets[fig] < EXPONENT_FROM * 0.9 || !(pt[i].value[fig] > 0))
			continue;
		x = log(pt[i].sockets[fig]);
		y = log(pt[i].value[fig]);
		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
		k++;
	}
	return k < 2 ? NAN : (k * sxy - sx * sy) / (k * sxx - sx * sx);
}

static void print(const struct point *pt, unsigned int n)
{
	printf("%-26s", "sockets in TIMED_WAIT");
	for (unsigned int i = 0; i < n; i++)
		printf(" %11.0f", pt[i].sockets[FIG_LIST]);
	printf(" %10s\n", "exponent");
	for (int f = 0; f < FIGURES; f++) {
		printf("%-21s %4s", figures[f].title, figures[f].unit);
		for (unsigned int i = 0; i < n; i++)
			printf(" %11.2f", pt[i].value[f]);
		printf(" %10.2f\n", exponent(pt, n, f));
	}
}

static void target(const char *what, double value, double limit)
{
	printf("target  %-40s %6.2f  at most %.2f: %s\n", what, value, limit,
	       isnan(value)	? "unknown"
	       : value <= limit ? "met"
				: "missed");
}

#define LEFT 70
#define TOP 40
#define WIDTH 520
#define HEIGHT 300

static double plot_x(double sockets)
{
	return LEFT + (log10(sockets) - 3) / 3 * WIDTH;
}

/* 1 ms to 100 s */
static double plot_y(double ms)
{
	return TOP + HEIGHT - log10(fmax(ms, 1)) / 5 * HEIGHT;
}

static void plot_axes(FILE *f)
{
	static const char *const times[] = {"1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"};
	static const char *const counts[] = {"1,000", "10,000", "100,000", "1,000,000"};

	svg_text(f, LEFT, 22, "head", "start", "Time by the number of sockets, both logarithmic");
	for (int i = 0; i < 6; i++) {
		double y = plot_y(pow(10, i));

		svg_line(f, LEFT, y, LEFT + WIDTH, y, "grid");
		svg_text(f, LEFT - 8, y + 4, "dim", "end", times[i]);
	}
	for (int i = 0; i < 4; i++) {
		double x = plot_x(pow(10, i + 3));

		svg_line(f, x, TOP, x, TOP + HEIGHT, "grid");
		svg_text(f, x, TOP + HEIGHT + 18, "dim", "middle", counts[i]);
	}
}

static void plot_figure(FILE *f, const struct point *pt, unsigned int n, enum figure fig, int no)
{
	char class[16], text[64];
	const struct point *before = NULL;

	snprintf(class, sizeof(class), "l%d", no);
	for (unsigned int i = 0; i < n; i++) {
		const struct point *p = &pt[i];

		if (!(p->value[fig] > 0) || p->sockets[fig] < 500)
			continue;
		if (before)
			svg_line(f, plot_x(before->sockets[fig]), plot_y(before->value[fig]),
				 plot_x(p->sockets[fig]), plot_y(p->value[fig]), class);
		svg_dot(f, plot_x(p->sockets[fig]), plot_y(p->value[fig]), class);
		before = p;
	}
	snprintf(text, sizeof(text), "%s, n^%.2f", figures[fig].title, exponent(pt, n, fig));
	svg_bar(f, LEFT + WIDTH + 24, TOP + 10 + no * 22, 10, 10, class);
	svg_text(f, LEFT + WIDTH + 40, TOP + 19 + no * 22, "", "start", text);
}

static int plot(const char *path, const struct point *pt, unsigned int n)
{
	FILE *f = fopen(path, "we");
	int no = 0;

	if (!f) {
		perror(path);
		return 1;
	}
	svg_begin(f, LEFT + WIDTH + 230, TOP + HEIGHT + 34, "Time by the number of sockets");
	plot_axes(f);
	for (int fig = 0; fig < FIGURES; fig++)
		if (figures[fig].drawn)
			plot_figure(f, pt, n, fig, no++);
	svg_end(f);
	return fclose(f) ? 1 : 0;
}

struct options {
	unsigned long most;
	const char *plot;
};

static const struct argp_option option_list[] = {
	{"most", 'm', "N", 0, "sockets, 1000 to 1000000 (default 1000000)", 0},
	{"plot", 'g', "FILE", 0, "also draw the times, as SVG", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	__u64 n;

	if (key == 'g') {
		o->plot = arg;
	} else if (key == 'm') {
		if (parse_u64(arg, 1000, 1000000, &n))
			argp_error(state, "%s: 1000 to 1000000 is what it takes", arg);
		o->most = n;
	} else {
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse,
	.doc = "What takes more with more sockets.",
};

int main(int argc, char **argv)
{
	static const unsigned long sizes[] = {1000, 10000, 50000, 100000, 300000, 1000000};
	static struct point pt[POINTS_MAX];
	struct options o = {.most = 1000000};
	double ss = NAN, list = NAN, json = NAN;
	unsigned int n = 0;
	int err = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!mkdtemp(directory)) {
		perror(directory);
		return 1;
	}
	snprintf(recording, sizeof(recording), "%s/rec", directory);
	for (unsigned int i = 0; !err && i < sizeof(sizes) / sizeof(*sizes) && sizes[i] <= o.most;
	     i++) {
		fprintf(stderr, "scale: %lu sockets\n", sizes[i]);
		err = at(sizes[i], &pt[n]);
		if (sizes[i] == 50000) {
			ss = pt[n].value[FIG_SS];
			list = pt[n].value[FIG_LIST];
			json = pt[n].value[FIG_JSON];
		}
		n += !err;
	}
	if (err)
		fprintf(stderr, "scale: the sockets: %s\n", strerror(-err));
	unlink(recording);
	rmdir(directory);
	print(pt, n);
	putchar('\n');
	target("50,000: list, part of ss -tan", list / ss, 0.5);
	target("50,000: list --json, part of ss -tan", json / ss, 1);
	return o.plot && plot(o.plot, pt, n) ? 1 : err ? 1 : 0;
}
