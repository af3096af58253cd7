// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "out/escape.h"
#include "out/metrics.h"
#include "out/sink.h"
#include "out/stuck.h"

/*
 * In seconds.  Around 60, where Linux ends TIMED_WAIT and the default rules
 * fire, the steps are close; 240 is the 2MSL of RFC 793.
 */
static const double bounds[] = {0.001, 0.01, 0.1, 0.5, 1,   5,	 10,  30,
				59,    61,   65,  120, 240, 600, 3600};

#define N_BOUNDS (sizeof(bounds) / sizeof(*bounds))

struct histogram {
	__u64 bucket[N_BOUNDS + 1];
	__u64 sum_ns;
};

struct metrics {
	struct sink sink;
	struct metrics_options o;
	struct sink *json; /* writes alerts into memory */
	struct stuck_table stuck;
	__u64 transitions[ST_MAX][ST_MAX];
	struct histogram dwell[ST_MAX];
	__u64 ended[REASON_MAX];
	__u64 alerts[ST_MAX][2]; /* by enum alert_status */
	__u64 lost[LOST_NCAUSES];
	__u8 shown_as[ST_MAX]; /* the first state of the same name */
	char kernel[65];
	char tier[16];
	char tier_reason[128];
};

/*
 * What is told
 */

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void on_hello(struct sink *s, const struct hello *h)
{
	struct metrics *m = (struct metrics *)s;

	copy(m->kernel, sizeof(m->kernel), h->kernel);
	copy(m->tier, sizeof(m->tier), h->tier);
	copy(m->tier_reason, sizeof(m->tier_reason), h->tier_reason);
}

static void observe(struct histogram *h, __u64 dwell_ns)
{
	double seconds = (double)dwell_ns / 1e9;
	size_t i = 0;

	while (i < N_BOUNDS && seconds > bounds[i])
		i++;
	h->bucket[i]++;
	h->sum_ns += dwell_ns;
}

static void on_transition(struct sink *s, const struct transition *t)
{
	struct metrics *m = (struct metrics *)s;
	unsigned int from = m->shown_as[t->from], to = m->shown_as[t->to];

	m->transitions[from][to]++;
	/* a lower bound would make the distribution wrong */
	if (!t->first && !t->at_least)
		observe(&m->dwell[from], t->dwell_ns);
	if (t->to == ST_CLOSE)
		m->ended[t->reason]++;
}

static void on_alert(struct sink *s, const struct alert *a)
{
	struct metrics *m = (struct metrics *)s;
	struct obuf *b = &((struct out_sink *)m->json)->buf;

	m->alerts[m->shown_as[a->state]][a->status == ALERT_RESOLVED]++;
	if (a->status == ALERT_RESOLVED) {
		stuck_del(&m->stuck, a->conn);
		return;
	}
	m->json->ops->alert(m->json, a);
	stuck_put(&m->stuck, a, b->len ? b->data : NULL, b->len ? b->len - 1 : 0);
	obuf_clear(b);
}

static void on_lost(struct sink *s, enum lost_cause cause, __u64 count, __u64 mono_ns)
{
	(void)mono_ns;
	((struct metrics *)s)->lost[cause] += count;
}

static void metrics_clock(struct sink *s, __s64 mono_to_real_ns)
{
	out_set_clock(((struct metrics *)s)->json, mono_to_real_ns);
}

static void metrics_free(struct sink *s)
{
	struct metrics *m = (struct metrics *)s;

	if (m->json)
		m->json->ops->free(m->json);
	stuck_free(&m->stuck);
	free(m);
}

/*
 * The format
 */

