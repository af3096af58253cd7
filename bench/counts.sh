#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# counts.sh [--keep]: instructions of the reader a transition, and of each BPF program, beside those
# that bench/counts.txt has; --keep writes them there. A busy machine does not change them; another
# compiler, C library or kernel does. Fails when nothing could be counted, never on a figure.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../build}
last=$here/counts.txt
now=$(mktemp)
trap 'rm -f "$now" "$now.out"' EXIT

# instructions SINK CONNECTIONS: and transitions
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$build/bench/counts" feed "$1" "$2" \
		2>&1 >"$now.out" | awk '/Collected/ { print $NF }'
	cat "$now.out"
}

# a_transition SINK: what more connections cost, so that the start is out of it
a_transition() {
	{
		instructions "$1" 4000
		instructions "$1" 12000
	} | awk '{ v[NR] = $1 } END {
		if (v[4] == v[2]) exit 1
		printf "%.0f\n", (v[3] - v[1]) / (v[4] - v[2]) }'
}

command -v valgrind >/dev/null || { echo "counts: there is no valgrind" >&2; exit 1; }
{
	sed -n 2p "$0"
	echo "# instructions; made by 'make bench-counts ARGS=--keep' on $(uname -m), Linux $(uname -r | cut -d. -f1,2), $(${CC:-cc} --version | sed -n '1s/.* //p')"
	for sink in none json text; do
		echo "reader_$sink $(a_transition $sink)"
	done
	if [ "$(id -u)" -eq 0 ]; then
		"$build/bench/counts" programs "$build/tcpdwell" | sort |
			awk '{ print "verified_" $1, $2; print "jited_bytes_" $1, $3 }'
	else
		echo "counts: the BPF programs need root" >&2
	fi
} >"$now"

awk '
function shown(v) { return v == "" ? "-" : v }
/^#/ { next }
FNR == NR && FILENAME != ARGV[2] { last[$1] = $2; next }
{
	change = last[$1] > 0 ? sprintf("%+.1f%%", ($2 / last[$1] - 1) * 100) : "new"
	printf "%-36s %10d  last %10s  %s\n", $1, $2, shown(last[$1]), change
	delete last[$1]
}
END { for (name in last) printf "%-36s %10s  last %10s  gone\n", name, "-", last[name] }' \
	"$([ -e "$last" ] && echo "$last" || echo /dev/null)" "$now"
if [ "${1:-}" = --keep ]; then
	cat "$now" >"$last"
fi
