// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/fmt.h"
#include "out/metrics.h"

/* Series: those that are nearest to their limit. */
#define SERVICES 16
#define NAMESPACES 16

static void put_address(FILE *f, const char *name, const __u8 addr[16])
{
	char text[FMT_ADDR_MAX];

	fprintf(f, "%s=\"%.*s\",", name, (int)(fmt_addr(text, addr) - text), text);
}

static void put(FILE *f, const char *family, const struct pressure_news *n, double value)
{
	fprintf(f, "%s{", family);
	if (!n->time_wait) {
		put_address(f, "laddr", n->laddr);
		put_address(f, "raddr", n->raddr);
		fprintf(f, "rport=\"%u\",", n->rport);
	}
	fprintf(f, "netns=\"%u\"}", n->netns);
	metrics_value(f, value);
}

static double share(const struct pressure_news *n)
{
	return n->usable ? (double)n->used / n->usable : 0;
}

static double in_use(const struct pressure_news *n)
{
	return n->used;
}

static double growth(const struct pressure_news *n)
{
	return (double)n->growth_per_s;
}

static double seconds_left(const struct pressure_news *n)
{
	return (double)n->exhausted_in_ns / 1e9;
}

static void put_family(FILE *f, const char *family, const char *help, const struct pressure_news *n,
		       unsigned int count, double (*value)(const struct pressure_news *))
{
	metrics_family(f, family, "gauge", help);
	for (unsigned int i = 0; i < count; i++)
		if (value != seconds_left || n[i].exhausted_in_ns)
			put(f, family, &n[i], value(&n[i]));
}

static void put_ports(FILE *f, const struct pressure *p)
{
	struct pressure_news top[SERVICES];
	unsigned int n = pressure_top(p, top, SERVICES);

	put_family(f, "tcpdwell_port_pressure_ratio",
		   "Local ports in use towards one service, of those there are; of the services "
		   "that take most of theirs.",
		   top, n, share);
	put_family(f, "tcpdwell_ports_used", "Local ports in use towards these services.", top, n,
		   in_use);
	put_family(f, "tcpdwell_ports_growth_per_second",
		   "Ports that were taken in the last second, less those that became free; 0 where "
		   "less than 40% are in use.",
		   top, n, growth);
	put_family(f, "tcpdwell_ports_exhausted_seconds",
		   "Time until no port is left, if it goes on like that; only where it grows.", top,
		   n, seconds_left);
}

static void put_time_wait(FILE *f, const struct pressure *p)
{
	struct pressure_news top[NAMESPACES];
	unsigned int n = pressure_top_time_wait(p, top, NAMESPACES);

	put_family(f, "tcpdwell_time_wait_buckets_ratio",
		   "Sockets in TIMED_WAIT, of tcp_max_tw_buckets; of the network namespaces that "
		   "have most.",
		   top, n, share);
	put_family(f, "tcpdwell_time_wait_buckets_used", "Sockets in TIMED_WAIT there.", top, n,
		   in_use);
}

void metrics_pressure(FILE *f, const struct pressure *p)
{
	put_ports(f, p);
	put_time_wait(f, p);
}