void metrics_family(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_label(FILE *f, const char *value, size_t len)
{
	fputc('"', f);
	for (size_t i = 0, n; i < len; i += n) {
		char text[64 * TERM_ESCAPE_MAX], *end;

		/* no character may be cut in two */
		for (n = len - i > 60 ? 60 : len - i;
		     i + n < len && n > 50 && (value[i + n] & 0xc0) == 0x80;)
			n--;
		end = term_escape(text, value + i, n);
		for (const char *p = text; p < end; p++) {
			if (*p == '"' || *p == '\\')
				fputc('\\', f);
			fputc(*p, f);
		}
	}
	fputc('"', f);
}

static void label(FILE *f, const char *value)
{
	metrics_label(f, value, strlen(value));
}

void metrics_value(FILE *f, double value)
{
	fprintf(f, " %.15g\n", value);
}

static void count(FILE *f, __u64 value)
{
	fprintf(f, " %llu\n", value);
}

/*
 * The families
 */

static void put_info(const struct metrics *m, FILE *f)
{
	metrics_family(f, "tcpdwell_build_info", "gauge", "The version of tcpdwell; always 1.");
	fputs("tcpdwell_build_info{version=\"" TCPDWELL_VERSION "\"} 1\n", f);
	metrics_family(f, "tcpdwell_tier_info", "gauge",
		       "How this kernel shows TIMED_WAIT, and why not better; always 1.");
	fputs("tcpdwell_tier_info{tier=", f);
	label(f, m->tier);
	fputs(",reason=", f);
	label(f, m->tier_reason);
	fputs(",kernel=", f);
	label(f, m->kernel);
	fputs("} 1\n", f);
}

static const char *name_of(const struct metrics *m, unsigned int state)
{
	return state_name(m->o.names, state);
}

/* CLOSED is no state that a socket can be counted in, and a name is shown once. */
static bool is_shown(const struct metrics *m, unsigned int state)
{
	return state != ST_NONE && state != ST_CLOSE && m->shown_as[state] == state;
}

static void put_sockets(const struct metrics *m, FILE *f)
{
	__u32 n[ST_MAX] = {0};

	for (unsigned int i = 0; i < ST_MAX; i++)
		n[m->shown_as[i]] += m->o.by_state ? m->o.by_state[i] : 0;
	metrics_family(f, "tcpdwell_sockets", "gauge", "TCP sockets by state, now.");
	for (unsigned int i = 0; i < ST_MAX; i++) {
		if (!is_shown(m, i))
			continue;
		fprintf(f, "tcpdwell_sockets{state=\"%s\"}", name_of(m, i));
		count(f, n[i]);
	}
}

static void put_transitions(const struct metrics *m, FILE *f)
{
	metrics_family(f, "tcpdwell_transitions_total", "counter", "TCP state transitions.");
	for (unsigned int i = 0; i < ST_MAX; i++)
		for (unsigned int j = 0; j < ST_MAX; j++)
			if (m->transitions[i][j]) {
				fprintf(f, "tcpdwell_transitions_total{from=\"%s\",to=\"%s\"}",
					name_of(m, i), name_of(m, j));
				count(f, m->transitions[i][j]);
			}
}

static void put_ended(const struct metrics *m, FILE *f)
{
	metrics_family(f, "tcpdwell_connections_ended_total", "counter",
		       "Connections, and their TIMED_WAIT, that ended, by reason.");
	for (int i = 0; i < REASON_MAX; i++)
		if (reason_name(i)) {
			fprintf(f, "tcpdwell_connections_ended_total{reason=\"%s\"}",
				reason_name(i));
			count(f, m->ended[i]);
		}
}

static void put_histogram(FILE *f, const struct histogram *h, const char *state)
{
	__u64 sum = 0;

	for (size_t i = 0; i < N_BOUNDS; i++) {
		sum += h->bucket[i];
		fprintf(f, "tcpdwell_dwell_seconds_bucket{state=\"%s\",le=\"%g\"}", state,
			bounds[i]);
		count(f, sum);
	}
	sum += h->bucket[N_BOUNDS];
	fprintf(f, "tcpdwell_dwell_seconds_bucket{state=\"%s\",le=\"+Inf\"}", state);
	count(f, sum);
	fprintf(f, "tcpdwell_dwell_seconds_sum{state=\"%s\"}", state);
	metrics_value(f, (double)h->sum_ns / 1e9);
	fprintf(f, "tcpdwell_dwell_seconds_count{state=\"%s\"}", state);
	count(f, sum);
}

static void put_dwell(const struct metrics *m, FILE *f)
{
	metrics_family(f, "tcpdwell_dwell_seconds", "histogram",
		       "Time that sockets stayed in a state, of stays that were seen to their end "
		       "from their begin on.");
	for (unsigned int i = 0; i < ST_MAX; i++)
		if (is_shown(m, i))
			put_histogram(f, &m->dwell[i], name_of(m, i));
}

static void put_group(const struct metrics *m, FILE *f, const char *family,
		      const struct stuck_group *g)
{
	const struct stuck *s = g->one;
	size_t len = strnlen(s->comm, COMM_LEN);

	fprintf(f, "%s{rule=", family);
	metrics_label(f, s->rule, strnlen(s->rule, RULE_NAME_LEN));
	fprintf(f, ",state=\"%s\",process=", name_of(m, m->shown_as[s->state]));
	if (g->other)
		label(f, STUCK_OTHER);
	else if (len)
		metrics_label(f, s->comm, len);
	else
		label(f, "-");
	fputc('}', f);
}

static void put_stuck(const struct metrics *m, FILE *f, __u64 now_ns)
{
	struct stuck_group *groups;
	size_t n;

	if (stuck_groups(&m->stuck, METRICS_PROCESSES, &groups, &n))
		return;
	metrics_family(
		f, "tcpdwell_stuck_sockets", "gauge",
		"Sockets that are longer in a state than a rule allows, by rule and process.");
	for (size_t i = 0; i < n; i++) {
		put_group(m, f, "tcpdwell_stuck_sockets", &groups[i]);
		count(f, groups[i].n);
	}
	metrics_family(f, "tcpdwell_stuck_oldest_seconds", "gauge",
		       "How long the oldest of these sockets has been in its state.");
	for (size_t i = 0; i < n; i++) {
		__u64 since_ns = groups[i].since_ns;

		put_group(m, f, "tcpdwell_stuck_oldest_seconds", &groups[i]);
		metrics_value(f, now_ns > since_ns ? (double)(now_ns - since_ns) / 1e9 : 0);
	}
	free(groups);
}

static void put_alerts(const struct metrics *m, FILE *f)
{
	metrics_family(f, "tcpdwell_alerts_total", "counter", "Alerts by state.");
	for (unsigned int i = 0; i < ST_MAX; i++) {
		if (!is_shown(m, i))
			continue;
		fprintf(f, "tcpdwell_alerts_total{state=\"%s\",status=\"firing\"}", name_of(m, i));
		count(f, m->alerts[i][0]);
		fprintf(f, "tcpdwell_alerts_total{state=\"%s\",status=\"resolved\"}",
			name_of(m, i));
		count(f, m->alerts[i][1]);
	}
}

static void put_lost(const struct metrics *m, FILE *f)
{
	metrics_family(f, "tcpdwell_events_lost_total", "counter",
		       "Events that the kernel side could not hand over, by cause.");
	for (int i = 0; i < LOST_NCAUSES; i++) {
		fprintf(f, "tcpdwell_events_lost_total{cause=\"%s\"}", lost_name(i));
		count(f, m->lost[i]);
	}
}

void metrics_render(struct sink *s, FILE *f, __u64 now_ns)
{
	const struct metrics *m = (struct metrics *)s;

	put_info(m, f);
	put_sockets(m, f);
	put_transitions(m, f);
	put_dwell(m, f);
	put_ended(m, f);
	put_stuck(m, f, now_ns);
	put_alerts(m, f);
	if (m->o.pressure)
		metrics_pressure(f, m->o.pressure);
	put_lost(m, f);
	if (m->o.more)
		m->o.more(m->o.ctx, f, now_ns);
	metrics_process(f);
}

void metrics_stuck_json(struct sink *s, FILE *f, __u64 now_ns)
{
	const struct metrics *m = (struct metrics *)s;
	bool any = false;

	fprintf(f, "{\"count\":%u,\"listed\":%u,\"stuck\":[", m->stuck.n, m->stuck.with_json);
	for (__u32 i = 0; i < m->stuck.cap; i++) {
		const struct stuck *one = &m->stuck.place[i];

		if (!one->json)
			continue;
		fprintf(f, "%s{\"stuck_ns\":%llu,", any ? ",\n" : "\n",
			now_ns > one->since_ns ? now_ns - one->since_ns : 0);
		fwrite(one->json + 1, 1, one->json_len - 1, f);
		any = true;
	}
	fputs("]}\n", f);
}

static const struct sink_ops metrics_ops = {
	.hello = on_hello,
	.transition = on_transition,
	.alert = on_alert,
	.lost = on_lost,
	.clock = metrics_clock,
	.free = metrics_free,
};

static void name_states(struct metrics *m)
{
	for (unsigned int i = 0; i < ST_MAX; i++) {
		unsigned int first = 0;

		while (strcmp(name_of(m, first), name_of(m, i)))
			first++;
		m->shown_as[i] = first;
	}
}

struct sink *metrics_sink_new(const struct metrics_options *o)
{
	struct metrics *m = calloc(1, sizeof(*m));
	struct out_options to_memory = {
		.fd = -1,
		.talk_fd = -1,
		.names = o->names,
		.mono_to_real_ns = o->mono_to_real_ns,
		.cgroup_path = o->cgroup_path,
	};

	if (!m)
		return NULL;
	m->sink.ops = &metrics_ops;
	m->o = *o;
	m->json = json_sink_new(&to_memory);
	if (!m->json) {
		free(m);
		return NULL;
	}
	name_states(m);
	return &m->sink;
}
