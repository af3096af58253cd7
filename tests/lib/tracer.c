// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "tap.h"
#include "tracer.h"

#define MAX_ARGS 64
/* Loading is slow where the machine is emulated. */
#define HELLO_MS 120000

struct args {
	const char *v[MAX_ARGS];
	int n;
	char *words; /* where some of them are */
};

static void add_arg(struct args *a, const char *arg)
{
	if (a->n >= MAX_ARGS - 1)
		tap_die("too many arguments");
	a->v[a->n++] = arg;
	a->v[a->n] = NULL;
}

static void add_words(struct args *a, const char *words)
{
	char *save, *word;

	a->words = strdup(words ? words : "");
	for (word = strtok_r(a->words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		add_arg(a, word);
}

static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		tap_die("memfd_create: %s", strerror(errno));
	return fd;
}

/* The tracer runs where the test was started, as a user would run it. */
static void __attribute__((noreturn)) run(struct tracer *t, const struct args *a)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(t->out, STDOUT_FILENO);
	dup2(t->err, STDERR_FILENO);
	if (netns_home() >= 0 && netns_enter(netns_home()))
		_exit(126);
	execv(a->v[0], (char *const *)a->v);
	fprintf(stderr, "%s: %s\n", a->v[0], strerror(errno));
	_exit(127);
}

void tracer_launch(struct tracer *t, const char *const args[])
{
	const char *path = getenv("TCPDWELL");
	struct args a = {.n = 0};

	add_arg(&a, path ? path : "build/tcpdwell");
	while (*args)
		add_arg(&a, *args++);
	add_words(&a, getenv("TCPDWELL_ARGS"));
	*t = (struct tracer){.sink = t->sink, .sink_arg = t->sink_arg};
	t->out = memory_file("stdout");
	t->err = memory_file("stderr");
	t->lines = json_array();
	t->pid = fork();
	if (t->pid < 0)
		tap_die("fork: %s", strerror(errno));
	if (!t->pid)
		run(t, &a);
	free(a.words);
}

void tracer_start(struct tracer *t, ...)
{
	struct args a = {.n = 0};
	const char *arg;
	char netns[24];
	va_list ap;

	snprintf(netns, sizeof(netns), "%lu", netns_inode());
	add_arg(&a, "trace");
	add_arg(&a, "--json");
	add_arg(&a, "--netns");
	add_arg(&a, netns);
	va_start(ap, t);
	while ((arg = va_arg(ap, const char *)))
		add_arg(&a, arg);
	va_end(ap);
	tracer_launch(t, a.v);
	tracer_await_hello(t);
}

static void take_line(struct tracer *t, const char *text, size_t len)
{
	json_error_t error;
	json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(line)) {
		t->garbage++;
		tap_diag("not a JSON object (%s): %.*s", error.text, (int)len, text);
		json_decref(line);
		return;
	}
	t->transitions += line_is(line, "transition");
	if (!t->hello && line_is(line, "hello"))
		t->hello = json_incref(line);
	json_decref(t->last);
	t->last = json_incref(line);
	if (!t->sink || t->sink(t, line, t->sink_arg))
		json_array_append(t->lines, line);
	json_decref(line);
}

static void take_text(struct tracer *t, const char *text, size_t len)
{
	const char *start, *end, *nl;

	t->part = realloc(t->part, t->part_len + len);
	memcpy(t->part + t->part_len, text, len);
	t->part_len += len;
	start = t->part;
	end = t->part + t->part_len;
	for (; (nl = memchr(start, '\n', end - start)); start = nl + 1)
		take_line(t, start, nl - start);
	t->part_len = end - start;
	memmove(t->part, start, t->part_len);
}

/* What has been read is given back: a storm prints more than a small machine has. */
static void forget(struct tracer *t)
{
	fallocate(t->out, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, t->at);
}

void tracer_poll(struct tracer *t)
{
	static char buf[1 << 16];
	ssize_t n;

	while ((n = pread(t->out, buf, sizeof(buf), t->at)) > 0) {
		t->at += n;
		take_text(t, buf, n);
		forget(t);
	}
}

static bool ended(struct tracer *t)
{
	if (t->pid && waitpid(t->pid, &t->status, WNOHANG) == t->pid)
		t->pid = 0;
	return !t->pid;
}

static bool wait_for(struct tracer *t, tracer_pred pred, void *arg, int64_t ms)
{
	int64_t until = clock_ms() + ms;

	for (;;) {
		bool over = ended(t);

		tracer_poll(t);
		if (pred(t, arg))
			return true;
		if (over || clock_ms() > until)
			return false;
		sleep_ms(10);
	}
}

