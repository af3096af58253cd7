// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "kern/cgroup.h"
#include "kern/netns.h"
#include "kern/pods.h"
#include "out/escape.h"
#include "out/pods.h"
#include "util/files.h"
#include "util/log.h"
#include "util/parse.h"

enum key {
	KEY_PORT = 256,
	KEY_LPORT,
	KEY_RPORT,
	KEY_ADDR,
	KEY_STATE,
	KEY_PID,
	KEY_COMM,
	KEY_CGROUP,
	KEY_NETNS,
	KEY_MIN_DWELL,
	KEY_NAMES,
	KEY_JSON,
	KEY_DURATION,
	KEY_COUNT,
	KEY_TIER,
	KEY_BUFFER_SIZE,
	KEY_VERBOSE,
	KEY_HALF_OPEN,
	KEY_MAX,
};

/* What the programs, their maps and their links take: with less, libbpf takes a kernel for an older
 * one. */
#define FILES_MIN 64

void options_init(struct options *o)
{
	memset(o, 0, sizeof(*o));
	rules_default(&o->rules);
}

/* What was given, cut to 60 bytes and safe for a terminal. */
static const char *shown(const char *arg)
{
	static char text[60 * TERM_ESCAPE_MAX + 1];
	size_t len = strlen(arg);

	*term_escape(text, arg, len < 60 ? len : 60) = '\0';
	return text;
}

static void remember(struct options *o, const char *name, const char *value)
{
	size_t at = strlen(o->filter_words);
	size_t left = sizeof(o->filter_words) - at;

	snprintf(o->filter_words + at, left, "%s%s%s%s", at ? " " : "", name, value ? " " : "",
		 value ? shown(value) : "");
}

static void bad(struct argp_state *state, const char *option, const char *arg, const char *takes)
{
	argp_error(state, "%s takes %s, not '%s'", option, takes, shown(arg));
}

void option_refuse(struct argp_state *state, const char *option, const char *arg, const char *takes)
{
	bad(state, option, arg, takes);
}

/* Room for one more value of an option, or the program ends. */
static __u8 one_more(struct argp_state *state, const char *option, __u8 *n)
{
	if (*n == FILTER_MAX)
		argp_error(state, "%s can be given %d times at most", option, FILTER_MAX);
	return (*n)++;
}

static void add_port(struct argp_state *state, const char *option, const char *arg, __u16 *list,
		     __u8 *n)
{
	if (parse_port(arg, &list[one_more(state, option, n)]))
		bad(state, option, arg, "a port from 1 to 65535");
}

static void add_state(struct argp_state *state, const char *arg, struct filter *f)
{
	unsigned int no = state_by_name(arg);

	if (no == ST_NONE)
		bad(state, "--state", arg, "a TCP state such as CLOSE_WAIT or TIME-WAIT");
	f->states |= ST_BIT(no);
}

static void add_pid(struct argp_state *state, const char *arg, struct filter *f)
{
	__u64 pid;

	if (parse_u64(arg, 1, 1 << 22, &pid))
		bad(state, "--pid", arg, "a process id");
	f->pid[one_more(state, "--pid", &f->n_pid)] = pid;
}

static void add_comm(struct argp_state *state, const char *arg, struct filter *f)
{
	char *to = f->comm[one_more(state, "--comm", &f->n_comm)];

	if (!*arg || strlen(arg) >= COMM_LEN)
		bad(state, "--comm", arg, "a process name of at most 15 bytes");
	strncpy(to, arg, COMM_LEN - 1);
}

static void add_cgroup(struct argp_state *state, const char *arg, struct options *o)
{
	struct filter *f = &o->tracer.filter;
	__u8 n = one_more(state, "--cgroup", &f->n_cgroup);
	struct filter_cgroup *cg = &f->cgroup[n];

	o->cgroup_text[n] = arg;
	if (!*arg || (!o->offline && cgroup_lookup(arg, &cg->id, &cg->level)))
		bad(state, "--cgroup", arg, "the path or id of a cgroup (v2)");
}

