#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For prove. KERNEL names the series, all by default.
cd "$(dirname "$0")/../.." || exit
# shellcheck disable=SC2086 # a list
exec tests/vm/run.sh --tap ${KERNEL:-}
