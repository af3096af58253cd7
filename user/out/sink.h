/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the printing sinks have in common; for files of out/ only. */
#ifndef TCPDWELL_OUT_SINK_H
#define TCPDWELL_OUT_SINK_H

#include "out/buf.h"
#include "out/fmt.h"
#include "out/out.h"

/* Each printing sink begins with it. */
struct out_sink {
	struct sink sink;
	struct out_options o;
	struct obuf buf;
	struct fmt_clock clock;
};

/* Fills a zeroed sink.  0 or -ENOMEM. */
int out_sink_init(struct out_sink *s, const struct out_options *o, const struct sink_ops *ops);

/* sink_ops.flush and .free of every printing sink. */
int out_sink_flush(struct sink *s);
void out_sink_free(struct sink *s);

/*
 * Sockets there at the start, by name: two of the kernel's states can share
 * one.  All are counted with the first state of the name, 0 with the others.
 */
__u32 out_count_named(const struct hello *h, enum name_set names, unsigned int state);

/* CLOCK_REALTIME in ns of a time of an event. */
static inline __s64 out_real_ns(const struct out_sink *s, __u64 mono_ns)
{
	return (__s64)mono_ns + s->o.mono_to_real_ns;
}

/* Time of a socket in its state. */
static inline __u64 out_dwell_ns(const struct conn *c, __u64 mono_ns)
{
	return c->since_ns && mono_ns > c->since_ns ? mono_ns - c->since_ns : 0;
}

/* Path of the socket's cgroup, or NULL. */
static inline const char *out_cgroup(const struct out_sink *s, const struct conn *c)
{
	return s->o.cgroup_path && c->ident.cgroup ? s->o.cgroup_path(c->ident.cgroup) : NULL;
}

#endif
