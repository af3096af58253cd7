/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TEST_DIAG_H
#define TEST_DIAG_H

#include "drive.h"

/* What `ss -K` does to a socket: 0 or -errno, for want of the kernel's support too. */
int diag_destroy(int fd);
/* ... to one that may have no descriptor. */
int diag_destroy_drive(const struct drive *d);

#endif
