// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>
#include "model/container.h"
#include "model/diagnosis.h"
#include "model/rules.h"
#include "out/note.h"
#include "out/pods.h"
#include "out/sink.h"

#define SEC 1000000000ULL

/*
 * Owner
 */

static char *put_comm(char *p, const char comm[COMM_LEN])
{
	return term_escape(p, comm, strnlen(comm, COMM_LEN));
}

/* The pod ("shop/web-0"), the container ("docker:3f4e5d6c7b8a"), or the last part of the path:
 * "nginx.service". */
static char *cgroup_name(char *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash && slash[1] ? slash + 1 : path;
	const char *pod = pod_of_path(path);
	struct container c;

	*p++ = '[';
	if (pod) {
		name = pod;
	} else if (container_parse(path, &c) && *c.id) {
		name = c.id;
		if (c.runtime) {
			p = fmt_str(p, c.runtime);
			*p++ = ':';
		}
	}
	p = term_escape(p, name, strnlen(name, 255));
	*p++ = ']';
	return p;
}

char *owner_text(char *p, const struct sock_ident *id, const char *cgroup, size_t *keep)
{
	const struct sock_owner *o = &id->owner;
	char *ids;

	*keep = 0;
	if (!o->how && cgroup)
		return cgroup_name(p, cgroup);
	if (!o->how)
		return FMT_LIT(p, "-");
	p = put_comm(p, o->comm);
	ids = p;
	*p++ = '/';
	p = fmt_u64(p, o->pid);
	if (o->tid && o->tid != o->pid) {
		*p++ = '/';
		p = fmt_u64(p, o->tid);
	}
	*keep = p - ids;
	return p;
}

/*
 * Notes
 */

static const char *reason_text(enum reason reason)
{
	switch (reason) {
	case REASON_RESET_RECEIVED:
		return "RST in";
	case REASON_RESET_SENT:
		return "RST out";
	case REASON_TIME_WAIT_OVERFLOW:
		return "over tcp_max_tw_buckets";
	case REASON_UNKNOWN:
		return "end not seen";
	default:
		return reason_name(reason);
	}
}

struct note {
	char *start;
	char *p;
	unsigned int left; /* columns */
};

/* Where the first words end that fit; a word of its own is cut. */
static size_t fit_words(const char *text, size_t len, size_t room)
{
	const char *space;

	if (len <= room)
		return len;
	if (text[room] == ' ')
		return room;
	space = memrchr(text, ' ', room);
	return space ? (size_t)(space - text) : room;
}

/* All of the parts are ASCII. */
static void note_add(struct note *n, const char *text, const char *end)
{
	size_t len = end - text, sep = n->p > n->start ? 2 : 0;

	/* The first part is worth its beginning. */
	if (!sep)
		len = fit_words(text, len, n->left);
	if (len + sep > n->left)
		return;
	if (sep)
		n->p = FMT_LIT(n->p, ", ");
	n->p = mempcpy(n->p, text, len);
	n->left -= len + sep;
}

static void note_over(struct note *n, const struct rule *rule)
{
	char text[64], *p;

	p = rule->step ? FMT_LIT(text, "!! over ") : FMT_LIT(text, "! over ");
	note_add(n, text, fmt_threshold(p, rule->threshold_ns));
}

static void note_word(struct note *n, const char *word)
{
	if (word)
		note_add(n, word, word + strlen(word));
}

static void note_role(struct note *n, enum sock_role role, const char *what)
{
	const char *name = role_name(role);
	char text[64];

	if (name)
		note_add(n, text, fmt_str(fmt_str(text, name), what));
}

static void note_count(struct note *n, const char *before, __u64 count, const char *after)
{
	char text[64];

	if (count)
		note_add(n, text, fmt_str(fmt_u64(fmt_str(text, before), count), after));
}

/* Nothing of a connection that never was, and no age that the dwell has told already. */
static void note_end(struct note *n, const struct sock_end *e, __u64 dwell_ns)
{
	bool bytes = !(e->facts & END_NO_TCP) && (e->bytes_sent || e->bytes_received);
	char text[64], *p;

	if (bytes) {
		p = fmt_size(FMT_LIT(text, "sent "), e->bytes_sent);
		p = fmt_size(FMT_LIT(p, " got "), e->bytes_received);
		note_add(n, text, p);
	}
	if (e->age_ns > dwell_ns)
		note_add(n, text, fmt_duration(FMT_LIT(text, "age "), e->age_ns));
	if (!(e->facts & END_NO_TCP))
		note_count(n, "retransmits ", e->retransmits, "");
}

