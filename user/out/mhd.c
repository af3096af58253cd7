// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TCPDWELL_STATIC

#include "out/mhd.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "util/log.h"

/* MHD_SONAME is what the linker would have written down: see the Makefile. */
#define NOTE_OWNER "FDO"
#define NOTE_JSON                                                 \
	"[{\"soname\":[\"" MHD_SONAME "\"],\"feature\":\"http\"," \
	"\"description\":\"watch --listen\",\"priority\":\"recommended\"}]"

/* For those who package it: https://systemd.io/ELF_DLOPEN_METADATA */
static const struct {
	uint32_t owner_size, json_size, type;
	char owner[sizeof(NOTE_OWNER)];
	char json[sizeof(NOTE_JSON)];
} note __attribute__((used, aligned(4), section(".note.dlopen"))) = {
	sizeof(NOTE_OWNER), sizeof(NOTE_JSON), 0x407c0c0a, NOTE_OWNER, NOTE_JSON,
};

_Static_assert(sizeof(MHD_SONAME) > 1, "the linker finds no libmicrohttpd");

struct mhd mhd;

static int take(void *library, const char *name, void *to)
{
	void *f = dlsym(library, name);

	memcpy(to, &f, sizeof(f));
	return f ? 0 : -ELIBACC;
}

#define TAKE(name) err = err ? err : take(library, "MHD_" #name, &mhd.name)

static int take_all(void *library)
{
	int err = 0;

	MHD_FUNCTIONS(TAKE);
	return err;
}

int mhd_load(void)
{
	static void *loaded;
	void *library;

	if (loaded)
		return 0;
	library = dlopen(MHD_SONAME, RTLD_NOW | RTLD_LOCAL);
	if (library && !take_all(library)) {
		loaded = library;
		return 0;
	}
	warn_line("HTTP takes libmicrohttpd: %s", dlerror());
	if (library)
		dlclose(library);
	return -ELIBACC;
}

#endif
