/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A model, what it is fed with, and what it tells: its sink remembers all. */
#ifndef TCPDWELL_TESTS_FEED_H
#define TCPDWELL_TESTS_FEED_H

#include "unit.h"
#include "model/model.h"

#define MS 1000000ULL
#define SEEN_MAX 512
#define NETNS 4026531840U

/* A transition as it was told; what it points at does not last. */
struct seen {
	struct transition t;
	struct conn conn;
	struct sock_end end;
	__u64 over_ns; /* threshold, 0: none */
};

struct seen_alert {
	struct alert a;
	struct conn conn;
	__u64 threshold_ns;
};

struct feed {
	struct sink sink;
	struct model m;
	__u64 now_ns;
	__u32 wheel_us; /* of the small sockets' timers */
	struct seen seen[SEEN_MAX];
	struct seen_alert alert[SEEN_MAX];
	struct hello hello;
	struct summary summary;
	unsigned int n, at; /* told, and looked at so far */
	unsigned int n_alerts, at_alert;
	unsigned int n_sockets, n_hellos, n_summaries, n_flushes, n_frees;
	__u64 lost[LOST_NCAUSES];
	int flush_err;
};

static struct feed feed;

static inline void on_transition(struct sink *s, const struct transition *t)
{
	struct feed *f = (struct feed *)s;
	struct seen *seen = &f->seen[f->n++ % SEEN_MAX];

	seen->t = *t;
	seen->conn = *t->conn;
	if (t->end)
		seen->end = *t->end;
	seen->over_ns = t->over ? t->over->threshold_ns : 0;
}

static inline void on_alert(struct sink *s, const struct alert *a)
{
	struct feed *f = (struct feed *)s;
	struct seen_alert *seen = &f->alert[f->n_alerts++ % SEEN_MAX];

	seen->a = *a;
	seen->conn = *a->conn;
	seen->threshold_ns = a->rule->threshold_ns;
}

static inline void on_hello(struct sink *s, const struct hello *h)
{
	((struct feed *)s)->hello = *h;
	((struct feed *)s)->n_hellos++;
}

static inline void on_socket(struct sink *s, const struct conn *c, __u64 mono_ns)
{
	(void)mono_ns;
	assert_true(c->used);
	((struct feed *)s)->n_sockets++;
}

static inline void on_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	(void)mono_ns;
	((struct feed *)s)->lost[cause] += count;
}

static inline void on_summary(struct sink *s, const struct summary *sum)
{
	((struct feed *)s)->summary = *sum;
	((struct feed *)s)->n_summaries++;
}

static inline int on_flush(struct sink *s)
{
	((struct feed *)s)->n_flushes++;
	return ((struct feed *)s)->flush_err;
}

static inline void on_free(struct sink *s)
{
	((struct feed *)s)->n_frees++;
}

static inline int feed_begin(void **unused)
{
	static const struct sink_ops ops = {
		.hello = on_hello,
		.socket = on_socket,
		.transition = on_transition,
		.alert = on_alert,
		.lost = on_lost,
		.summary = on_summary,
		.flush = on_flush,
		.free = on_free,
	};

	(void)unused;
	memset(&feed, 0, sizeof(feed));
	feed.sink.ops = &ops;
	feed.now_ns = 1000 * SEC;
	assert_int_equal(model_init(&feed.m), 0);
	assert_int_equal(model_add_sink(&feed.m, &feed.sink), 0);
	feed.m.alerts = true;
	feed.m.half_open = true;
	feed.m.small_source = SMALL_RECORDS;
	return 0;
}

static inline int feed_end(void **unused)
{
	(void)unused;
	model_free(&feed.m);
	return 0;
}

#define feed_test(f) cmocka_unit_test_setup_teardown(f, feed_begin, feed_end)

static inline void later(__u64 ns)
{
	feed.now_ns += ns;
}

/*
 * In
 */

static inline struct sock_ident ident_of(__u64 cookie)
{
	struct sock_ident id = client_conn().ident;

	id.rport = 1 + cookie % 60000;
	id.born_ns = feed.now_ns;
	return id;
}

