// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/half_open.h"
#include "cmd/run.h"
#include "cmd/term.h"
#include "out/buf.h"
#include "util/ends.h"
#include "util/files.h"
#include "util/log.h"

#define SECOND_NS 1000000000ULL
#define BATCH_MAX 65536
/* a socket is gone when two reads did not meet it */
#define RESYNCS 2
#define DRAIN_EVERY_ROWS 2048
#define LOSSES_EVERY_NS 100000000ULL
/* Rows that are awaited by nothing but an old FIN_WAIT_2 take 1/ROWS_SHARE of a core at most, but
 * come after ROWS_LATEST_NS. */
#define ROWS_SHARE 100
#define ROWS_LATEST_NS (15 * SECOND_NS)

static __u64 clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

__u64 mono_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

__s64 mono_to_real_ns(void)
{
	return (__s64)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC));
}

static int catch_signals(struct run *r)
{
	struct epoll_event ev = {.events = EPOLLIN};
	sigset_t set;

	ends_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (r->signals < 0)
		return -errno;
	obuf_stop_on(r->signals);
	ev.data.fd = r->signals;
	return epoll_ctl(r->tracer.epoll, EPOLL_CTL_ADD, r->signals, &ev) ? -errno : 0;
}

int run_on_resize(struct run *r, void (*resized)(void *ctx), void *ctx)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ends_set(&set);
	sigaddset(&set, SIGWINCH);
	obuf_stop_on(-1); /* a screen that changes its size is no reason to stop */
	r->resized = resized;
	r->resized_ctx = ctx;
	return signalfd(r->signals, &set, 0) < 0 ? -errno : 0;
}

int run_leave_hup(struct run *r)
{
	sigset_t set;

	ends_set(&set);
	sigdelset(&set, SIGHUP);
	return signalfd(r->signals, &set, 0) < 0 ? -errno : 0;
}

/* A pipe that nobody reads any more shows at once, not with the next line; files can't be polled.
 */
static void watch_output(struct run *r)
{
	struct epoll_event ev = {.events = 0, .data.fd = STDOUT_FILENO};

	epoll_ctl(r->tracer.epoll, EPOLL_CTL_ADD, STDOUT_FILENO, &ev);
}

int run_add_fd(struct run *r, int fd, __u32 events, void (*ready)(void *ctx), void *ctx)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	if (r->n_fds == RUN_FDS)
		return -ENOSPC;
	if (epoll_ctl(r->tracer.epoll, EPOLL_CTL_ADD, fd, &ev))
		return -errno;
	r->fds[r->n_fds++] = (struct run_fd){fd, ready, ctx};
	return 0;
}

void run_del_fd(struct run *r, int fd)
{
	epoll_ctl(r->tracer.epoll, EPOLL_CTL_DEL, fd, NULL);
	for (unsigned int i = 0; i < r->n_fds; i++)
		if (r->fds[i].fd == fd)
			r->fds[i--] = r->fds[--r->n_fds];
}

static void fd_ready(struct run *r, int fd)
{
	for (unsigned int i = 0; i < r->n_fds; i++)
		if (r->fds[i].fd == fd)
			r->fds[i].ready(r->fds[i].ctx);
}

int run_init(struct run *r, const struct options *o)
{
	int err;

	memset(r, 0, sizeof(*r));
	r->options = o;
	r->signals = -1;
	err = tracer_open(&r->tracer, &o->tracer);
	if (err)
		return STATUS_UNABLE;
	err = model_init(&r->model);
	if (!err)
		err = catch_signals(r);
	if (err) {
		warn_line("%s", files_strerror(-err));
		run_free(r);
		return STATUS_UNABLE;
	}
	r->model.filter = o->tracer.filter;
	r->model.rules = o->rules;
	r->model.alerts = true;
	r->model.half_open = o->half_open;
	r->model.count_max = o->count;
	r->model.small_source = r->tracer.tier == TIER_SWEEP ? SMALL_SWEEPS : SMALL_RECORDS;
	r->model.half_open_swept =
		r->tracer.tier == TIER_SWEEP || !has_kernel_symbol("reqsk_timer_handler");
	return 0;
}

