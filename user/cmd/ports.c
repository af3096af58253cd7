// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdint.h>
#include <string.h>

#include "cmd/ports.h"
#include "cmd/run.h"
#include "kern/limits.h"

#define SECOND_NS 1000000000ULL
#define READ_EVERY_NS (10 * SECOND_NS)

static void take_limits(void *ctx, const struct pressure_limits *l)
{
	pressure_set_limits(ctx, l);
}

/* A namespace that is not found keeps what the kernel begins with. */
static void read_limits(struct ports *p, __u64 now_ns)
{
	limits_read(now_ns, take_limits, &p->pressure);
	p->pressure.unknown_netns = false;
	p->read_ns = now_ns;
}

int ports_init(struct ports *p, struct model *m, struct alarm *a)
{
	int err;

	memset(p, 0, sizeof(*p));
	err = pressure_init(&p->pressure);
	if (err)
		return err;
	p->alarm = a;
	m->pressure = &p->pressure;
	read_limits(p, mono_now_ns());
	return 0;
}

static void tell(void *ctx, const struct pressure_news *n)
{
	alarm_tell_pressure(ctx, n);
}

/* So many small sockets that those of one namespace may be near its limit. */
static bool many_small(const struct ports *p)
{
	for (__u32 i = 0; i < p->pressure.n_ns; i++) {
		const struct pressure_limits *l = &p->pressure.ns[i];

		if (l->tw_told || (l->max_tw && 2ULL * p->alarm->model->n_small >= l->max_tw))
			return true;
	}
	return false;
}

__u64 ports_round(struct ports *p, __u64 now_ns)
{
	bool many = many_small(p), hot = pressure_is_hot(&p->pressure);

	if (!hot && !many)
		return UINT64_MAX;
	if (now_ns < p->looked_ns + SECOND_NS)
		return p->looked_ns + SECOND_NS;
	if (now_ns >= p->read_ns + (many ? SECOND_NS : READ_EVERY_NS) || p->pressure.unknown_netns)
		read_limits(p, now_ns);
	p->looked_ns = now_ns;
	pressure_look(&p->pressure, now_ns, tell, p->alarm);
	return now_ns + SECOND_NS;
}

void ports_refresh(struct ports *p, __u64 now_ns)
{
	if (now_ns >= p->read_ns + READ_EVERY_NS || p->pressure.unknown_netns)
		read_limits(p, now_ns);
}

void ports_free(struct ports *p)
{
	pressure_free(&p->pressure);
}
