// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attaches the programs that do nothing, or next to nothing, until it is told to stop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "floor.skel.h"
#include "lib/proc.h"

/* As long as our tracer collects a batch. */
#define NAP_MS 30

static int drop(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return 0;
}

static void choose(struct floor_bpf *skel, bool hooks, bool record)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, hooks || prog == skel->progs.floor_set_state);
	skel->rodata->record = record;
}

static int work(struct floor_bpf *skel, bool record)
{
	struct ring_buffer *ring;

	if (!record)
		return pause();
	ring = ring_buffer__new(bpf_map__fd(skel->maps.events), drop, NULL, NULL);
	if (!ring)
		return -errno;
	for (;; pause_ms(NAP_MS))
		ring_buffer__consume(ring);
}

/* floor [hooks | record]: see floor.bpf.c */
int main(int argc, char **argv)
{
	bool record = argc > 1 && !strcmp(argv[1], "record");
	bool hooks = record || (argc > 1 && !strcmp(argv[1], "hooks"));
	struct floor_bpf *skel = floor_bpf__open();

	if (skel)
		choose(skel, hooks, record);
	if (!skel || floor_bpf__load(skel) || floor_bpf__attach(skel)) {
		fprintf(stderr, "floor: %s\n", strerror(errno));
		return 1;
	}
	work(skel, record);
	floor_bpf__destroy(skel);
	return 0;
}
