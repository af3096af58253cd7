// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "tap.h"

static int count, failed;

/* A line of TAP is one line, and '#' begins a directive in it. */
PRINTF(1, 0) static void put_name(const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '#')
			*p = ' ';
	fputs(text, stdout);
}

PRINTF(2, 0) static bool result(bool good, const char *fmt, va_list ap)
{
	count++;
	failed += !good;
	printf("%s %d - ", good ? "ok" : "not ok", count);
	put_name(fmt, ap);
	putchar('\n');
	fflush(stdout);
	return good;
}

bool tap_ok(bool good, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(good, fmt, ap);
	va_end(ap);
	return good;
}

bool tap_is(long long got, long long want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		tap_diag("got %lld, want %lld", got, want);
	return got == want;
}

void tap_skip(const char *reason, const char *fmt, ...)
{
	va_list ap;

	printf("ok %d - ", ++count);
	va_start(ap, fmt);
	put_name(fmt, ap);
	va_end(ap);
	printf(" # SKIP %s\n", reason);
	fflush(stdout);
}

void tap_diag(const char *fmt, ...)
{
	char *text = NULL, *rest, *line;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	for (rest = text; rest && (line = strsep(&rest, "\n"));)
		printf("# %s\n", line);
	fflush(stdout);
	free(text);
}

void tap_skip_all(const char *fmt, ...)
{
	va_list ap;

	printf("1..0 # SKIP ");
	va_start(ap, fmt);
	put_name(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(0);
}

/* Not "Bail out!": that would end the other programs too. */
void tap_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(false, fmt, ap);
	va_end(ap);
	exit(tap_done());
}

int tap_done(void)
{
	printf("1..%d\n", count);
	fflush(stdout);
	return failed ? 1 : 0;
}

bool kernel_since(int major, int minor)
{
	struct utsname host;
	int a = 0, b = 0;

	uname(&host);
	sscanf(host.release, "%d.%d", &a, &b);
	return a > major || (a == major && b >= minor);
}
