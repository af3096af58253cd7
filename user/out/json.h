/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pieces of a JSON line, for files of out/ only. */
#ifndef TCPDWELL_OUT_JSON_H
#define TCPDWELL_OUT_JSON_H

#include "model/event.h"

/* Room that json_put_conn() takes at most, besides JSON_ESCAPE_MAX for each byte of the path. */
#define JSON_CONN_MAX 768

/*
 * A socket's members, from its cookie to its owner, each with its comma before
 * it.  cgroup: the path of its cgroup, or NULL.
 */
char *json_put_conn(char *p, const struct conn *c, const char *cgroup);

#endif