static inline struct rec_step step_of(__u64 cookie, unsigned int from, unsigned int to,
				      __u64 dwell_ns)
{
	return (struct rec_step){
		.from = from,
		.to = to,
		.lport = 54321,
		.roles = ROLES(ROLE_ACTIVE, 0),
		.cookie = cookie,
		.mono_ns = feed.now_ns,
		.dwell_ns = dwell_ns,
	};
}

static inline void take(const void *rec, size_t size)
{
	assert_int_equal(model_record(&feed.m, rec, size), 0);
}

static inline void step_flagged(__u64 cookie, unsigned int from, unsigned int to, __u64 dwell_ns,
				unsigned int flags)
{
	struct rec_step r = step_of(cookie, from, to, dwell_ns);

	r.flags = flags;
	take(&r, sizeof(r));
}

static inline void step(__u64 cookie, unsigned int from, unsigned int to, __u64 dwell_ns)
{
	step_flagged(cookie, from, to, dwell_ns, 0);
}

/* With its identity. */
static inline void open_flagged(__u64 cookie, unsigned int from, unsigned int to, __u64 dwell_ns,
				unsigned int flags)
{
	struct rec_open r = {
		.step = step_of(cookie, from, to, dwell_ns),
		.ident = ident_of(cookie),
	};

	r.step.kind = REC_OPEN;
	r.step.flags = flags;
	take(&r, sizeof(r));
}

/* connect() */
static inline void opens(__u64 cookie)
{
	open_flagged(cookie, ST_CLOSE, ST_SYN_SENT, 0, STEP_FIRST);
}

static inline void ends_with(__u64 cookie, unsigned int from, __u64 dwell_ns, unsigned int flags,
			     struct sock_end end)
{
	struct rec_end r = {.step = step_of(cookie, from, ST_CLOSE, dwell_ns), .end = end};

	r.step.kind = REC_END;
	r.step.flags = flags;
	take(&r, sizeof(r));
}

static inline void ends(__u64 cookie, unsigned int from, __u64 dwell_ns)
{
	ends_with(cookie, from, dwell_ns, 0, (struct sock_end){.bytes_sent = 42});
}

/* The peer has closed, after 1 ms, and this side has not. */
static inline void closed_on(__u64 cookie)
{
	opens(cookie);
	step(cookie, ST_SYN_SENT, ST_ESTABLISHED, MS);
	step(cookie, ST_ESTABLISHED, ST_CLOSE_WAIT, MS);
}

/* To FIN_WAIT_2, by this side, all states 1 ms long. */
static inline void reaches_fin_wait_2(__u64 cookie)
{
	opens(cookie);
	later(MS);
	step(cookie, ST_SYN_SENT, ST_ESTABLISHED, MS);
	later(MS);
	step(cookie, ST_ESTABLISHED, ST_FIN_WAIT1, MS);
	later(MS);
	step(cookie, ST_FIN_WAIT1, ST_FIN_WAIT2, MS);
}

static inline void small_by(__u64 cookie, unsigned int what, unsigned int substate, __s64 left_ns,
			    enum via via)
{
	struct rec_small r = {
		.kind = REC_SMALL,
		.what = what,
		.substate = substate,
		.via = via,
		.wheel_us = feed.wheel_us,
		.cookie = cookie,
		.mono_ns = feed.now_ns,
		.left_ns = left_ns,
	};

	take(&r, sizeof(r));
}

static inline void small(__u64 cookie, unsigned int what, unsigned int substate, __s64 left_ns)
{
	small_by(cookie, what, substate, left_ns, VIA_TIMER);
}

static inline void request(const struct sock_ident *id, unsigned int what, unsigned int retransmits)
{
	struct rec_request r = {
		.kind = REC_REQUEST,
		.what = what,
		.family = id->family,
		.retransmits = retransmits,
		.netns = id->netns,
		.mono_ns = feed.now_ns,
		.lport = id->lport,
		.rport = id->rport,
	};

	memcpy(r.laddr, id->laddr, sizeof(r.laddr));
	memcpy(r.raddr, id->raddr, sizeof(r.raddr));
	take(&r, sizeof(r));
}

static inline struct row_sock row_of(unsigned int kind, __u64 cookie, unsigned int state)
{
	return (struct row_sock){
		.kind = kind,
		.state = state,
		.cookie = cookie,
		.mono_ns = feed.now_ns,
		.since_ns = feed.now_ns,
		.ident = ident_of(cookie),
	};
}

