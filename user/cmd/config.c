// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/config.h"
#include "kern/netns.h"
#include "model/names.h"
#include "out/escape.h"
#include "util/files.h"
#include "util/log.h"
#include "util/parse.h"

#define SHOWN 60
#define SECTION_PREFIX "rule "

/* The section that is being read. */
struct section {
	char name[RULE_NAME_LEN];
	unsigned int line;
	struct rule rule; /* its first step */
	__u64 grave_ns;
	bool has_max, no_alert, kill_grave, held_given;
	__u32 given; /* bits of keys[] */
};

struct config {
	const char *path;
	FILE *file;
	struct rules *rules;
	struct section section;
	unsigned int line;
	unsigned int header; /* line of a section that has no key yet, or 0 */
	bool failed;
};

static const char *shown(const char *text, char out[SHOWN * TERM_ESCAPE_MAX + 1])
{
	size_t len = strlen(text);

	*term_escape(out, text, len < SHOWN ? len : SHOWN) = '\0';
	return out;
}

/* The first error is the one that is told. */
__attribute__((format(printf, 3, 4))) static int fail(struct config *c, unsigned int line,
						      const char *fmt, ...)
{
	char text[512], path[SHOWN * TERM_ESCAPE_MAX + 1];
	va_list args;

	if (c->failed)
		return -EINVAL;
	c->failed = true;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	warn_line("%s:%u: %s", shown(c->path, path), line, text);
	return -EINVAL;
}

static int bad(struct config *c, const char *key, const char *value, const char *takes)
{
	char text[SHOWN * TERM_ESCAPE_MAX + 1];

	return fail(c, c->line, "%s takes %s, not '%s'", key, takes, shown(value, text));
}

/*
 * Values
 */

static int take_flag(struct config *c, const char *key, const char *value, bool *flag)
{
	if (!strcmp(value, "yes"))
		*flag = true;
	else if (!strcmp(value, "no"))
		*flag = false;
	else
		return bad(c, key, value, "yes or no");
	return 0;
}

static int take_state(struct config *c, const char *key, const char *value)
{
	unsigned int state = state_by_name(value);

	if (state == ST_NONE || state == ST_CLOSE || state >= ST_BOUND_INACTIVE)
		return bad(c, key, value, "a state that a socket can stay in, such as CLOSE_WAIT");
	c->section.rule.state = state;
	return 0;
}

static int take_duration(struct config *c, const char *key, const char *value, __u64 *ns)
{
	if (parse_duration(value, ns) || !*ns)
		return bad(c, key, value, "a duration such as 500ms, 90s, 4m or 2h");
	return 0;
}

static int take_max(struct config *c, const char *key, const char *value)
{
	c->section.has_max = true;
	return take_duration(c, key, value, &c->section.rule.threshold_ns);
}

static int take_grave(struct config *c, const char *key, const char *value)
{
	return strcmp(value, "no") ? take_duration(c, key, value, &c->section.grave_ns) : 0;
}

static int take_alert(struct config *c, const char *key, const char *value)
{
	bool alert = true;
	int err = take_flag(c, key, value, &alert);

	c->section.no_alert = !alert;
	return err;
}

static int take_half_close(struct config *c, const char *key, const char *value)
{
	return take_flag(c, key, value, &c->section.rule.half_close);
}

static int take_held(struct config *c, const char *key, const char *value)
{
	c->section.held_given = true;
	return take_flag(c, key, value, &c->section.rule.held);
}

static int take_kill(struct config *c, const char *key, const char *value)
{
	c->section.kill_grave = !strcmp(value, "grave");
	if (c->section.kill_grave)
		return 0;
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return bad(c, key, value, "yes, no or grave");
	c->section.rule.kill = *value == 'y';
	return 0;
}

static int take_cgroup(struct config *c, const char *key, const char *value)
{
	struct rule *rule = &c->section.rule;

	if (*value != '/' || strlen(value) >= sizeof(rule->cgroup))
		return bad(c, key, value, "the path of a cgroup, from / on, of up to 255 bytes");
	strcpy(rule->cgroup, value);
	return 0;
}

/*
 * Values that are lists
 */

static int add_port(const char *word, __u16 *ports, __u8 *n)
{
	return parse_port(word, &ports[(*n)++]);
}

static int add_any_port(struct filter *f, const char *word)
{
	return add_port(word, f->port, &f->n_port);
}

static int add_lport(struct filter *f, const char *word)
{
	return add_port(word, f->lport, &f->n_lport);
}

