/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a JSON object has to have. */
#ifndef TCPDWELL_TESTS_HAS_H
#define TCPDWELL_TESTS_HAS_H

#include "unit.h"
#include <jansson.h>

static inline void has_string(const json_t *o, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(o, key));

	if (!got || strcmp(got, want))
		fail_msg("%s is %s, not %s", key, got ? got : "absent", want);
}

static inline void has_int(const json_t *o, const char *key, json_int_t want)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) != want)
		fail_msg("%s is %lld, not %lld", key, (long long)json_integer_value(v),
			 (long long)want);
}

static inline void has_not(const json_t *o, const char *key)
{
	if (json_object_get(o, key))
		fail_msg("there is %s", key);
}

#endif
