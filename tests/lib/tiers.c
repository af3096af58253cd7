// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "tap.h"
#include "tiers.h"

#define MAX_ARGS 16

/* The one that is refused most often comes last. */
static const char *const names[TIERS] = {"timer", "sweep", "fentry"};

static bool tier_given(void)
{
	const char *args = getenv("TCPDWELL_ARGS");

	return args && strstr(args, "--tier");
}

static bool not_here(const struct tracer *t)
{
	return !t->pid && WIFEXITED(t->status) && WEXITSTATUS(t->status) == 3;
}

static const char *what_it_said(const struct tracer *t)
{
	static char text[256];
	ssize_t n = pread(t->err, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return *text ? text : "it did not say why";
}

/* Keeps those that work. */
static void await(struct tiers *ts, int launched)
{
	for (int i = 0; i < launched; i++) {
		struct tracer *t = &ts->t[i];

		if (tracer_says_hello(t)) {
			snprintf(ts->label[ts->n], sizeof(*ts->label),
				 "%s: ", line_str(t->hello, "tier"));
			ts->t[ts->n++] = *t;
		} else if (!not_here(t)) {
			tap_die("the tracer of tier %s did not start", names[i]);
		} else {
			tap_skip(what_it_said(t), "%s", tier_given() ? "the tier given" : names[i]);
			tracer_free(t);
		}
	}
}

void tiers_start(struct tiers *ts, ...)
{
	const char *args[MAX_ARGS] = {"trace", "--json", "--netns"};
	int n = 4, launched = 0;
	char netns[24];
	va_list ap;

	snprintf(netns, sizeof(netns), "%lu", netns_inode());
	args[3] = netns;
	va_start(ap, ts);
	while (n < MAX_ARGS - 3 && (args[n] = va_arg(ap, const char *)))
		n++;
	va_end(ap);
	memset(ts, 0, sizeof(*ts));
	while (launched < (tier_given() ? 1 : TIERS)) {
		args[n] = tier_given() ? NULL : "--tier";
		args[n + 1] = names[launched];
		args[n + 2] = NULL;
		tracer_launch(&ts->t[launched++], args);
	}
	await(ts, launched);
	if (!ts->n)
		exit(tap_done());
}

void tiers_await(struct tiers *ts, const char *state)
{
	for (int i = 0; i < ts->n; i++)
		if (!expect_wait_state(&ts->t[i], state))
			tap_diag("%snot all have come to %s", ts->label[i], state);
}

void tiers_await_all(struct tiers *ts)
{
	/* on failure the checks say what is missing */
	for (int i = 0; i < ts->n; i++)
		expect_wait(&ts->t[i]);
}

void tiers_end(struct tiers *ts)
{
	tiers_await_all(ts);
	for (int i = 0; i < ts->n; i++) {
		tracer_end(&ts->t[i]);
		expect_check(&ts->t[i], ts->label[i]);
	}
	expect_forget();
}

void tiers_free(struct tiers *ts)
{
	for (int i = 0; i < ts->n; i++)
		tracer_free(&ts->t[i]);
}

void tiers_finish(struct tiers *ts)
{
	tiers_end(ts);
	tiers_free(ts);
}

void tiers_let_sweep(void)
{
	sleep_ms(2500);
}
