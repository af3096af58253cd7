// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "kern/features.h"
#include "kern/probe.h"
#include "probe.skel.h"

#define VERIFIER_LOG 8192
/* 2aa6ac03516d; kernels with CONFIG_CFI had none even after it */
#define NO_DIRECT_CALLS \
	"it can't trace functions by direct calls, which arm64 has from Linux 6.4 on"

/* Only what the program needs is made: a kernel without ring buffers has the rest all the same. */
static int choose(struct probe_bpf *skel, const char *name)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int err = -ENOENT;

	bpf_object__for_each_program(prog, skel->obj)
	{
		bool wanted = !strcmp(bpf_program__name(prog), name);

		bpf_program__set_autoload(prog, wanted);
		if (wanted)
			err = 0;
	}
	bpf_object__for_each_map(map, skel->obj) bpf_map__set_autocreate(map, false);
	if (!strcmp(name, "probe_ring"))
		bpf_map__set_autocreate(skel->maps.ring, true);
	if (!strcmp(name, "probe_storage"))
		bpf_map__set_autocreate(skel->maps.storage, true);
	bpf_map__set_max_entries(skel->maps.ring, sysconf(_SC_PAGESIZE));
	return err;
}

static bool is_talk(const char *line)
{
	return !strncmp(line, "processed ", 10) || !strncmp(line, "-- ", 3);
}

/* The last line of the verifier's that is about the program, which ends there; "" for none. */
static const char *last_words(char *log)
{
	size_t n = strlen(log);

	while (n) {
		char *line;

		while (n && log[n - 1] == '\n')
			log[--n] = '\0';
		line = memrchr(log, '\n', n);
		line = line ? line + 1 : log;
		if (*line && !is_talk(line))
			return line;
		n = line - log;
		log[n] = '\0';
	}
	return "";
}

static void say(char *why, size_t len, const char *step, int err, char *log)
{
	const char *words = last_words(log);
	size_t n;

	snprintf(why, len, "%s: %s%s%s", step, kernel_error(err), *words ? "; " : "", words);
	n = strlen(why);
	for (size_t i = 0; i < n; i++)
		if (why[i] < ' ' || why[i] > '~')
			why[i] = '?';
}

static int try_program(struct probe_bpf *skel, const char *name, char *why, size_t len)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, name);
	char log[VERIFIER_LOG] = "";
	struct bpf_link *link;
	int err;

	bpf_program__set_log_buf(prog, log, sizeof(log));
	err = probe_bpf__load(skel);
	log[sizeof(log) - 1] = '\0';
	if (err) {
		say(why, len, "not loaded", err, log);
		return err;
	}
	*log = '\0';
	link = bpf_program__attach(prog);
	if (!link) {
		err = -errno;
		/* of a trampoline, by register_fentry() in kernel/bpf/trampoline.c */
		if (err == -ENOTSUPP)
			snprintf(log, sizeof(log), "%s", NO_DIRECT_CALLS);
		say(why, len, "not attached", err, log);
		return err;
	}
	bpf_link__destroy(link);
	return 0;
}

/* That something can't be had is the answer here, and no message of the library's. */
static int silent(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

int probe_program(const char *name, char *why, size_t len)
{
	libbpf_print_fn_t before = libbpf_set_print(silent);
	struct probe_bpf *skel = probe_bpf__open();
	int err;

	if (len)
		*why = '\0';
	err = skel ? choose(skel, name) : -errno;
	if (err)
		snprintf(why, len, "%s", strerror(-err));
	else
		err = try_program(skel, name, why, len);
	probe_bpf__destroy(skel);
	libbpf_set_print(before);
	return err;
}

int probe_fentry(char *why, size_t len)
{
	return probe_program("probe_fentry", why, len);
}
