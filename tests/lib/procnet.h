/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets without a descriptor, as /proc/net/tcp shows them: orphans and small ones too. */
#ifndef TEST_PROCNET_H
#define TEST_PROCNET_H

#include <stdint.h>

/* The state of a socket of this namespace, -1 if there is none. */
int procnet_state(uint16_t lport, uint16_t rport);
/* Waits for a state, -1 for the socket's end; dies if it never comes. */
void procnet_await(uint16_t lport, uint16_t rport, int state);

#endif
