#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For prove: the core of what "make test-vm" runs, in the kernels that KERNEL
# names. A few minutes; a kernel that can't be fetched is skipped, and says why.
cd "$(dirname "$0")/../.." || exit
# The static programs are built here, not as a part of the make that runs this.
unset MAKEFLAGS MFLAGS MAKELEVEL
export T="basic owner small_end" VM_TIERS=best
# shellcheck disable=SC2086 # a list
exec tests/vm/run.sh --tap ${KERNEL:?}
