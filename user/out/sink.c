// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include "out/sink.h"

int out_sink_init(struct out_sink *s, const struct out_options *o, const struct sink_ops *ops)
{
	s->sink.ops = ops;
	s->o = *o;
	return obuf_init(&s->buf, o->fd);
}

int out_sink_flush(struct sink *s)
{
	return obuf_flush(&((struct out_sink *)s)->buf);
}

void out_sink_free(struct sink *s)
{
	obuf_free(&((struct out_sink *)s)->buf);
	free(s);
}

void out_set_clock(struct sink *s, __s64 mono_to_real_ns)
{
	((struct out_sink *)s)->o.mono_to_real_ns = mono_to_real_ns;
}

__u32 out_count_named(const struct hello *h, enum name_set names, unsigned int state)
{
	const char *name = state_name(names, state);
	__u32 count = 0;

	for (unsigned int i = 0; i < ST_MAX; i++) {
		if (strcmp(state_name(names, i), name))
			continue;
		if (i < state)
			return 0;
		count += h->sockets[i];
	}
	return count;
}