static void add_netns(struct argp_state *state, const char *arg, struct options *o)
{
	struct filter *f = &o->tracer.filter;
	__u8 n = one_more(state, "--netns", &f->n_netns);
	__u32 *ino = &f->netns[n];
	__u64 number;

	if (!parse_u64(arg, 1, UINT32_MAX, &number))
		*ino = number;
	else if (o->offline && *arg)
		o->netns_text[n] = arg;
	else if (netns_ino(arg, ino))
		bad(state, "--netns", arg, "the inode number, path or name of a network namespace");
}

bool options_netns_met(const struct options *o, __u32 unmet)
{
	for (unsigned int i = 0; i < FILTER_MAX; i++)
		if (unmet >> i & 1)
			warn_line("network namespace %u is not found: no process is in it, and it "
				  "is not mounted in /run/netns",
				  o->tracer.filter.netns[i]);
	return !unmet;
}

static const struct argp_option filter_options[] = {
	{0, 0, 0, 0,
	 "What to show (each of the first group may be repeated; repeated values are "
	 "alternatives):",
	 1},
	{"port", KEY_PORT, "PORT", 0, "the local or the remote port", 1},
	{"lport", KEY_LPORT, "PORT", 0, "the local port", 1},
	{"rport", KEY_RPORT, "PORT", 0, "the remote port", 1},
	{"addr", KEY_ADDR, "CIDR", 0,
	 "the local or the remote address: 10.0.0.0/8, 2001:db8::/32, ::/0 (all of IPv6)", 1},
	{"state", KEY_STATE, "STATE", 0, "sockets in this state; transitions from or to it", 1},
	{"pid", KEY_PID, "PID", 0, "the owner's process or thread id", 1},
	{"comm", KEY_COMM, "NAME", 0, "the owner's name", 1},
	{"cgroup", KEY_CGROUP, "PATH", 0, "the socket's cgroup (v2), or one below it", 1},
	{"netns", KEY_NETNS, "NETNS", 0, "network namespace: inode number, path or name", 1},
	{0, '4', 0, 0, "IPv4 sockets only", 1},
	{0, '6', 0, 0, "IPv6 sockets only", 1},
	{"min-dwell", KEY_MIN_DWELL, "DURATION", 0, "only after so long a stay in a state", 1},
	{0},
};

static error_t parse_filter(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct filter *f = &o->tracer.filter;

	switch (key) {
	case KEY_PORT:
		add_port(state, "--port", arg, f->port, &f->n_port);
		break;
	case KEY_LPORT:
		add_port(state, "--lport", arg, f->lport, &f->n_lport);
		break;
	case KEY_RPORT:
		add_port(state, "--rport", arg, f->rport, &f->n_rport);
		break;
	case KEY_ADDR:
		if (parse_cidr(arg, &f->addr[one_more(state, "--addr", &f->n_addr)]))
			bad(state, "--addr", arg, "an address or CIDR block without host bits");
		break;
	case KEY_STATE:
		add_state(state, arg, f);
		break;
	case KEY_PID:
		add_pid(state, arg, f);
		break;
	case KEY_COMM:
		add_comm(state, arg, f);
		break;
	case KEY_CGROUP:
		add_cgroup(state, arg, o);
		break;
	case KEY_NETNS:
		add_netns(state, arg, o);
		break;
	case KEY_MIN_DWELL:
		if (parse_duration(arg, &f->min_dwell_ns))
			bad(state, "--min-dwell", arg, "a duration such as 500ms, 90s, 4m or 2h");
		break;
	case '4':
	case '6':
		*(key == '4' ? &o->only_v4 : &o->only_v6) = true;
		/* both is the same as neither */
		f->family = o->only_v4 && o->only_v6 ? 0 : key - '0';
		remember(o, key == '4' ? "-4" : "-6", NULL);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	for (const struct argp_option *opt = filter_options; opt->doc; opt++)
		if (opt->key == key && opt->name)
			remember(o, opt->name, arg);
	return 0;
}

const struct argp filter_argp = {.options = filter_options, .parser = parse_filter};

static const struct argp_option output_options[] = {
	{0, 0, 0, 0, "How to show it:", 2},
	{"json", KEY_JSON, 0, 0, "one JSON object a line", 2},
	{"names", KEY_NAMES, "SET", 0,
	 "state names: article (Q137984, the default), rfc (RFC 9293), kernel", 2},
	{0},
};

static const struct setting output_settings[] = {
	SETTING(KEY_JSON, SET_FLAG, struct options, json),
	SETTING(KEY_NAMES, SET_NAME, struct options, names, .by_name = name_set_by_name,
		.takes = "article, rfc or kernel"),
	{0},
};

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
	return settings_parse(output_settings, output_options, key, arg, state);
}

