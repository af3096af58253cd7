/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pieces of a JSON line, for the files that write lines: each begins with its
 * comma, but for the first of an object.
 */
#ifndef TCPDWELL_OUT_JSON_PARTS_H
#define TCPDWELL_OUT_JSON_PARTS_H

#include <string.h>

#include "model/rules.h"
#include "out/escape.h"
#include "out/json.h"
#include "out/sink.h"

/* More than a line takes without its strings of any length. */
#define LINE_ROOM 2912
#define STRING_ROOM(s) ((s) ? JSON_ESCAPE_MAX * strlen(s) : 0)

struct json_sink {
	struct out_sink out;
	struct {
		const char *name;
		size_t len;
	} states[ST_MAX];
};

static inline char *quote(char *p)
{
	*p = '"';
	return p + 1;
}

/* A name of our own, which needs no escape. */
static inline char *put_name(char *p, const char *name)
{
	return quote(fmt_str(p, name));
}

static inline char *put_string(char *p, const char *s)
{
	return quote(json_escape(p, s, strlen(s)));
}

static inline char *put_state(const struct json_sink *j, char *p, unsigned int state)
{
	if (state >= ST_MAX)
		state = ST_NONE;
	p = mempcpy(p, j->states[state].name, j->states[state].len);
	return quote(p);
}

static inline char *put_time(struct json_sink *j, char *p, __u64 mono_ns)
{
	p = KEY_STR(p, "time");
	p = quote(fmt_time(p, &j->out.clock, out_real_ns(&j->out, mono_ns)));
	p = KEY(p, "mono_ns");
	return fmt_u64(p, mono_ns);
}

static inline char *put_dwell(char *p, __u64 dwell_ns, bool at_least)
{
	p = KEY(p, "dwell_ns");
	p = fmt_u64(p, dwell_ns);
	return at_least ? FMT_LIT(p, ",\"dwell\":\"at_least\"")
			: FMT_LIT(p, ",\"dwell\":\"exact\"");
}

static inline char *put_rule(char *p, const struct rule *rule)
{
	p = quote(json_escape(p, rule->name, strnlen(rule->name, sizeof(rule->name))));
	p = KEY(p, "threshold_ns");
	return fmt_u64(p, rule->threshold_ns);
}

static inline void end_line(struct json_sink *j, char *p)
{
	p = FMT_LIT(p, "}\n");
	obuf_done(&j->out.buf, p);
}

/* Lines about what is wrong. */
void json_alert(struct sink *s, const struct alert *a);
void json_pressure(struct sink *s, const struct pressure_news *n);
void json_killed(struct sink *s, const struct kill_news *k);

#endif