static int add_rport(struct filter *f, const char *word)
{
	return add_port(word, f->rport, &f->n_rport);
}

static int add_addr(struct filter *f, const char *word)
{
	return parse_cidr(word, &f->addr[f->n_addr++]);
}

static int add_comm(struct filter *f, const char *word)
{
	if (strlen(word) >= COMM_LEN)
		return -EINVAL;
	strcpy(f->comm[f->n_comm++], word);
	return 0;
}

static int add_netns(struct filter *f, const char *word)
{
	__u32 *ino = &f->netns[f->n_netns++];
	__u64 number;

	if (parse_u64(word, 1, UINT32_MAX, &number))
		return netns_ino(word, ino);
	*ino = number;
	return 0;
}

static const struct key {
	const char *name;
	int (*take)(struct config *c, const char *key, const char *value);
	/* or of a list: a word of it, and what it takes */
	int (*add)(struct filter *f, const char *word);
	const char *takes;
} keys[] = {
	{"state", take_state, NULL, NULL},
	{"max", take_max, NULL, NULL},
	{"grave", take_grave, NULL, NULL},
	{"alert", take_alert, NULL, NULL},
	{"half_close", take_half_close, NULL, NULL},
	{"held", take_held, NULL, NULL},
	{"kill", take_kill, NULL, NULL},
	{"cgroup", take_cgroup, NULL, NULL},
	{"comm", NULL, add_comm, "names of processes, of up to 15 bytes"},
	{"port", NULL, add_any_port, "ports from 1 to 65535"},
	{"lport", NULL, add_lport, "ports from 1 to 65535"},
	{"rport", NULL, add_rport, "ports from 1 to 65535"},
	{"addr", NULL, add_addr, "addresses or CIDR blocks without host bits"},
	{"netns", NULL, add_netns,
	 "network namespaces that there are: inode numbers, paths or names"},
};

#define N_KEYS (sizeof(keys) / sizeof(*keys))
#define FIRST_NARROW 7 /* cgroup, and all after it */

static char *trim(char *word)
{
	char *end;

	word += strspn(word, " \t");
	for (end = word + strlen(word); end > word && strchr(" \t", end[-1]); end--)
		;
	*end = '\0';
	return word;
}

static int take_list(struct config *c, const struct key *key, const char *value)
{
	char *copy = strdup(value), *word, *save;
	unsigned int n = 0;
	int err = copy ? 0 : -ENOMEM;

	for (word = copy ? strtok_r(copy, ",", &save) : NULL; word && !err;
	     word = strtok_r(NULL, ",", &save)) {
		word = trim(word);
		if (n++ == FILTER_MAX)
			err = fail(c, c->line, "%s takes %d values at most", key->name, FILTER_MAX);
		else if (!*word || key->add(&c->section.rule.filter, word))
			err = bad(c, key->name, word, key->takes);
	}
	if (!err && !n)
		err = bad(c, key->name, value, key->takes);
	free(copy);
	return err;
}

/*
 * Sections
 */

static bool good_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789_.-");

	return n && !name[n] && n + sizeof("_grave") <= RULE_NAME_LEN;
}

static int begin_section(struct config *c, const char *section)
{
	const char *name = section + strlen(SECTION_PREFIX);
	char text[SHOWN * TERM_ESCAPE_MAX + 1];

	unsigned int line = c->header ? c->header : c->line;

	memset(&c->section, 0, sizeof(c->section));
	if (strncmp(section, SECTION_PREFIX, strlen(SECTION_PREFIX)))
		return fail(c, line, "no such section: [%s]; a rule is [rule NAME]",
			    shown(section, text));
	name += strspn(name, " ");
	if (!good_name(name))
		return fail(c, line,
			    "a rule's name is of letters, digits, '_', '.' and '-', and of up to "
			    "%zu bytes, not '%s'",
			    RULE_NAME_LEN - sizeof("_grave"), shown(name, text));
	if (rules_by_name(c->rules, name))
		return fail(c, line, "there is a rule '%s' already", name);
	strcpy(c->section.name, name);
	c->section.line = line;
	return 0;
}