static int take_record(void *ctx, const void *rec, size_t size)
{
	struct run *r = ctx;

	if (r->recorder)
		recorder_record(r->recorder, rec, size);
	model_record(&r->model, rec, size);
	return model_full(&r->model) ? -ECANCELED : 0;
}

/* What the model is told besides records and rows; see rec/event.h. */
static void note(struct run *r, enum rec_event_kind kind, __u64 now_ns, __u64 value, __u64 value2)
{
	if (r->recorder)
		recorder_at(r->recorder, kind, now_ns, value, value2);
}

/*
 * Many rows take long: the ring buffer must not overflow meanwhile.  A row shows
 * what has happened, and the records of that come before it; where they can't be
 * had, the next read of the rows will do.
 */
static void take_row(void *ctx, const struct row_sock *row)
{
	struct run *r = ctx;

	if (r->model.started && model_behind(&r->model, row)) {
		if (tracer_catch_up(&r->tracer, take_record, r) == -EAGAIN)
			return;
	} else if (r->model.started && ++r->rows % DRAIN_EVERY_ROWS == 0) {
		tracer_drain(&r->tracer, take_record, r, BATCH_MAX);
	}
	if (r->recorder)
		recorder_row(r->recorder, row);
	else
		model_row(&r->model, row);
}

/* A namespace that went takes its count along: that is no overflow. */
static void resync_end(struct run *r, __u64 overflows)
{
	__u64 now_ns = mono_now_ns();

	if (r->tracer.overflows > overflows)
		r->model.overflow_ns = now_ns;
	if (r->recorder)
		recorder_resync_end(r->recorder, now_ns);
	model_resync_end(&r->model, now_ns);
}

static int read_rows(struct run *r, bool claim)
{
	__u64 overflows = r->tracer.overflows;
	__u64 cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	__u64 begin_ns = mono_now_ns();
	int err;

	if (r->resync || r->model.unknown)
		tracer_repeat_ident(&r->tracer, true);
	/* without ids of the kernel's own, descriptors tell of owners alone: see claim_socks() */
	r->model.claims = claim && !r->tracer.own_ids;
	note(r, EV_RESYNC, begin_ns, r->model.drained_ns, r->model.claims);
	model_resync_begin(&r->model, begin_ns);
	err = tracer_rows(&r->tracer, claim, take_row, r);
	if (err)
		tracer_explain_rows(err);
	else
		resync_end(r, overflows);
	r->resynced_ns = mono_now_ns();
	/* owners are claimed once, by another walk */
	r->rows_cost_ns = claim ? 0 : clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
	r->resync -= r->resync > 0;
	if (!err && !r->resync && !r->model.unknown)
		tracer_repeat_ident(&r->tracer, false);
	return err;
}

int run_start(struct run *r)
{
	const struct options *o = r->options;
	struct utsname host;
	struct hello h = {.version = TCPDWELL_VERSION};
	int err;

	if (!r->silent)
		watch_output(r);
	r->model.drained_ns = r->model.start_ns = r->tracer.start_ns;
	err = read_rows(r, true);
	if (err)
		return STATUS_UNABLE;
	options_netns_met(o, r->tracer.unmet);
	uname(&host);
	h.kernel = host.release;
	h.tier = tier_name(r->tracer.tier);
	h.tier_reason = *r->tracer.tier_reason ? r->tracer.tier_reason : NULL;
	h.own_ids = r->tracer.own_ids;
	h.filter = *o->filter_words ? o->filter_words : NULL;
	h.mono_ns = mono_now_ns();
	h.n_netns = r->tracer.n_netns;
	note(r, EV_HELLO, h.mono_ns, h.n_netns, 0);
	model_hello(&r->model, &h);
	r->end_ns = o->duration_ns ? h.mono_ns + o->duration_ns : UINT64_MAX;
	return model_flush(&r->model) == -EPIPE ? STATUS_DONE : 0;
}