/* A socket that has been in its state for so long. */
static inline void row_full(__u64 cookie, unsigned int state, __u64 stay_ns, unsigned int flags)
{
	struct row_sock r = row_of(ROW_FULL, cookie, state);

	r.since_ns = feed.now_ns - stay_ns;
	r.flags = flags;
	model_row(&feed.m, &r);
}

static inline void row_small(__u64 cookie, unsigned int substate, __s64 left_ns)
{
	struct row_sock r = row_of(ROW_SMALL, cookie, substate);

	if (substate == ST_FIN_WAIT2)
		r.flags |= ROW_AT_LEAST;
	r.left_ns = left_ns;
	r.wheel_us = feed.wheel_us;
	r.ident.owner = (struct sock_owner){0};
	r.ident.born_ns = 0;
	model_row(&feed.m, &r);
}

static inline void row_request(const struct sock_ident *id, unsigned int retransmits)
{
	struct row_sock r = row_of(ROW_REQUEST, 0, ST_NEW_SYN_RECV);

	r.ident = *id;
	r.retransmits = retransmits;
	model_row(&feed.m, &r);
}

static inline void sweep_begins(void)
{
	model_resync_begin(&feed.m, feed.now_ns);
}

static inline void sweep_ends(void)
{
	model_resync_end(&feed.m, feed.now_ns);
}

/* A sweep that meets nothing. */
static inline void sweep_of_nothing(void)
{
	sweep_begins();
	sweep_ends();
}

static inline void tick(void)
{
	model_tick(&feed.m, feed.now_ns);
}

/*
 * Out
 */

/* The next one that was told: from, to and stay must be as said. */
static inline const struct seen *told(unsigned int from, unsigned int to, __u64 dwell_ns)
{
	const struct seen *s = &feed.seen[feed.at];

	if (feed.at >= feed.n)
		fail_msg("no transition was told, not %u -> %u", from, to);
	feed.at++;
	if (s->t.from != from || s->t.to != to)
		fail_msg("told %u -> %u, not %u -> %u", s->t.from, s->t.to, from, to);
	if (s->t.dwell_ns != dwell_ns)
		fail_msg("%u -> %u after %llu ns, not %llu", from, to,
			 (unsigned long long)s->t.dwell_ns, (unsigned long long)dwell_ns);
	return s;
}

/* The same, with the reason of its end. */
static inline const struct seen *told_end(unsigned int from, __u64 dwell_ns, unsigned int reason)
{
	const struct seen *s = told(from, ST_CLOSE, dwell_ns);

	assert_int_equal(s->t.reason, reason);
	return s;
}

static inline void told_nothing(void)
{
	if (feed.at < feed.n)
		fail_msg("told %u -> %u", feed.seen[feed.at].t.from, feed.seen[feed.at].t.to);
}

/* What leads to FIN_WAIT_2 was told: it is not the matter of the test. */
static inline void told_until_fin_wait_2(void)
{
	while (feed.at < feed.n && feed.seen[feed.at++].t.to != ST_FIN_WAIT2)
		;
	told_nothing();
}

static inline const struct seen_alert *alerted(unsigned int status, unsigned int state,
					       __u64 dwell_ns)
{
	const struct seen_alert *s = &feed.alert[feed.at_alert];

	if (feed.at_alert >= feed.n_alerts)
		fail_msg("no alert was told");
	feed.at_alert++;
	assert_int_equal(s->a.status, status);
	assert_int_equal(s->a.state, state);
	assert_int_equal(s->a.dwell_ns, dwell_ns);
	return s;
}

static inline void alerted_nothing(void)
{
	assert_int_equal(feed.at_alert, feed.n_alerts);
}

/* Nothing is followed any more, and no count is left over. */
static inline void all_is_over(void)
{
	const struct model *m = &feed.m;

	told_nothing();
	assert_int_equal(m->table.n, 0);
	assert_int_equal(m->deadlines.n, 0);
	assert_int_equal(m->n_small, 0);
	assert_int_equal(m->n_limbo, 0);
	assert_int_equal(m->n_half_open, 0);
	assert_int_equal(m->fin_waits.old + m->fin_waits.young, 0);
	for (int i = 0; i < ST_MAX; i++)
		assert_int_equal(m->by_state[i], 0);
	assert_false(m->no_memory);
}

#endif