static void note_reused_by(struct note *n, __u64 cookie)
{
	char text[64];

	if (cookie)
		note_add(n, text, fmt_hex(FMT_LIT(text, "by sk:"), cookie));
}

char *note_text(char *p, const struct transition *t, unsigned int limit)
{
	struct note n = {.start = p, .p = p, .left = limit};
	enum sock_role open = ROLE_OPEN(t->conn->roles), close = ROLE_CLOSE(t->conn->roles);

	if (t->over)
		note_over(&n, t->over);
	note_word(&n, reason_text(t->reason));
	if (close && !t->first)
		note_role(&n, close, " close");
	else if (t->to != ST_CLOSE)
		note_role(&n, open, " open");
	note_count(&n, "re-armed ", t->from == ST_TIME_WAIT ? t->rearms : 0, "x");
	note_reused_by(&n, t->reused_by);
	if (t->end)
		note_end(&n, t->end, t->dwell_ns);
	if (t->conn->ident.mptcp)
		note_word(&n, "mptcp");
	return n.p;
}

/*
 * Alerts
 */

/* A few tell the case; JSON has them all. */
#define HOLDERS_SHOWN 4

static char *put_holders(char *p, const struct alert *a)
{
	for (__u32 i = 0; i < a->n_holders && i < HOLDERS_SHOWN; i++) {
		const struct holder *h = &a->holders[i];

		p = i ? FMT_LIT(p, ", ") : FMT_LIT(p, "held by ");
		p = put_comm(p, h->comm);
		*p++ = '/';
		p = fmt_u64(p, h->pid);
		if (h->flags & HOLDER_OWN_TABLE)
			p = fmt_u64(FMT_LIT(p, "/"), h->tid);
		p = FMT_LIT(p, " fd ");
		p = fmt_u64(p, h->fd);
		if (h->flags & HOLDER_INHERITED)
			p = FMT_LIT(p, " inherited");
	}
	if (a->n_holders > HOLDERS_SHOWN) {
		p = FMT_LIT(p, " and ");
		p = fmt_u64(p, a->n_holders - HOLDERS_SHOWN);
		p = FMT_LIT(p, " more");
	}
	return p;
}

static char *put_alert_dwell(char *p, const struct alert *a)
{
	bool firing = a->status == ALERT_FIRING;

	p = firing ? FMT_LIT(p, " for ") : FMT_LIT(p, " ended after ");
	if (a->at_least)
		p = FMT_LIT(p, "at least ");
	/* as the transition beside it says it */
	if (!firing)
		return fmt_duration(p, a->dwell_ns);
	/* Told a moment after the threshold passed: "60s", as it was asked for. */
	p = fmt_threshold(p, a->dwell_ns < SEC ? a->dwell_ns : a->dwell_ns / SEC * SEC);
	return FMT_LIT(p, " so far");
}

static char *put_alert_ends(char *p, const struct sock_ident *id)
{
	p = fmt_endpoint(p, id->laddr, id->lport);
	p = FMT_LIT(p, " - ");
	return fmt_endpoint(p, id->raddr, id->rport);
}

static char *add_part(struct alert_text *t, char *start, char *end)
{
	t->part[t->n] = start;
	t->len[t->n++] = end - start;
	return end;
}

/* What was found when it fired is stale when it is over. */
void alert_text(struct alert_text *t, const struct alert *a, const char *state, const char *cgroup)
{
	const char *diagnosis = diagnosis_words(a->diagnosis);
	char *p = t->text, *q;
	size_t keep;

	t->n = 0;
	q = a->rule->step ? FMT_LIT(p, "!! ") : FMT_LIT(p, "! ");
	p = add_part(t, p, put_alert_dwell(fmt_str(q, state), a));
	p = add_part(t, p, owner_text(p, &a->conn->ident, cgroup, &keep));
	p = add_part(t, p, put_alert_ends(p, &a->conn->ident));
	if (a->status != ALERT_FIRING)
		return;
	if (diagnosis)
		p = add_part(t, p, fmt_str(p, diagnosis));
	if (a->n_holders)
		add_part(t, p, put_holders(p, a));
}

