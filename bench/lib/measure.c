// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "others.h"

#define START_MS 20000
#define START_QUIET_MS 300
#define DRAIN_MS 10000
/* The kernel takes a namespace down some time after its last process went. */
#define NETNS_GONE_MS 400
/* Counting time costs time: BPF time is that of a second, shorter storm. */
#define TIMED_PART 2

struct run {
	const struct plan *plan;
	const struct subject *subject;
	struct proc proc;
	int out, err;		   /* files without a name: nothing of them stays */
	unsigned long connections; /* of all storms so far */
	unsigned int storms;
};

static void take_load(const struct load *l, struct sample *s)
{
	s->rate = l->rate;
	s->quiet = l->quiet_rate;
	s->quiet_ns = 1e9 / l->quiet_rate * l->connections / l->transitions;
}

int measure_untraced(const struct plan *p, struct sample *out)
{
	struct load l;
	int err;

	*out = (struct sample){0};
	others_wait();
	err = load_open(&l, p->scenario, p->connections);
	if (err)
		return err;
	err = load_run(&l);
	others_check(0);
	load_close(&l);
	pause_ms(NETNS_GONE_MS);
	if (!err)
		take_load(&l, out);
	return err;
}

static int scratch(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/tcpdwell-bench-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd < 0 ? -errno : fd;
}

static void close_files(const struct run *r)
{
	if (r->out >= 0)
		close(r->out);
	if (r->err >= 0)
		close(r->err);
}

static const char *start(struct run *r)
{
	const char *why;
	const char *const *argv = subject_find(r->subject, &why);
	struct progs progs = {0};

	if (!argv)
		return why;
	others_wait();
	r->out = scratch(r->plan->dir);
	r->err = scratch(r->plan->dir);
	if (r->out < 0 || r->err < 0)
		return "has no file to write to";
	if (proc_start(&r->proc, argv, r->out, r->err))
		return "does not start";
	for (int ms = 0; ms < START_MS && !progs.n; ms += 100) {
		pause_ms(100);
		if (!proc_alive(&r->proc))
			return "ended at once";
		progs_of(r->proc.pid, &progs);
	}
	if (!progs.n || !proc_settle(&r->proc, START_QUIET_MS, START_MS))
		return "does not come to rest";
	return NULL;
}

static void drain(const struct run *r)
{
	if (r->subject->restless)
		pause_ms(r->subject->quiet_ms);
	else
		proc_settle(&r->proc, r->subject->quiet_ms, DRAIN_MS);
}

static int open_load(struct run *r, struct load *l, unsigned long connections)
{
	int err = load_open(l, r->plan->scenario, connections);

	r->connections += connections;
	r->storms++;
	return err;
}

/* The end of the storm's small sockets is the tracer's work too, but no storm. */
static void close_load(struct run *r, struct load *l)
{
	load_close(l);
	pause_ms(NETNS_GONE_MS);
	drain(r);
}

static int plain_storm(struct run *r, struct sample *s)
{
	struct load l;
	uint64_t cpu;
	int err = open_load(r, &l, r->plan->connections);

	if (err)
		return err;
	progs_of(r->proc.pid, &s->progs);
	cpu = proc_cpu_ns(&r->proc);
	err = load_run(&l);
	others_check(s->progs.n);
	if (!err) {
		drain(r);
		s->reader_ns = (double)(proc_cpu_ns(&r->proc) - cpu) / l.transitions;
		take_load(&l, s);
	}
	close_load(r, &l);
	return err;
}

static int timed_storm(struct run *r, struct sample *s)
{
	struct load l;
	int on, err = open_load(r, &l, r->plan->connections / TIMED_PART);

	if (err)
		return err;
	progs_of(r->proc.pid, &s->progs);
	on = progs_time_on();
	err = on < 0 ? on : load_run(&l);
	if (!err) {
		progs_spent(&s->progs);
		/* those of others on the host cost time too: so they count */
		s->timed_transitions = progs_transitions(&s->progs);
		if (s->timed_transitions < l.transitions)
			s->timed_transitions = l.transitions;
		s->bpf_ns = (double)progs_ns(&s->progs) / s->timed_transitions;
	}
	if (on >= 0)
		close(on);
	close_load(r, &l);
	return err;
}

static void read_output(const struct run *r, struct sample *s)
{
	const struct subject *sub = r->subject;
	const struct scenario *scenario = r->plan->scenario;
	unsigned long each = scenario->rst ? sub->per_rst : sub->per_fin;
	struct printed printed;

	lines_read(r->out, r->err, sub->lines, scenario->threads, &printed);
	s->lost = printed.lost;
	s->missing = (double)(each * r->connections +
			      (unsigned long)sub->per_listener * scenario->threads * r->storms) -
		     printed.transitions;
	if (scenario->loose || sub->quiet)
		s->missing = NAN;
	s->bytes = printed.transitions ? (double)printed.bytes / printed.transitions : 0;
}

const char *measure(const struct plan *p, const struct subject *s, struct sample *out)
{
	struct run r = {.plan = p, .subject = s, .out = -1, .err = -1};
	const char *why;
	int err;

	if (!subject_is_real(s)) {
		err = measure_untraced(p, out);
		return err ? strerror(-err) : NULL;
	}
	*out = (struct sample){0};
	why = start(&r);
	if (why) {
		proc_stop(&r.proc);
		close_files(&r);
		return why;
	}
	err = plain_storm(&r, out);
	if (!err)
		err = timed_storm(&r, out);
	out->peak_kb = proc_peak_kb(&r.proc);
	proc_stop(&r.proc);
	read_output(&r, out);
	close_files(&r);
	return err ? strerror(-err) : NULL;
}