/* A buffer that overflows does so many times a second: one line for all of them. */
static void take_losses(struct run *r, __u64 now_ns)
{
	_Static_assert(LOSSES_EVERY_NS < MODEL_LOSS_WAIT_NS, "losses are told in time");

	if (now_ns < r->losses_ns + LOSSES_EVERY_NS)
		return;
	r->losses_ns = now_ns;
	r->tracer.told_twice = r->model.told_twice;
	for (int cause = 0; cause < LOST_NCAUSES; cause++) {
		__u64 n = tracer_lost(&r->tracer, cause);

		if (!n && (cause != LOST_INTERRUPTED || !tracer_unseen(&r->tracer)))
			continue;
		note(r, EV_LOST, now_ns, n, cause);
		model_lost(&r->model, cause, n, now_ns);
		r->resync = RESYNCS;
	}
}

/*
 * Whether rows are to be read once a second: something was lost; a SYN_SENT
 * waits for its port; a half-open connection or, on the sweep tier, a small
 * socket can change unseen.
 */
static bool rows_urgent(struct run *r)
{
	const struct model *m = &r->model;

	if (r->resync || m->unknown || m->n_limbo)
		return true;
	if (r->pending || m->n_swept_half_open || (m->half_open && m->half_open_swept))
		return true;
	return m->small_source == SMALL_SWEEPS && m->n_small > 0;
}

/*
 * When rows are to be read, UINT64_MAX for not.  On the other tiers a FIN_WAIT_2
 * that becomes a TIMED_WAIT within one bucket of the timer wheel does so unseen.
 * Its row has the exact time, so that it can wait a little where there are many.
 */
static __u64 rows_due_ns(struct run *r)
{
	__u64 rest_ns = SECOND_NS;

	if (rows_urgent(r))
		return r->resynced_ns + rest_ns;
	if (!r->model.fin_waits.old)
		return UINT64_MAX;
	if (rest_ns < ROWS_SHARE * r->rows_cost_ns)
		rest_ns = ROWS_SHARE * r->rows_cost_ns;
	return r->resynced_ns + (rest_ns < ROWS_LATEST_NS ? rest_ns : ROWS_LATEST_NS);
}

/* Rows cost a walk over all sockets; mostly there is nobody left that waits for his port. */
static void look_for_held(struct run *r, __u64 now_ns)
{
	if (!r->held_due_ns || now_ns < r->held_due_ns)
		return;
	r->held_due_ns = 0;
	r->pending |= tracer_holds(&r->tracer, now_ns);
}

/* After a loss, what is due waits for the rows: they may say that it is not. */
static bool may_tick(const struct run *r)
{
	return r->resync < RESYNCS || r->looks_up;
}

/* How long to wait, in ms: until what is due next. */
static int wait_ms(struct run *r, __u64 now_ns)
{
	__u64 due_ns = may_tick(r) ? model_due(&r->model) : UINT64_MAX;
	__u64 rows_ns = rows_due_ns(r);
	__u64 wait_ns;

	if (due_ns > rows_ns)
		due_ns = rows_ns;
	if (!r->held_due_ns && tracer_held(&r->tracer))
		r->held_due_ns = now_ns + SECOND_NS;
	if (r->held_due_ns && due_ns > r->held_due_ns)
		due_ns = r->held_due_ns;
	if (due_ns > r->end_ns)
		due_ns = r->end_ns;
	if (r->each && due_ns > r->each_due_ns)
		due_ns = r->each_due_ns;
	if (due_ns == UINT64_MAX)
		return -1;
	if (due_ns <= now_ns)
		return 0;
	wait_ns = due_ns - now_ns;
	return wait_ns > INT_MAX * 1000000ULL ? INT_MAX : (int)(wait_ns / 1000000 + 1);
}

