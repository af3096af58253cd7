// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * leaker KIND [SOCKETS [CHILDREN]]: a server whose sockets stay in CLOSE_WAIT
 * (tests/lib/leak.h has the kinds), for tests in shell.  Prints, a line each,
 * "port N", "pid N", "tid N" (of a thread that holds them), "child N" for each
 * child, "rport N" for each socket, and "ready".  On "close" it closes all and
 * prints "closed"; at the end of its input it ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "leak.h"
#include "tap.h"

static void tell(const struct leak *l)
{
	printf("port %u\npid %d\n", l->port, getpid());
	if (l->tid)
		printf("tid %d\n", l->tid);
	for (unsigned int i = 0; i < l->n_children; i++)
		printf("child %d\n", l->child[i]);
	for (unsigned int i = 0; i < l->n; i++)
		printf("rport %u\n", l->rport[i]);
	puts("ready");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int kind = argc > 1 ? leak_by_name(argv[1]) : -1;
	struct leak leak;
	char line[64];
	int open = 1;

	if (kind < 0)
		tap_die("usage: leaker KIND [SOCKETS [CHILDREN]]");
	leak_start(&leak, kind, argc > 2 ? atoi(argv[2]) : 1, argc > 3 ? atoi(argv[3]) : 1);
	tell(&leak);
	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "close\n") || !open)
			continue;
		leak_end(&leak);
		open = 0;
		puts("closed");
		fflush(stdout);
	}
	if (open)
		leak_end(&leak);
	return 0;
}