/*
 * Talk: it is said once, and may take its time
 */

static void say(struct obuf *b, const char *text)
{
	obuf_add(b, text, strlen(text));
}

/* What is not ours. */
static void say_escaped(struct obuf *b, const char *text)
{
	size_t n = strlen(text);
	char *p = obuf_room(b, TERM_ESCAPE_MAX * n);

	if (p)
		obuf_done(b, term_escape(p, text, n));
}

static void say_count(struct obuf *b, __u64 count)
{
	char text[FMT_U64_MAX];

	obuf_add(b, text, fmt_u64(text, count) - text);
}

static void say_number(struct obuf *b, __u64 count, const char *noun)
{
	say_count(b, count);
	say(b, noun);
	say(b, count == 1 ? "" : "s");
}

static void say_sockets(struct obuf *b, const struct hello *h, enum name_set names)
{
	bool any = false;

	say(b, "already there: ");
	for (unsigned int i = 0; i < ST_MAX; i++) {
		__u32 count = out_count_named(h, names, i);

		if (!count)
			continue;
		say(b, any ? ", " : "");
		any = true;
		say_count(b, count);
		say(b, " ");
		say(b, state_name(names, i));
	}
	say(b, any ? "" : "no TCP socket");
	if (h->n_netns > 1) {
		say(b, ", in ");
		say_count(b, h->n_netns);
		say(b, " network namespaces");
	}
	say(b, "\n");
}

static void say_tier(struct obuf *b, const struct hello *h, enum name_set names)
{
	bool none = !h->tier || !strcmp(h->tier, "none");

	say(b, none ? "not shown: " : "after the close of a socket: ");
	say(b, state_name(names, ST_TIME_WAIT));
	say(b, " and most of ");
	say(b, state_name(names, ST_FIN_WAIT2));
	if (!none) {
		say(b, " seen by ");
		say_escaped(b, h->tier);
	}
	if (h->tier_reason) {
		say(b, none ? ": " : "; ");
		say_escaped(b, h->tier_reason);
	}
	say(b, "\n");
}

void hello_talk(struct obuf *b, const struct hello *h, enum name_set names)
{
	say(b, "tcpdwell ");
	say_escaped(b, h->version ? h->version : "");
	if (h->kernel) {
		say(b, " on Linux ");
		say_escaped(b, h->kernel);
	}
	say(b, h->alerts_only ? ", watching " : ", showing ");
	say_escaped(b, h->filter	? h->filter
		       : h->alerts_only ? "every TCP socket"
					: "every TCP state transition");
	say(b, "\n");
	say_tier(b, h, names);
	say_sockets(b, h, names);
}

static void say_lost(struct obuf *b, const __u64 lost[LOST_NCAUSES])
{
	__u64 total = 0;

	for (int i = 0; i < LOST_NCAUSES; i++)
		total += lost[i];
	say(b, ", ");
	say_count(b, total);
	say(b, " lost");
	for (int i = 0; i < LOST_NCAUSES; i++) {
		if (!lost[i])
			continue;
		say(b, " (");
		say(b, lost_name(i));
		say(b, " ");
		say_count(b, lost[i]);
		say(b, ")");
	}
}

void summary_talk(struct obuf *b, const struct summary *sum)
{
	char text[FMT_DURATION_MAX];

	say_number(b, sum->transitions, " transition");
	say(b, " in ");
	obuf_add(b, text, fmt_duration(text, sum->duration_ns) - text);
	say_lost(b, sum->lost);
	if (sum->half_open_unseen) {
		say(b, ", failed handshakes not counted");
	} else if (sum->half_open) {
		say(b, ", ");
		say_number(b, sum->half_open, " handshake");
		say(b, " never completed");
	}
	if (sum->alerts) {
		say(b, ", ");
		say_number(b, sum->alerts, " alert");
	}
	say(b, "\n");
}

void alerts_talk(struct obuf *b, const struct summary *sum)
{
	char text[FMT_DURATION_MAX];

	say_number(b, sum->alerts, " alert");
	say(b, " in ");
	obuf_add(b, text, fmt_duration(text, sum->duration_ns) - text);
	say_lost(b, sum->lost);
	say(b, "\n");
}