static bool signalled(struct run *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGWINCH) {
		r->resized(r->resized_ctx);
		return false;
	}
	r->stop_signal = info.ssi_signo;
	obuf_stopping();
	return true;
}

static void tick(struct run *r, __u64 now_ns)
{
	if (r->recorder)
		recorder_tick(r->recorder, now_ns);
	model_tick(&r->model, now_ns);
}

/* One round: everything that is there, then what is due by the time it began.  Records taken, or <
 * 0 to end. */
static long round_once(struct run *r, __u64 now_ns)
{
	long n;
	int err;

	if (r->begin)
		r->begin(r->each_ctx);
	n = tracer_drain(&r->tracer, take_record, r, BATCH_MAX);
	take_losses(r, now_ns);
	if (n >= 0 && n < BATCH_MAX) {
		r->model.drained_ns = now_ns;
		look_for_held(r, now_ns);
		if (now_ns >= rows_due_ns(r)) {
			r->pending = false;
			/* after a loss, who opened is not known from the records any more */
			read_rows(r, r->resync == RESYNCS);
		}
		if (may_tick(r))
			tick(r, now_ns);
	}
	if (r->each && (n > 0 || now_ns >= r->each_due_ns))
		r->each_due_ns = r->each(r->each_ctx, now_ns);
	err = model_flush(&r->model);
	if (err)
		return err;
	return model_full(&r->model) ? -ECANCELED : n;
}

static void take_last_losses(struct run *r)
{
	r->losses_ns = 0;
	take_losses(r, mono_now_ns());
}

/*
 * What only rows tell is told up to the end, a FIN_WAIT_2 too young for one so
 * far included; what waits for something that would explain it better is told
 * as it is known.
 */
static void settle(struct run *r)
{
	take_last_losses(r);
	if ((rows_due_ns(r) != UINT64_MAX || r->model.fin_waits.young) && !model_full(&r->model)) {
		read_rows(r, false);
		take_last_losses(r);
	}
	note(r, EV_SETTLE, mono_now_ns(), 0, 0);
	model_settle(&r->model);
}

static int finish(struct run *r, long why, __u64 began_ns)
{
	bool failed = why < 0 && why != -EPIPE && why != -ECANCELED;
	__u64 ended_ns;
	int err;

	settle(r);
	half_open_sum_up(&r->tracer, &r->model);
	ended_ns = mono_now_ns();
	note(r, EV_SUMMARY, ended_ns, ended_ns - began_ns, r->model.sum.half_open);
	model_summary(&r->model, ended_ns - began_ns);
	err = model_flush(&r->model);
	if (err && err != -EPIPE && !failed) {
		/* of -ECANCELED the recorder has said why */
		if (err != -ECANCELED)
			term_not_written(err);
		failed = true;
	}
	if (r->model.no_memory)
		warn_line("out of memory: some connections were not followed");
	return failed ? STATUS_UNABLE : STATUS_DONE;
}

int run_loop(struct run *r)
{
	__u64 began_ns = mono_now_ns();
	long n;

	for (;;) {
		__u64 now_ns = mono_now_ns();
		bool stop = signalled(r) || r->stop_signal || r->stop || now_ns >= r->end_ns;
		int fd;

		n = round_once(r, now_ns);
		if (n < 0 || (stop && n < BATCH_MAX))
			break;
		if (n == BATCH_MAX)
			continue;
		fd = tracer_wait(&r->tracer, n > 0, wait_ms(r, mono_now_ns()));
		if (fd == STDOUT_FILENO) {
			n = -EPIPE;
			break;
		}
		fd_ready(r, fd);
	}
	if (n < 0 && n != -EPIPE && n != -ECANCELED)
		term_not_written((int)n);
	return finish(r, n, began_ns);
}

void run_free(struct run *r)
{
	model_free(&r->model);
	tracer_close(&r->tracer);
	if (r->signals >= 0)
		close(r->signals);
	obuf_stop_on(-1);
}
