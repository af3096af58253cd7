// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "subject.h"
#include "../storm.h"

/*
 * What tcpstates prints, and as little work as it can be done with.  The state is
 * kept aside since some versions load it in a way that the verifier refuses.
 */
static const char bpftrace_program[] =
	"tracepoint:sock:inet_sock_set_state /args->protocol == 6/ {"
	" $to = args->newstate; $sk = args->skaddr;"
	" $ms = @at[$sk] ? (nsecs - @at[$sk]) / 1000000 : 0;"
	" if (args->family == 2) {"
	"  printf(\"%llx %d %s %s %d %s %d %d %d %d\\n\", $sk, pid, comm,"
	"   ntop(2, args->saddr), args->sport, ntop(2, args->daddr), args->dport,"
	"   args->oldstate, $to, $ms);"
	" } else {"
	"  printf(\"%llx %d %s %s %d %s %d %d %d %d\\n\", $sk, pid, comm,"
	"   ntop(10, args->saddr_v6), args->sport, ntop(10, args->daddr_v6), args->dport,"
	"   args->oldstate, $to, $ms);"
	" }"
	" if ($to == 7) { delete(@at[$sk]); } else { @at[$sk] = nsecs; }"
	"} END { clear(@at); }";

/* Ours print one line more than the tracepoint has: the end of TIMED_WAIT. */
#define DWELL_LINES .per_fin = STORM_FIN_STEPS + 1, .per_rst = STORM_RST_STEPS, .per_listener = 2
#define PEER_LINES .per_fin = STORM_FIN_STEPS, .per_rst = STORM_RST_STEPS, .per_listener = 2

const struct subject subjects[SUBJECTS] = {
	[SUBJECT_NONE] = {"none", "none (shows the noise)", .argv = {NULL}},
	[SUBJECT_FLOOR] = {"floor", "empty program", {"floor"}, .quiet_ms = 100},
	[SUBJECT_HOOKS] = {"hooks",
			   "empty programs at all hooks",
			   {"floor", "hooks"},
			   .quiet_ms = 100},
	[SUBJECT_RECORD] = {"record",
			    "... with a clock and 32 bytes",
			    {"floor", "record"},
			    .quiet_ms = 100,
			    .restless = true},
	[SUBJECT_JSON] = {"json",
			  "trace --json",
			  {"tcpdwell", "trace", "--json"},
			  LINES_DWELL_JSON,
			  DWELL_LINES,
			  .quiet_ms = 200},
	[SUBJECT_TEXT] =
		{"text", "trace", {"tcpdwell", "trace"}, LINES_DWELL, DWELL_LINES, .quiet_ms = 200},
	/* it looks once a second, while any socket of the host is in TIMED_WAIT */
	[SUBJECT_SWEEP] = {"json_sweep",
			   "trace --json --tier sweep",
			   {"tcpdwell", "trace", "--json", "--tier", "sweep"},
			   LINES_DWELL_JSON,
			   DWELL_LINES,
			   .quiet_ms = 1200,
			   .restless = true},
	[SUBJECT_DROP_PORT] = {"drop_port",
			       "trace --json --lport 1",
			       {"tcpdwell", "trace", "--json", "--lport", "1"},
			       LINES_DWELL_JSON,
			       .quiet_ms = 200},
	[SUBJECT_DROP_OWNER] = {"drop_owner",
				"trace --json --state SYN_SENT --comm nosuch",
				{"tcpdwell", "trace", "--json", "--state", "SYN_SENT", "--comm",
				 "nosuch"},
				LINES_DWELL_JSON,
				.quiet_ms = 200},
	[SUBJECT_HIST] = {"hist",
			  "hist",
			  {"tcpdwell", "hist", "--json"},
			  LINES_DWELL_JSON,
			  .quiet_ms = 200,
			  .quiet = true},
	[SUBJECT_WATCH] = {"watch",
			   "watch",
			   {"tcpdwell", "watch", "--json"},
			   LINES_DWELL_JSON,
			   .quiet_ms = 200,
			   .quiet = true},
	[SUBJECT_TCPSTATES] = {"tcpstates",
			       "tcpstates (libbpf-tools)",
			       {"tcpstates"},
			       LINES_PEER,
			       PEER_LINES,
			       .quiet_ms = 300},
	[SUBJECT_BPFTRACE] = {"bpftrace",
			      "bpftrace one-liner",
			      {"bpftrace", "-e", bpftrace_program},
			      LINES_PEER,
			      PEER_LINES,
			      .quiet_ms = 300},
	/* one line a socket */
	[SUBJECT_TCPLIFE] = {"tcplife",
			     "tcplife (libbpf-tools)",
			     {"tcplife"},
			     LINES_PEER,
			     .per_fin = 2,
			     .per_rst = 2,
			     .quiet_ms = 300},
};

static const char *own_dir(void)
{
	static char dir[PATH_MAX];
	char *slash;

	if (*dir)
		return dir;
	if (readlink("/proc/self/exe", dir, sizeof(dir) - 1) < 0)
		return ".";
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	return dir;
}

/* NULL when it is not there */
static const char *keep_path(const char *dir, size_t len, const char *prefix, const char *name)
{
	char *path;

	if (asprintf(&path, "%.*s/%s%s", (int)len, dir, prefix, name) < 0)
		return NULL;
	if (!access(path, X_OK))
		return path;
	free(path);
	return NULL;
}

const char *beside(const char *name)
{
	return keep_path(own_dir(), strlen(own_dir()), "", name);
}

/* Ubuntu calls the libbpf-tools bpf-*; sudo may leave /usr/sbin out. */
static const char *in_path(const char *name)
{
	static const char more[] = "/usr/sbin:/sbin";
	const char *lists[] = {getenv("PATH"), more};
	const char *found = NULL;

	for (int i = 0; i < 2 && !found; i++) {
		for (const char *p = lists[i]; p && *p && !found; p += strspn(p, ":")) {
			size_t len = strcspn(p, ":");

			found = keep_path(p, len, "", name);
			if (!found)
				found = keep_path(p, len, "bpf-", name);
			p += len;
		}
	}
	return found;
}

static const char *find(const char *name)
{
	const char *dir = own_dir();

	if (!strcmp(name, "floor"))
		return beside(name);
	if (!strcmp(name, "tcpdwell"))
		return keep_path(dir, strlen(dir), "../", name);
	return in_path(name);
}

const char *const *subject_find(const struct subject *s, const char **why)
{
	static const char *argv[SUBJECTS][SUBJECT_ARGS + 1];
	const char **out = argv[s - subjects];

	*why = NULL;
	if (!subject_is_real(s))
		return out;
	memcpy(out, s->argv, sizeof(s->argv));
	out[0] = find(s->argv[0]);
	*why = out[0] ? NULL : "not installed";
	return out[0] ? out : NULL;
}
