// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "util/files.h"
#include "util/log.h"

#define WHAT_TO_DO "raise the limit with ulimit -n, or LimitNOFILE= of a service"

static struct rlimit before;
static bool raised;

void files_raise(void)
{
	struct rlimit most;

	if (raised || getrlimit(RLIMIT_NOFILE, &before) || before.rlim_cur == before.rlim_max)
		return;
	most = (struct rlimit){before.rlim_max, before.rlim_max};
	raised = !setrlimit(RLIMIT_NOFILE, &most);
}

void files_restore(void)
{
	if (raised)
		setrlimit(RLIMIT_NOFILE, &before);
}

bool files_enough(unsigned int n)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) || now.rlim_cur >= n)
		return true;
	warn_line("only %llu files may be open at a time, and it needs %u: " WHAT_TO_DO,
		  (unsigned long long)now.rlim_cur, n);
	return false;
}

bool files_too_many(int err)
{
	return err == EMFILE || err == ENFILE;
}

const char *files_strerror(int err)
{
	static char text[256];
	struct rlimit now;

	if (err == ENFILE)
		return "too many open files on this host: more than fs.file-max";
	if (err != EMFILE || getrlimit(RLIMIT_NOFILE, &now))
		return strerror(err);
	snprintf(text, sizeof(text), "too many open files, of which %llu are allowed: " WHAT_TO_DO,
		 (unsigned long long)now.rlim_cur);
	return text;
}
