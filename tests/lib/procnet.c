// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>

#include "clock.h"
#include "procnet.h"
#include "tap.h"

static int state_in(const char *path, uint16_t lport, uint16_t rport)
{
	FILE *f = fopen(path, "re");
	unsigned int local, remote, state;
	char line[512];
	int found = -1;

	while (f && found < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %x", &local, &remote, &state) ==
			    3 &&
		    local == lport && remote == rport)
			found = (int)state;
	if (f)
		fclose(f);
	return found;
}

int procnet_state(uint16_t lport, uint16_t rport)
{
	int state = state_in("/proc/thread-self/net/tcp", lport, rport);

	return state >= 0 ? state : state_in("/proc/thread-self/net/tcp6", lport, rport);
}

void procnet_await(uint16_t lport, uint16_t rport, int state)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	while (procnet_state(lport, rport) != state) {
		if (clock_ms() > until)
			tap_die("port %d to %d is in state %d, not %d", lport, rport,
				procnet_state(lport, rport), state);
		sleep_ms(2);
	}
}
