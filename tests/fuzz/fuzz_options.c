// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values of options and of the configuration: each parser gets the text; what it takes has to be
 * within its bounds, and what it refuses has to leave the value alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/listing.h"
#include "model/names.h"
#include "out/http.h"
#include "util/parse.h"

#define UNTOUCHED 0x5a5a5a5a5a5a5a5aULL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int it_is)
{
	if (!it_is)
		abort();
}

static void numbers(const char *text)
{
	__u64 v = UNTOUCHED;
	__u16 port = 0;

	hold(!parse_duration(text, &v) || v == UNTOUCHED);
	v = UNTOUCHED;
	hold(!parse_size(text, &v) || v == UNTOUCHED);
	v = UNTOUCHED;
	if (parse_u64(text, 5, 1000, &v))
		hold(v == UNTOUCHED);
	else
		hold(v >= 5 && v <= 1000);
	hold(parse_port(text, &port) ? !port : port != 0);
}

static void addresses(const char *text)
{
	struct sockaddr_storage addr;
	socklen_t len;
	struct cidr cidr;

	memset(&cidr, 0, sizeof(cidr));
	parse_cidr(text, &cidr);
	if (!http_address(text, &addr, &len))
		hold(len <= sizeof(addr));
}

static void names(const char *text)
{
	unsigned int state = 0;
	__u64 ns = UNTOUCHED;
	int n;

	hold(state_by_name(text) < ST_MAX);
	if (!parse_max(text, state_by_name, &state, &ns))
		hold(state > ST_NONE && state < ST_MAX);
	n = name_set_by_name(text);
	hold(n < NAME_SETS);
	n = listing_sort_by_name(text);
	hold(n < SORT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1); /* exactly as long as it is */

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	numbers(text);
	addresses(text);
	names(text);
	free(text);
	return 0;
}
