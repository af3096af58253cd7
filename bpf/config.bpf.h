/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TCPDWELL_CONFIG_BPF_H
#define TCPDWELL_CONFIG_BPF_H

#include <vmlinux.h>
#include "config.h"

const volatile struct config config;

#endif
