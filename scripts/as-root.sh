#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Runs one command as root: directly, or through sudo with the variables that
# the tests and benchmarks read.
set -eu

if [ "$(id -u)" -eq 0 ]; then
	exec "$@"
fi
if ! command -v sudo >/dev/null 2>&1; then
	echo "tcpdwell: '$*' must run as root, and there is no sudo here" >&2
	exit 3
fi
exec sudo env ${BUILD:+"BUILD=$BUILD"} ${TCPDWELL:+"TCPDWELL=$TCPDWELL"} ${NO_COLOR:+"NO_COLOR=$NO_COLOR"} "$@"
