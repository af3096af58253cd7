#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Runs the tests given under prove, with BUILD naming the build directory.
# What was skipped and why is said just before prove's last lines.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${BUILD:?}"
export BUILD TCPDWELL="$BUILD/tcpdwell"
export TAP_LOGS="$BUILD/tap"

if [ $# -eq 0 ]; then
	echo "run-tests: there is no such test" >&2
	exit 1
fi
rm -rf "$TAP_LOGS"
mkdir -p "$TAP_LOGS"

# One question for a password, now rather than in the middle.
if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null; then
	sudo -v || echo "run-tests: no rights from sudo: the tests that need root are skipped" >&2
fi

# prove keeps what a failed test said to itself. The logs have all of it.
failures() {
	awk '
	FNR == 1 { shown = 0 }
	/^not ok/ && !/# *TODO/ {
		name = FILENAME; sub(/.*\/tap\//, "", name); sub(/\.log$/, "", name); gsub(/%/, "/", name)
		print "  failed " name ": " $0; shown = 1; next
	}
	/^#/ && shown && shown++ <= 10 {
		print "    " substr($0, 1, 240) (length($0) > 240 ? "..." : ""); next
	}
	/^#/ && shown == 12 { print "    ... more in " FILENAME; next }
	/^#/ { next }
	{ shown = 0 }' /dev/null "$TAP_LOGS"/*.log
}

skips() {
	awk '
	/^1\.\.0 *# *[Ss][Kk][Ii][Pp]/ || /^ok .*# *[Ss][Kk][Ii][Pp]/ {
		name = FILENAME; sub(/.*\/tap\//, "", name); sub(/\.log$/, "", name); gsub(/%/, "/", name)
		sub(/^1\.\.0 *# *[^ ]* */, "whole file: "); sub(/^ok [0-9]* *(- )?/, "")
		print "  skipped " name ": " $0; n++
	}
	END { if (n) print "Skipped: " n }' /dev/null "$TAP_LOGS"/*.log
}

prove --timer --jobs "${JOBS:-1}" --exec scripts/run-test.sh "$@" | while IFS= read -r line; do
	case $line in
	Files=*)
		failures
		skips
		;;
	esac
	printf '%s\n' "$line"
done
