// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cmd/options.h"
#include "cmd/settings.h"
#include "util/parse.h"

/* Little endian or not: the member has one of these widths. */
static void store(void *to, size_t size, __u64 value)
{
	__u32 word = value;
	bool flag = value;

	if (size == sizeof(value))
		memcpy(to, &value, size);
	else if (size == sizeof(word))
		memcpy(to, &word, size);
	else
		memcpy(to, &flag, sizeof(flag));
}

/* 0 or -errno: what is no such value, -ERANGE: what is none of those allowed. */
static int value_of(const struct setting *s, const char *arg, __u64 *value)
{
	__u64 most = s->max ? s->max : s->size == sizeof(__u32) ? UINT32_MAX : UINT64_MAX;
	int err = 0, name;

	switch (s->kind) {
	case SET_NUMBER:
		return parse_u64(arg, s->min, most, value);
	case SET_DURATION:
		err = parse_duration(arg, value);
		break;
	case SET_SIZE:
		err = parse_size(arg, value);
		break;
	case SET_NAME:
		name = s->by_name(arg);
		*value = name;
		return name < 0 ? -EINVAL : 0;
	default:
		*value = true;
		return 0;
	}
	if (!err && (*value < s->min || *value > most))
		err = -ERANGE;
	return err;
}

static void refuse(const struct setting *s, const struct argp_option *options, const char *arg,
		   struct argp_state *state)
{
	char name[64] = "";

	for (; options->name || options->doc; options++)
		if (options->key == s->key && options->name)
			snprintf(name, sizeof(name), "--%s", options->name);
	option_refuse(state, name, arg, s->takes);
}

error_t settings_parse(const struct setting *table, const struct argp_option *options, int key,
		       char *arg, struct argp_state *state)
{
	const struct setting *s = table;
	__u64 value;
	char *to;

	while (s && s->key && s->key != key)
		s++;
	if (!s || !s->key)
		return ARGP_ERR_UNKNOWN;
	to = (char *)state->input + s->at;
	if (s->kind == SET_TEXT) {
		memcpy(to, &arg, sizeof(arg));
		return 0;
	}
	if (value_of(s, arg, &value))
		refuse(s, options, arg, state);
	store(to, s->size, value);
	return 0;
}

static error_t take_file(struct argp_state *state, char *arg)
{
	struct options *o = state->input;

	if (o->files)
		o->files[o->n_files++] = arg;
	else
		option_refuse(state, "the command", arg, "options alone");
	return 0;
}

/* argp's state does not lead to it: its root is one of argp's own, with --help. */
static const struct command_argp *command;

static void pass_on(struct argp_state *state)
{
	const struct argp_child *child = command->argp.children;

	for (int i = 0; child && child[i].argp; i++)
		state->child_inputs[i] = state->input;
}

error_t command_parse(int key, char *arg, struct argp_state *state)
{
	const struct command_argp *c = command;
	error_t err;

	switch (key) {
	case ARGP_KEY_INIT:
		pass_on(state);
		return 0;
	case ARGP_KEY_ARG:
		return take_file(state, arg);
	case ARGP_KEY_END:
		if (c->check)
			c->check(state, state->input);
		return 0;
	default:
		err = settings_parse(c->setting, c->argp.options, key, arg, state);
		return err == ARGP_ERR_UNKNOWN && c->other ? c->other(key, arg, state) : err;
	}
}

void command_options(const struct command_argp *c, int argc, char **argv, void *options)
{
	command = c;
	argp_parse(&c->argp, argc, argv, ARGP_IN_ORDER, NULL, options);
}