const struct argp output_argp = {.options = output_options, .parser = parse_output};

static const struct argp_option run_options[] = {
	{0, 0, 0, 0, "How long, and how:", 3},
	{"duration", KEY_DURATION, "DURATION", 0, "stop after so long (500ms, 90s, 4m, 2h)", 3},
	{"count", KEY_COUNT, "N", 0, "stop after so many transitions", 3},
	{"tier", KEY_TIER, "TIER", 0,
	 "how TIMED_WAIT is seen: auto (the default), fentry, timer, sweep", 3},
	{"buffer-size", KEY_BUFFER_SIZE, "BYTES", 0,
	 "of the ring buffer, 4k to 1G, rounded up to a power of two (default 4M)", 3},
	{"half-open", KEY_HALF_OPEN, 0, 0,
	 "also show handshakes that never complete (at most 4,000 a second)", 3},
	{"verbose", KEY_VERBOSE, 0, 0, "say what libbpf says", 3},
	{0},
};

static const struct setting run_settings[] = {
	SETTING_DURATION(KEY_DURATION, struct options, duration_ns),
	SETTING_COUNT(KEY_COUNT, struct options, count),
	SETTING(KEY_TIER, SET_NAME, struct options, tracer.tier, .by_name = tier_by_name,
		.takes = "auto, fentry, timer or sweep"),
	SETTING(KEY_BUFFER_SIZE, SET_SIZE, struct options, tracer.buffer_size,
		.takes = "a size from 4k to 1G", .min = 4096, .max = 1 << 30),
	{0},
};

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_HALF_OPEN:
		o->half_open = o->tracer.half_open = true;
		return 0;
	case KEY_VERBOSE:
		log_set_verbose(1);
		return 0;
	default:
		return settings_parse(run_settings, run_options, key, arg, state);
	}
}

const struct argp run_argp = {.options = run_options, .parser = parse_run};

static const struct argp_option rules_options[] = {
	{"max", KEY_MAX, "STATE=DURATION", 0,
	 "flag a stay in STATE that is longer; may be repeated (default CLOSE_WAIT=60s, "
	 "TIMED_WAIT=61s, and TIMED_WAIT=4m as a graver step)",
	 2},
	{0},
};

static error_t parse_rules(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	unsigned int no;
	__u64 ns;

	if (key != KEY_MAX)
		return ARGP_ERR_UNKNOWN;
	if (parse_max(arg, state_by_name, &no, &ns) || rules_set(&o->rules, no, ns))
		bad(state, "--max", arg, "STATE=DURATION, such as CLOSE_WAIT=30s");
	o->max_ns[no] = ns;
	return 0;
}

const struct argp rules_argp = {.options = rules_options, .parser = parse_rules};

void options_parse(const struct command_argp *command, int argc, char **argv, struct options *o)
{
	argp_err_exit_status = STATUS_USAGE;
	pods_named_by(pods_name);
	command_options(command, argc, argv, o);
	if (!files_enough(FILES_MIN))
		exit(STATUS_UNABLE);
}
