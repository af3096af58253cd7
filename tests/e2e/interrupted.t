#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel skips a program that already runs on that CPU: what an interrupt
# brought in that moment is not seen, and has to be told as lost.  Bundles of
# delayed ACKs bring it about, if not each time.
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo 1..2

for tool in jq perl bpftool; do
	command -v $tool >/dev/null && continue
	echo "ok 1 # SKIP no $tool"
	echo "ok 2 # SKIP no $tool"
	exit 0
done

env --default-signal=INT "$TCPDWELL" trace --json --min-dwell 1h >"$dir/json" 2>"$dir/err" &
tracer=$!
for _ in $(seq 200); do
	[ -s "$dir/json" ] && break
	sleep 0.1
done
# of several tracers on this host, ours: by the descriptors that it holds
id=$(cat /proc/$tracer/fdinfo/* 2>/dev/null | awk '/^prog_id:/ {print $2}' | sort -un |
	while read -r i; do
		bpftool -j prog show id "$i" 2>/dev/null
		echo
	done | jq -r 'select(.name == "set_state") | .id' | head -n 1)
unshare -n sh -c "ip link set lo up; perl '$here/lib/storm.pl' 200 0 4000" >/dev/null 2>&1
sleep 1
want=$(bpftool -j prog show id "$id" | jq '.recursion_misses // 0')
kill -INT $tracer
wait $tracer
status=$?
got=$(tail -n 1 "$dir/json" | jq '.lost_by_cause.interrupted')
echo "# interrupted: $got, as the kernel counts it: $want"
[ $status = 0 ] && [ ! -s "$dir/err" ] && echo "ok 1 - the trace ends well" || echo "not ok 1 - the trace ends well"
if [ "$want" = 0 ] && [ "$got" = 0 ]; then
	echo "ok 2 # SKIP nothing was interrupted this time"
elif [ "$got" -ge "$want" ]; then
	echo "ok 2 - what interrupts hid is told as lost"
else
	echo "not ok 2 - what interrupts hid is told as lost"
fi
