// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Linked for dpkg-shlibdeps alone, with what tcpdwell loads by name and is not seen in it. */
#include "out/mhd.h"

struct mhd mhd;

#define ASK_FOR(name) mhd.name = MHD_##name

void ask_for_all(void);
void ask_for_all(void)
{
	MHD_FUNCTIONS(ASK_FOR);
}
