// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "cmd/term.h"
#include "model/listing.h"
#include "out/states.h"
#include "util/log.h"

/* The clock ticks once a second, and not on the point. */
#define DRAW_NS 900000000ULL
/* What every terminal does: to the first line, erase what follows in the line, on the screen. */
#define HOME "\033[H"
#define CLEAR "\033[H\033[J"
#define ERASE_LINE "\033[K"

struct states_options {
	struct options o;
	bool live;
};

#define KEY_LIVE 512

static const struct argp_option own_options[] = {
	{"live", KEY_LIVE, 0, 0,
	 "count transitions on the arrows of the state machine, until stopped", 2},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{&run_argp, 0, NULL, 0},
	{0},
};

static const struct setting settings[] = {
	SETTING(KEY_LIVE, SET_FLAG, struct states_options, live),
	{0},
};

const struct command_argp states_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.children = children,
			.doc = "Tells what each TCP state means, how many sockets are in it now, and how it is "
			       "seen on this kernel; and draws the state machine of RFC 9293.",
		},
	.setting = settings,
};

static enum via via_of_tier(enum tier tier)
{
	switch (tier) {
	case TIER_FENTRY:
		return VIA_FENTRY;
	case TIER_SWEEP:
		return VIA_SWEEP;
	default:
		return VIA_TIMER;
	}
}

/*
 * Once
 */

static void take_row(void *ctx, const struct row_sock *row)
{
	listing_add(ctx, row);
}

/* 0 or -errno. */
static int count_sockets(struct tracer *t, const struct filter *f, struct listing_counts *c)
{
	struct listing l;
	int err = listing_init(&l);

	if (err)
		return err;
	err = tracer_rows(t, filter_by_owner(f), take_row, &l);
	if (!err && l.no_memory)
		err = -ENOMEM;
	if (!err)
		err = listing_choose(&l, f);
	if (!err)
		err = listing_count(&l, c, false);
	listing_free(&l);
	return err;
}

static int tell_hello(struct sink *json, const struct states_options *o,
		      const struct states_now *now, const struct tracer *t)
{
	struct utsname host;
	struct hello h = {
		.version = TCPDWELL_VERSION,
		.tier = now->tier,
		.tier_reason = *t->tier_reason ? t->tier_reason : NULL,
		.filter = *o->o.filter_words ? o->o.filter_words : NULL,
		.mono_ns = mono_now_ns(),
		.n_netns = t->n_netns,
	};

	uname(&host);
	h.kernel = host.release;
	if (now->sockets)
		memcpy(h.sockets, now->sockets, sizeof(h.sockets));
	json->ops->hello(json, &h);
	return json->ops->flush(json);
}

/* 0 or -errno. */
static int print_json(struct obuf *b, const struct states_options *o, const struct states_now *now,
		      const struct tracer *t, const struct out_options *out, __u64 began_ns)
{
	struct sink *json = json_sink_new(out);
	struct summary sum = {0};
	int err;

	if (!json)
		return -ENOMEM;
	err = tell_hello(json, o, now, t);
	states_json(b, now, out->names);
	if (!err)
		err = obuf_flush(b);
	sum.duration_ns = mono_now_ns() - began_ns;
	json->ops->summary(json, &sum);
	if (!err)
		err = json->ops->flush(json);
	json->ops->free(json);
	return err;
}

static int print_text(struct obuf *b, const struct states_now *now, const struct out_options *out)
{
	static const char too_narrow[] = "\nThe figure takes 80 columns: widen the terminal.\n";

	_Static_assert(MACHINE_WIDTH == 80, "too_narrow[] says so");
	states_text(b, now, out);
	if (out->width && out->width < MACHINE_WIDTH) {
		obuf_add(b, too_narrow, strlen(too_narrow));
	} else {
		obuf_add(b, "\n", 1);
		machine_text(b, now, out);
	}
	return obuf_flush(b);
}

/* What they mean needs no rights: only the numbers are missing without them. */
static int states_once(const struct states_options *o)
{
	struct out_options out = term_output(o->o.names);
	struct states_now now = {.why_not = "the sockets could not be read, see above"};
	__u64 began_ns = mono_now_ns();
	struct listing_counts counts = {0};
	struct tracer t;
	struct obuf b;
	int err = tracer_open(&t, &o->o.tracer);

	if (!err) {
		now.tier = tier_name(t.tier);
		now.small = via_of_tier(t.tier);
		err = count_sockets(&t, &o->o.tracer.filter, &counts);
		if (err)
			tracer_explain_rows(err);
	}
	if (!err)
		now = (struct states_now){counts.by_state, NULL, now.tier, now.small, NULL, 0, 0};
	if (obuf_init(&b, out.fd))
		return STATUS_UNABLE;
	if (o->o.json)
		print_json(&b, o, &now, &t, &out, began_ns);
	else
		print_text(&b, &now, &out);
	if (b.err && b.err != -EPIPE)
		warn_line("the output can't be written: %s", strerror(-b.err));
	err = !options_netns_met(&o->o, t.unmet) || err || (b.err && b.err != -EPIPE);
	obuf_free(&b);
	tracer_close(&t);
	listing_counts_free(&counts);
	return err ? STATUS_UNABLE : STATUS_DONE;
}

/*
 * Live
 */

