/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a sink prints, as a string. */
#ifndef TCPDWELL_TESTS_CAPTURE_H
#define TCPDWELL_TESTS_CAPTURE_H

#include "unit.h"
#include <sys/mman.h>
#include <unistd.h>

struct capture {
	int fd;
	char *text;
};

static inline void capture_open(struct capture *c)
{
	c->text = NULL;
	c->fd = memfd_create("capture", MFD_CLOEXEC);
	assert_true(c->fd >= 0);
}

/* All that was written since the last call. */
static inline const char *capture_take(struct capture *c)
{
	off_t len = lseek(c->fd, 0, SEEK_CUR);

	assert_true(len >= 0);
	free(c->text);
	c->text = malloc(len + 1);
	assert_non_null(c->text);
	assert_int_equal(pread(c->fd, c->text, len, 0), len);
	c->text[len] = '\0';
	assert_int_equal(ftruncate(c->fd, 0), 0);
	lseek(c->fd, 0, SEEK_SET);
	return c->text;
}

static inline void capture_close(struct capture *c)
{
	free(c->text);
	close(c->fd);
}

#endif