bool tracer_wait(struct tracer *t, tracer_pred pred, void *arg)
{
	return wait_for(t, pred, arg, PATIENCE_MS);
}

static void show_stderr(struct tracer *t)
{
	char text[4096];
	ssize_t n = pread(t->err, text, sizeof(text) - 1, 0);

	if (n > 0)
		tap_diag("stderr: %.*s", (int)n, text);
}

static bool has_hello(struct tracer *t, void *arg)
{
	(void)arg;
	return t->hello;
}

static bool tier_forced(void)
{
	const char *args = getenv("TCPDWELL_ARGS");

	return args && strstr(args, "--tier");
}

bool tracer_says_hello(struct tracer *t)
{
	if (wait_for(t, has_hello, NULL, HELLO_MS))
		return true;
	show_stderr(t);
	return false;
}

void tracer_await_hello(struct tracer *t)
{
	if (tracer_says_hello(t))
		return;
	/* not supported is an answer only for what was forced */
	if (!t->pid && WIFEXITED(t->status) && WEXITSTATUS(t->status) == 3 && tier_forced())
		tap_skip_all("this tier does not work here");
	tap_die("the tracer did not start");
}

static bool is_over(struct tracer *t, void *arg)
{
	(void)arg;
	return !t->pid;
}

void tracer_stop(struct tracer *t)
{
	if (!t->pid)
		return;
	kill(t->pid, SIGINT);
	if (!wait_for(t, is_over, NULL, PATIENCE_MS)) {
		tap_diag("the tracer did not end");
		kill(t->pid, SIGKILL);
		waitpid(t->pid, &t->status, 0);
		t->pid = 0;
	}
	tracer_poll(t);
}

static void check_summary(struct tracer *t)
{
	const json_t *s = t->last;
	bool good = line_is(s, "summary") && line_int(s, "transitions") == t->transitions &&
		    line_int(s, "lost") == 0 && line_int(s, "duration_ns") > 0;
	char *text;

	if (tap_ok(good, "the summary comes last, counts each line, and nothing was lost"))
		return;
	text = json_dumps(s, JSON_COMPACT);
	tap_diag("%ld transitions; last line: %s", t->transitions, text ? text : "none");
	free(text);
}

static void check_end(struct tracer *t)
{
	tracer_stop(t);
	if (!tap_ok(WIFEXITED(t->status) && !WEXITSTATUS(t->status), "the tracer ends with 0"))
		tap_diag("wait status 0x%x", t->status);
	tap_ok(!t->garbage && !t->part_len, "each line is a JSON object in UTF-8");
	check_summary(t);
}

void tracer_end(struct tracer *t)
{
	bool clean;

	check_end(t);
	clean = lseek(t->err, 0, SEEK_END) == 0;
	if (!tap_ok(clean, "nothing on stderr"))
		show_stderr(t);
}

static void end_saying(struct tracer *t, const char *words, bool maybe)
{
	char text[4096] = "";

	check_end(t);
	if (pread(t->err, text, sizeof(text) - 1, 0) < 0)
		tap_die("stderr: %s", strerror(errno));
	if (!tap_ok(strstr(text, words) || (maybe && !*text), "on stderr%s: %s",
		    maybe ? ", if anything" : "", words))
		show_stderr(t);
}

void tracer_end_saying(struct tracer *t, const char *words)
{
	end_saying(t, words, false);
}

void tracer_end_maybe_saying(struct tracer *t, const char *words)
{
	end_saying(t, words, true);
}

void tracer_free(struct tracer *t)
{
	close(t->out);
	close(t->err);
	free(t->part);
	json_decref(t->lines);
	json_decref(t->hello);
	json_decref(t->last);
}

const json_t *tracer_line(const struct tracer *t, size_t i)
{
	return json_array_get(t->lines, i);
}

const json_t *line_get(const json_t *line, const char *name)
{
	const char *dot = strchr(name, '.');
	char head[32];

	if (!dot)
		return json_object_get(line, name);
	snprintf(head, sizeof(head), "%.*s", (int)(dot - name), name);
	return line_get(json_object_get(line, head), dot + 1);
}

const char *line_str(const json_t *line, const char *name)
{
	const char *text = json_string_value(line_get(line, name));

	return text ? text : "";
}

int64_t line_int(const json_t *line, const char *name)
{
	const json_t *value = line_get(line, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

bool line_is(const json_t *line, const char *type)
{
	return !strcmp(line_str(line, "type"), type);
}
