/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pieces of a JSON line, for files of out/ only. */
#ifndef TCPDWELL_OUT_JSON_H
#define TCPDWELL_OUT_JSON_H

#include "model/event.h"
#include "out/buf.h"
#include "out/fmt.h"
#include "out/out.h"

/* A member begins: ',"key":', and of a string the quote. */
#define KEY(p, key) FMT_LIT(p, ",\"" key "\":")
#define KEY_STR(p, key) FMT_LIT(p, ",\"" key "\":\"")

/* Room that json_put_conn() takes at most, besides JSON_ESCAPE_MAX for each byte of the path. */
#define JSON_CONN_MAX 1696

/*
 * A socket's members, from its cookie to its owner, each with its comma before
 * it.  cgroup: the path of its cgroup, or NULL; what it tells of a container comes along.
 */
char *json_put_conn(char *p, const struct conn *c, const char *cgroup);

/* A row of `list` without the brace that ends it. */
void json_add_row(struct obuf *b, const struct row_sock *r, enum diagnosis diagnosis,
		  const struct out_options *o, struct fmt_clock *clock);

/* The member `key`, an array of n holders, with its comma before it.  cgroup_path: as struct
 * out_options has it. */
void json_add_holders(struct obuf *b, const char *key, const struct holder *h, __u32 n,
		      const char *(*cgroup_path)(__u64 id));

#endif
