// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include "comm.h"

static void check(const char from[COMM_LEN], const char *name)
{
	char want[COMM_LEN] = "";
	__u64 in[2], out[2];

	memcpy(want, name, strnlen(name, COMM_LEN));
	memcpy(in, from, sizeof(in));
	comm_copy(out, in);
	if (memcmp(out, want, sizeof(out)))
		fail_msg("'%.16s' in place of '%s'", (char *)out, name);
}

/* Each length, before zeros, before the rest of a longer name, and before bytes of any kind. */
static void ends_at_nul(void **unused)
{
	static const char name[] = "fifteen-letters";

	(void)unused;
	for (size_t n = 0; n < COMM_LEN; n++) {
		static const unsigned char behind[] = {0, 1, 'z', 0x7f, 0x80, 0xff};

		for (size_t i = 0; i < N(behind); i++) {
			char from[COMM_LEN], want[COMM_LEN] = "";

			memset(from, behind[i], sizeof(from));
			memcpy(from, name, n);
			memcpy(want, name, n);
			from[n] = '\0';
			check(from, want);
		}
	}
}

/* Next to a NUL, 1 and 0x80 are what arithmetic on words is apt to take for one. */
static void takes_any_byte(void **unused)
{
	(void)unused;
	for (int byte = 1; byte < 256; byte++) {
		for (size_t n = 1; n < COMM_LEN; n++) {
			char from[COMM_LEN], want[COMM_LEN] = "";

			memset(from, byte, sizeof(from));
			from[n] = '\0';
			memset(want, byte, n);
			check(from, want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_at_nul),
		cmocka_unit_test(takes_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