static int check_section(struct config *c)
{
	const struct section *s = &c->section;

	if (!s->rule.state)
		return fail(c, s->line, "rule %s has no state", s->name);
	if (s->has_max == s->no_alert)
		return fail(c, s->line, "rule %s needs one of max and alert = no", s->name);
	if (s->no_alert && (s->grave_ns || s->rule.kill || s->kill_grave))
		return fail(c, s->line, "rule %s never alerts: it can have no grave and no kill",
			    s->name);
	if (s->grave_ns && s->grave_ns <= s->rule.threshold_ns)
		return fail(c, s->line, "rule %s: grave has to be longer than max", s->name);
	if (s->kill_grave && !s->grave_ns)
		return fail(c, s->line, "rule %s: kill = grave needs a grave", s->name);
	return 0;
}

static int add_step(struct config *c, const struct rule *rule)
{
	if (rules_add(c->rules, rule))
		return fail(c, c->section.line, "there are more than %d thresholds", RULES_MAX);
	return 0;
}

static int end_section(struct config *c)
{
	struct section *s = &c->section;
	struct rule *rule = &s->rule;
	int err;

	if (!*s->name || c->failed)
		return 0;
	err = check_section(c);
	if (err)
		return err;
	strcpy(rule->name, s->name);
	rule->narrow = s->given >> FIRST_NARROW;
	rule->exempt = s->no_alert;
	rule->set = c->rules->n + 1; /* of its own */
	if (!s->held_given)
		rule->held = rule->state == ST_FIN_WAIT2;
	err = add_step(c, rule);
	if (err || !s->grave_ns)
		return err;
	strcat(rule->name, "_grave");
	rule->threshold_ns = s->grave_ns;
	rule->step = 1;
	rule->kill = s->kill_grave;
	return add_step(c, rule);
}

static int take_key(struct config *c, const char *name, const char *value)
{
	char text[SHOWN * TERM_ESCAPE_MAX + 1];
	unsigned int i = 0;

	while (i < N_KEYS && strcmp(keys[i].name, name))
		i++;
	if (i == N_KEYS)
		return fail(c, c->line, "no such key: '%s'", shown(name, text));
	if (c->section.given & 1U << i)
		return fail(c, c->line, "%s is given twice", name);
	c->section.given |= 1U << i;
	if (keys[i].add)
		return take_list(c, &keys[i], value);
	return keys[i].take(c, name, value);
}

/*
 * The file
 */

static int take_pair(void *ctx, const char *section, const char *name, const char *value)
{
	struct config *c = ctx;
	const char *now = *section ? section + strlen(SECTION_PREFIX) : "";

	if (c->failed)
		return 0;
	if (!*section)
		return !fail(c, c->line, "this stands before the first section");
	if (c->header || strcmp(now + strspn(now, " "), c->section.name)) {
		if (end_section(c) || begin_section(c, section))
			return 0;
		c->header = 0;
	}
	return !take_key(c, name, value ? value : "");
}

/* inih drops what is behind the end of its buffer, and sections without a key. */
static char *read_line(char *to, int room, void *ctx)
{
	struct config *c = ctx;
	size_t len;

	if (c->failed || !fgets(to, room, c->file))
		return NULL;
	c->line++;
	len = strlen(to);
	if (!len || (to[len - 1] != '\n' && !feof(c->file))) {
		fail(c, c->line, "a line of more than %d bytes, or one with a NUL", room - 2);
		return NULL;
	}
	if (to[strspn(to, " \t")] != '[')
		return to;
	if (c->header) {
		fail(c, c->header, "there is nothing in this section");
		return NULL;
	}
	c->header = c->line;
	/* inih would go on in the section before */
	if (!strchr(to, ']')) {
		fail(c, c->line, "a section ends with ]");
		return NULL;
	}
	return to;
}

static int parse(struct config *c)
{
	int line = ini_parse_stream(read_line, c, take_pair, c);

	if (ferror(c->file)) {
		warn_line("%s: %s", c->path, files_strerror(errno));
		return -EIO;
	}
	if (line > 0 && !c->failed)
		return fail(c, line, "neither a section nor KEY = VALUE");
	if (line < 0)
		return -ENOMEM;
	if (c->header)
		return fail(c, c->header, "there is nothing in this section");
	end_section(c);
	return c->failed ? -EINVAL : 0;
}

int config_read(const char *path, struct rules *rules)
{
	struct config c = {.path = path, .rules = rules};
	char text[SHOWN * TERM_ESCAPE_MAX + 1];
	int err;

	c.file = fopen(path, "re");
	if (!c.file) {
		err = -errno;
		warn_line("%s: %s", shown(path, text), files_strerror(-err));
		return err;
	}
	err = parse(&c);
	fclose(c.file);
	return err;
}