struct live {
	struct sink sink;
	const struct run *run;
	struct out_options out;
	struct arrow_counts counts;
	struct sink *json; /* NULL: text */
	struct obuf b;
	struct obuf page; /* a screen, before it is one */
	__u64 began_ns;
	__u64 drawn_ns;
	__u64 lost;
	bool screen; /* stdout is a terminal */
};

static struct states_now live_now(const struct live *l)
{
	return (struct states_now){
		.sockets = l->run->model.by_state,
		.tier = tier_name(l->run->tracer.tier),
		.small = via_of_tier(l->run->tracer.tier),
		.arrows = &l->counts,
		.duration_ns = mono_now_ns() - l->began_ns,
		.lost = l->lost,
	};
}

static void draw(struct live *l, struct obuf *b)
{
	struct states_now now = live_now(l);

	machine_text(b, &now, &l->out);
	machine_rest_text(b, &now, &l->out);
}

/* The page over the one before; none of its lines may scroll the screen. */
static void draw_screen(struct live *l)
{
	unsigned int left = term_height();
	const char *line, *end;

	l->out.width = term_width();
	draw(l, &l->page);
	obuf_add(&l->b, HOME, strlen(HOME));
	line = l->page.data;
	end = line + l->page.len;
	while (line < end && left--) {
		const char *eol = memchr(line, '\n', end - line);

		if (!eol)
			break;
		obuf_add(&l->b, line, eol - line);
		obuf_add(&l->b, ERASE_LINE, strlen(ERASE_LINE));
		if (left)
			obuf_add(&l->b, "\n", 1);
		line = eol + 1;
	}
	l->page.len = 0;
}

static void live_hello(struct sink *s, const struct hello *h)
{
	struct live *l = (struct live *)s;

	l->began_ns = h->mono_ns;
	if (l->json)
		l->json->ops->hello(l->json, h);
	if (l->screen)
		obuf_add(&l->b, CLEAR, strlen(CLEAR));
}

static void live_transition(struct sink *s, const struct transition *t)
{
	arrow_count(&((struct live *)s)->counts, t);
}

static void live_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	(void)cause;
	(void)mono_ns;
	((struct live *)s)->lost += count;
}

static void live_summary(struct sink *s, const struct summary *sum)
{
	struct live *l = (struct live *)s;
	struct states_now now = live_now(l);

	if (l->json) {
		l->json->ops->flush(l->json);
		states_json(&l->b, &now, l->out.names);
		obuf_flush(&l->b);
		l->json->ops->summary(l->json, sum);
	} else if (l->screen) {
		draw_screen(l);
		obuf_add(&l->b, "\n", 1);
	} else {
		draw(l, &l->b);
	}
}

static int live_flush(struct sink *s)
{
	struct live *l = (struct live *)s;
	__u64 now_ns = mono_now_ns();
	int err = l->json ? l->json->ops->flush(l->json) : 0;

	if (l->screen && now_ns - l->drawn_ns >= DRAW_NS) {
		draw_screen(l);
		l->drawn_ns = now_ns;
	}
	return err ? err : obuf_flush(&l->b);
}

static const struct sink_ops live_ops = {
	.hello = live_hello,
	.transition = live_transition,
	.lost = live_lost,
	.summary = live_summary,
	.flush = live_flush,
};

/* Ends the loop's wait once a second: sockets come and go, and time does, without a transition to
 * tell of. */
static int start_clock(const struct run *r)
{
	struct itimerspec second = {{1, 0}, {1, 0}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.fd = fd};

	if (fd < 0)
		return -errno;
	if (timerfd_settime(fd, 0, &second, NULL) ||
	    epoll_ctl(r->tracer.epoll, EPOLL_CTL_ADD, fd, &ev)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* 0 or -ENOMEM. */
static int live_init(struct live *l, const struct run *r, const struct states_options *o)
{
	memset(l, 0, sizeof(*l));
	l->sink.ops = &live_ops;
	l->run = r;
	l->out = term_output(o->o.names);
	l->screen = term_erases(l->out.fd) && !o->o.json;
	if (obuf_init(&l->b, l->out.fd) || obuf_init(&l->page, -1))
		return -ENOMEM;
	if (o->o.json)
		l->json = json_sink_new(&l->out);
	return o->o.json && !l->json ? -ENOMEM : 0;
}

static void live_free(struct live *l)
{
	if (l->json)
		l->json->ops->free(l->json);
	obuf_free(&l->b);
	obuf_free(&l->page);
}

static int states_live(struct states_options *o)
{
	struct live live;
	struct run run;
	int clock = -1, status;

	/* the arrows of a handshake that fails are arrows too */
	o->o.half_open = o->o.tracer.half_open = true;
	status = run_init(&run, &o->o);
	if (status)
		return status;
	if (live_init(&live, &run, o) || model_add_sink(&run.model, &live.sink)) {
		warn_line("out of memory");
		status = STATUS_UNABLE;
	}
	if (!status && live.screen)
		clock = start_clock(&run);
	if (!status)
		status = run_start(&run);
	if (!status)
		status = run_loop(&run);
	if (clock >= 0)
		close(clock);
	run_free(&run);
	live_free(&live);
	return status;
}

int cmd_states(int argc, char **argv)
{
	struct states_options o = {0};

	options_init(&o.o);
	options_parse(&states_argp, argc, argv, &o.o);
	return o.live ? states_live(&o) : states_once(&o);
}
