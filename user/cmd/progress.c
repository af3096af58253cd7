// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <unistd.h>

#include "cmd/progress.h"
#include "cmd/run.h"
#include "cmd/term.h"

#define SECOND_NS 1000000000ULL
#define PATIENCE_NS (2 * SECOND_NS)

void progress_begin(struct progress *p)
{
	p->on = term_erases(STDERR_FILENO);
	p->began_ns = mono_now_ns();
}

bool progress_due(struct progress *p)
{
	__u64 now_ns = p->on ? mono_now_ns() : 0;

	if (!p->on || now_ns < p->began_ns + PATIENCE_NS || now_ns < p->shown_ns + SECOND_NS / 2)
		return false;
	p->shown_ns = now_ns;
	p->shown = true;
	return true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
