// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stddef.h>
#include "util/ends.h"

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};

#define N_ENDS (sizeof(ends) / sizeof(ends[0]))

/* SIGINT may be ignored: a shell has it so for what a script starts in the background, which is
 * ended by it all the same. */
static bool is_end(int number)
{
	struct sigaction now;

	return number != SIGHUP || (!sigaction(number, NULL, &now) && now.sa_handler != SIG_IGN);
}

void ends_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < N_ENDS; i++)
		if (is_end(ends[i]))
			sigaddset(set, ends[i]);
}

void ends_catch(const struct sigaction *act)
{
	for (size_t i = 0; i < N_ENDS; i++)
		if (is_end(ends[i]))
			sigaction(ends[i], act, NULL);
}
