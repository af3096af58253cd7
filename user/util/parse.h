/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values of options and config files.  All give 0 or -EINVAL / -ERANGE, and
 * leave *out alone on error. */
#ifndef TCPDWELL_UTIL_PARSE_H
#define TCPDWELL_UTIL_PARSE_H

#include "filter.h"

/* "500ms", "90s", "4m", "2h", "1h30m", "1.5s", "10us", "250ns"; ns.  A number without unit is
 * refused, but 0. */
int parse_duration(const char *text, __u64 *ns);

/* 1 to 65535. */
int parse_port(const char *text, __u16 *port);

/* Decimal, min to max. */
int parse_u64(const char *text, __u64 min, __u64 max, __u64 *out);

/* "4096", "4k", "16M", "1G", "4KiB": bytes. */
int parse_size(const char *text, __u64 *bytes);

/* "10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "[::1]": IPv4 as ::ffff:0:0/96.  Bits beyond the
 * prefix are refused. */
int parse_cidr(const char *text, struct cidr *out);

/*
 * "STATE=DURATION".  What a state is called is the model's matter, and util
 * stands below the model: by_name is state_by_name() of model/names.h.
 */
int parse_max(const char *text, unsigned int (*by_name)(const char *), unsigned int *state,
	      __u64 *ns);

#endif
