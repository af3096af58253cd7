#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What "make check" runs after the build. Each check runs, whatever became of
# the ones before it; the names of those that failed come last.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

: "${BUILD:?}" "${MAKE:?}" "${C_FILES:?}" "${SCRIPT_FILES:?}"
failed=

check() {
	local name=$1
	shift
	printf '  %-7s %s\n' CHECK "$name"
	"$@" || failed="$failed $name"
}

# One line a file: where it first differs from what "make format" would leave.
# shellcheck disable=SC2086 # lists of names
formatting() {
	local offences

	offences=$(clang-format --dry-run -Werror $C_FILES 2>&1) && return
	grep error: <<<"$offences" | sort -s -u -t: -k1,1
	return 1
}

# shellcheck disable=SC2086
scripts() {
	shellcheck $SCRIPT_FILES
}

tidy() {
	$MAKE -k tidy
}

own_tests() {
	prove -q tests/check/*.t
}

check clang-format formatting
check shellcheck scripts
check clang-tidy tidy
check layers-licences-vmlinux own_tests

if [ -n "$failed" ]; then
	echo "make check: failed:$failed" >&2
	exit 1
fi
echo "make check: all well"
