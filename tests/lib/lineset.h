/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The transitions of two tracers, compared: between sockets there is no order. */
#ifndef TEST_LINESET_H
#define TEST_LINESET_H

#include <jansson.h>
#include <stdbool.h>

#define LINESET_MAX 512

struct lineset {
	char *text[LINESET_MAX];
	int n;
};

void lineset_add(struct lineset *s, const json_t *line);
void lineset_sort(struct lineset *s);
/* Both sorted; tells what only one has. */
bool lineset_same(const struct lineset *want, const struct lineset *got, bool tell);
void lineset_free(struct lineset *s);

#endif
